// Printing and parsing; see manifest.h.
#include "common/checkpoint/manifest.h"

#include <algorithm>
#include <charconv>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/checkpoint/disk.h"

namespace fundcore::checkpoint {
namespace {

constexpr std::string_view kFirstLine = "fundcore checkpoint 1";
constexpr std::string_view kFirstLineOfAny = "fundcore checkpoint ";
constexpr std::string_view kVerifiedLine = "fundcore verified 1";
constexpr std::pair<ServiceId, std::string_view> kServices[] = {
    {ServiceId::kSystem, "system"},   {ServiceId::kTrade, "trade"}, {ServiceId::kAccount, "account"},
    {ServiceId::kProduct, "product"}, {ServiceId::kRisk, "risk"},   {ServiceId::kClearing, "clearing"},
    {ServiceId::kSimBank, "simbank"},
};

// Words of a line, taken from the left. After a fault everything is empty.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}
  std::string_view Word() {
    const size_t end = rest_.find(' ');
    std::string_view word = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    return word;
  }
  bool Is(std::string_view word) { return Word() == word || Bad(); }
  template <class N>
  N Number(N largest = std::numeric_limits<N>::max()) {
    const std::string_view word = Word();
    N n = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), n);
    if (word.empty() || error != std::errc() || end != word.data() + word.size() || n > largest) Bad();
    return n;
  }
  std::string Hex(size_t digits) {
    const std::string_view word = Word();
    if (word.size() != digits || word.find_first_not_of("0123456789abcdef") != std::string_view::npos) Bad();
    return std::string(word);
  }
  Hash256 Sha() {
    Hash256 hash;
    if (!Hash256::FromHex(Word(), &hash)) Bad();
    return hash;
  }
  TimePoint Time() {
    const std::string_view text = Rest();
    if (text == "-") return {};
    auto t = TimePoint::Parse(text);
    if (!t.ok()) Bad();
    return t.ok() ? *t : TimePoint();
  }
  std::string_view Rest() { return std::exchange(rest_, {}); }
  bool Bad() { return good_ = false; }
  bool good() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

std::string Time(TimePoint t) { return t == TimePoint() ? "-" : t.Iso(); }

std::string FormText(const machine::TableForm& f) {
  switch (f.kind) {
    case machine::TableKind::kEntries: return "entries";
    case machine::TableKind::kPages: return StrCat("pages ", f.page_entries);
    case machine::TableKind::kHistory: return "history";
    case machine::TableKind::kIds: return "ids";
  }
  return "";
}

// Lines after the first and before the seal.
class Reader {
 public:
  explicit Reader(Manifest* out) : m_(*out) {}

  bool Take(std::string_view text) {
    Line line(text);
    const std::string_view what = line.Word();
    if (what == "name") {
      m_.name = line.Rest();
      return IsCheckpointName(m_.name);
    }
    if (what == "made")
      m_.made = line.Time();
    else if (what == "build")
      m_.build = line.Rest();
    else if (what == "log")
      m_.log_id = line.Rest();
    else if (what == "table")
      Table(line);
    else if (what == "partition")
      Partition(line);
    else if (what == "file")
      File(line);
    else
      return false;
    return line.good();
  }

 private:
  static ServiceId Service(Line& line) {
    const auto service = ServiceOf(line.Word());
    if (!service) line.Bad();
    return service.value_or(ServiceId::kSystem);
  }
  void Table(Line& line) {
    const ServiceId service = Service(line);
    machine::TableForm f;
    f.table = line.Number<uint8_t>();
    const std::string_view kind = line.Word();
    if (kind == "entries")
      f.kind = machine::TableKind::kEntries;
    else if (kind == "history")
      f.kind = machine::TableKind::kHistory;
    else if (kind == "ids")
      f.kind = machine::TableKind::kIds;
    else if (kind == "pages") {
      f.kind = machine::TableKind::kPages;
      f.page_entries = line.Number<uint32_t>(1u << 20);
      if (f.page_entries == 0) line.Bad();
    } else
      line.Bad();
    auto& forms = m_.tables[service];
    if (!forms.empty() && forms.back().table >= f.table) line.Bad();
    forms.push_back(f);
  }
  void Partition(Line& line) {
    PartitionMark p;
    p.id.service = Service(line);
    p.id.partition = PartitionId(line.Number<uint16_t>(kMaxPartitions - 1));
    line.Is("next");
    p.next = line.Number<uint64_t>();
    line.Is("epoch");
    p.epoch = line.Number<uint64_t>();
    line.Is("hash");
    p.hash = line.Hex(32);
    line.Is("stamp");
    p.stamp = line.Time();
    if (!m_.partitions.empty() && !(m_.partitions.back().id < p.id)) line.Bad();
    m_.partitions.push_back(std::move(p));
  }
  void File(Line& line) {
    FileMark f;
    f.size = line.Number<uint64_t>();
    f.hash = line.Sha();
    f.name = line.Rest();
    if (!IsFileName(f.name) || f.name == kManifestName || f.name == kVerifiedName) line.Bad();
    if (!m_.files.empty() && m_.files.back().name >= f.name) line.Bad();
    if (m_.files.size() >= kMaxFiles) line.Bad();
    m_.files.push_back(std::move(f));
  }
  Manifest& m_;
};

}  // namespace

std::string_view WordOf(ServiceId service) {
  for (const auto& [id, word] : kServices)
    if (id == service) return word;
  return "unknown";
}

std::optional<ServiceId> ServiceOf(std::string_view word) {
  for (const auto& [id, w] : kServices)
    if (w == word) return id;
  return std::nullopt;
}

std::string NameOf(LogPartition id) { return StrCat(WordOf(id.service), " partition ", id.partition.raw()); }

uint64_t Manifest::bytes() const {
  uint64_t n = 0;
  for (const FileMark& f : files) n += f.size;
  return n;
}

const PartitionMark* Manifest::Find(LogPartition id) const {
  const auto it = std::lower_bound(partitions.begin(), partitions.end(), id,
                                   [](const PartitionMark& p, const LogPartition& want) { return p.id < want; });
  return it != partitions.end() && it->id == id ? &*it : nullptr;
}

std::vector<std::pair<ServiceId, uint16_t>> Manifest::services() const {
  std::map<ServiceId, uint16_t> count;
  for (const PartitionMark& p : partitions) ++count[p.id.service];
  return {count.begin(), count.end()};
}

std::string Print(const Manifest& m) {
  std::string out =
      StrCat(kFirstLine, "\nname ", m.name, "\nmade ", Time(m.made), "\nbuild ", m.build, "\nlog ", m.log_id, "\n");
  for (const auto& [service, forms] : m.tables)
    for (const auto& f : forms) out += StrCat("table ", WordOf(service), " ", int{f.table}, " ", FormText(f), "\n");
  for (const PartitionMark& p : m.partitions) {
    out += StrCat("partition ", WordOf(p.id.service), " ", p.id.partition.raw(), " next ", p.next, " epoch ", p.epoch,
                  " hash ", p.hash, " stamp ", Time(p.stamp), "\n");
  }
  for (const FileMark& f : m.files) out += StrCat("file ", f.size, " ", f.hash.Hex(), " ", f.name, "\n");
  return out + StrCat("seal ", Sha256(out).Hex(), "\n");
}

absl::StatusOr<Manifest> Parse(std::string_view text, const std::string& where) {
  const auto damaged = [&](std::string_view what) {
    return absl::DataLossError(
        StrCat(where, ": ", what,
               "; the manifest is damaged or cut short: do not use this checkpoint, take another copy of it "
               "or another checkpoint"));
  };
  if (text.size() > kMaxManifestBytes)
    return damaged(StrCat("has ", text.size(), " bytes, more than ", kMaxManifestBytes));
  if (text.starts_with(kFirstLineOfAny) && text.substr(0, text.find('\n')) != kFirstLine) {
    return absl::FailedPreconditionError(
        StrCat(where, ": begins with \"", text.substr(0, std::min<size_t>(40, text.find('\n'))),
               "\", this build reads \"", kFirstLine, "\"; use the build that wrote it"));
  }
  // The seal first: after it only a writer's mistake is left to find.
  const size_t seal = text.rfind("\nseal ");
  if (seal == std::string_view::npos || text.back() != '\n') return damaged("has no seal at its end");
  const std::string_view sealed = text.substr(0, seal + 1);
  const std::string expected(text.substr(seal + 6, text.size() - seal - 7)), found = Sha256(sealed).Hex();
  if (expected != found) {
    return damaged(StrCat("its lines have SHA-256 ", found, ", its seal says ", expected.substr(0, 64)));
  }
  Manifest m;
  Reader reader(&m);
  size_t number = 0;
  for (size_t at = 0; at < sealed.size();) {
    const size_t end = sealed.find('\n', at);
    const std::string_view line = sealed.substr(at, end - at);
    ++number;
    if (number == 1 ? line != kFirstLine : !reader.Take(line)) {
      return damaged(StrCat("line ", number, " \"", line.substr(0, 80), "\" cannot be read"));
    }
    at = end + 1;
  }
  if (m.name.empty() || m.partitions.empty() || m.files.empty())
    return damaged("names no checkpoint, no partition or no file");
  for (const auto& [service, count] : m.services()) {
    if (!m.tables.contains(service)) return damaged(StrCat("does not say what tables ", WordOf(service), " has"));
    if (!m.Find({service, PartitionId(static_cast<uint16_t>(count - 1))})) {
      return damaged(StrCat("leaves out a partition of ", WordOf(service)));
    }
  }
  return m;
}

absl::StatusOr<Manifest> ReadManifest(const std::string& folder) {
  if (!Exists(folder)) return absl::NotFoundError(StrCat("there is no checkpoint in ", folder));
  const std::string path = StrCat(folder, "/", kManifestName);
  auto text = ReadWhole(path, kMaxManifestBytes);
  if (absl::IsNotFound(text.status())) {
    return absl::DataLossError(
        StrCat(folder, " has no ", kManifestName,
               ": it is unfinished, or was made before checkpoints had one; remove it and make a new one"));
  }
  FC_RETURN_IF_ERROR(text.status());
  return Parse(*text, path);
}

absl::Status CheckCovers(const Manifest& m, const std::vector<ServiceId>& wanted) {
  const auto services = m.services();
  const auto count = [&](ServiceId s) -> uint16_t {
    for (const auto& [service, n] : services)
      if (service == s) return n;
    return 0;
  };
  uint16_t by_investor = 0;
  for (const ServiceId s : wanted) {
    if (count(s) == 0) {
      std::string has;
      for (const auto& [service, n] : services) has += StrCat(has.empty() ? "" : ", ", WordOf(service));
      return absl::FailedPreconditionError(StrCat("checkpoint ", m.name, " holds no state of ", WordOf(s), " (it has ",
                                                  has, "); take one of a process that has the role"));
    }
    if (s != ServiceId::kTrade && s != ServiceId::kAccount && s != ServiceId::kRisk) continue;
    if (by_investor != 0 && by_investor != count(s)) {
      return absl::FailedPreconditionError(
          StrCat("checkpoint ", m.name, " has ", count(s), " partitions of ", WordOf(s), " and ", by_investor,
                 " of another service that must have as many; it is of no one system"));
    }
    by_investor = count(s);
  }
  return absl::OkStatus();
}

std::string Print(const VerifiedMark& mark) {
  return StrCat(kVerifiedLine, "\nmanifest ", mark.manifest.Hex(), "\nat ", Time(mark.at), "\nbuild ", mark.build,
                "\n");
}

std::optional<VerifiedMark> ParseVerified(std::string_view text, std::string_view manifest_text) {
  VerifiedMark mark;
  size_t number = 0;
  for (size_t at = 0; at < text.size(); ++number) {
    const size_t end = text.find('\n', at);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view whole = text.substr(at, end - at);
    at = end + 1;
    Line line(whole);
    if (number == 0 && whole == kVerifiedLine) continue;
    if (number == 1 && line.Is("manifest"))
      mark.manifest = line.Sha();
    else if (number == 2 && line.Is("at"))
      mark.at = line.Time();
    else if (number == 3 && line.Is("build"))
      mark.build = line.Rest();
    else
      return std::nullopt;
    if (!line.good()) return std::nullopt;
  }
  if (number != 4 || mark.manifest != Sha256(manifest_text)) return std::nullopt;
  return mark;
}

}  // namespace fundcore::checkpoint
