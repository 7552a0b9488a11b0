// Pseudonyms, and a file copied with them in place.
#include "tools/ofd/change/mask.h"

#include <sys/random.h>

#include <algorithm>
#include <vector>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/ascii.h"
#include "common/ofd/business_code.h"
#include "common/ofd/file_name.h"
#include "common/ofd/header.h"
#include "common/ofd/index_file.h"
#include "common/ofd/text.h"
#include "tools/ofd/change/scan.h"
#include "tools/ofd/change/text.h"
#include "tools/ofd/source.h"

namespace fundcore::ofd_tools {
namespace {

constexpr size_t kLeastSecretBytes = 16;
constexpr size_t kCacheEntries = 1 << 16;
constexpr size_t kFlushBytes = 1 << 20;
constexpr int kRounds = 10;

// Plain characters of two bytes each in GB18030, 64 of them, so that a byte of hash chooses evenly.
const std::string& Alphabet() {
  static const std::string* const bytes = [] {
    auto gb = ofd::ToGb18030(
        "山水云风花草木林江河湖海春夏秋冬东西南北天地日月星光明和平安宁清"
        "新青红白金石玉竹松梅兰荷菊雨雪霜露田园桥路门楼书画琴棋茶米泉溪舟");
    FC_CHECK(gb.ok() && gb->size() == 128, "the alphabet of masks has no GB18030 form");
    return new std::string(*std::move(gb));
  }();
  return *bytes;
}

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
// How many characters a character of one byte may become; 1: it stays.
unsigned Radix(char c) { return ofd::IsDigit(c) ? 10 : IsUpper(c) || IsLower(c) ? 26 : 1; }
char Base(char c) { return ofd::IsDigit(c) ? '0' : IsUpper(c) ? 'A' : IsLower(c) ? 'a' : c; }

bool AllDigits(std::string_view text) { return std::all_of(text.begin(), text.end(), ofd::IsDigit); }

// The last character of an 18-digit number, ISO 7064 mod 11-2.
char CheckDigit(std::string_view seventeen) {
  constexpr int kWeights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (size_t i = 0; i < 17; ++i) sum += (seventeen[i] - '0') * kWeights[i];
  return "10X98765432"[sum % 11];
}

// Bytes of one character of GB18030: 1, 2 or 4; what is no character counts as one byte.
size_t CharacterBytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x81 || byte(0) > 0xfe || text.size() < 2) return 1;
  if (byte(1) >= 0x40) return 2;
  return text.size() >= 4 && ofd::IsDigit(text[1]) ? 4 : 1;
}

}  // namespace

absl::StatusOr<Masker> Masker::WithSecret(std::string_view secret) {
  if (secret.size() < kLeastSecretBytes) {
    return absl::InvalidArgumentError(
        StrCat("the secret has ", secret.size(), " bytes; give at least ", kLeastSecretBytes));
  }
  return Masker(Vault::FromKey(Sha256(secret).raw()));
}

Masker::Digest Masker::Hash(std::string_view kind, std::string_view value, uint32_t counter) const {
  return vault_.Fingerprint(StrCat("mask ", kind, " ", counter), value).raw();
}

// Each character becomes one of its own class and length; which, says the hash of the whole value.
std::string Masker::ByCharacters(std::string_view kind, std::string_view value) {
  std::string out;
  Digest digest{};
  size_t used = digest.size();
  uint32_t counter = 0;
  const auto next = [&]() -> unsigned {
    if (used + 2 > digest.size()) {
      digest = Hash(kind, value, counter++);
      used = 0;
    }
    const unsigned v = digest[used] * 256u + digest[used + 1];
    used += 2;
    return v;
  };
  for (std::string_view rest = value; !rest.empty();) {
    const size_t bytes = CharacterBytes(rest);
    const auto lead = static_cast<unsigned char>(rest[0]);
    if (bytes == 2 && lead >= 0xa1 && lead <= 0xa9 && static_cast<unsigned char>(rest[1]) >= 0xa1) {
      // Punctuation, and wide digits and letters: the latter could spell a number.
      const auto trail = static_cast<unsigned char>(rest[1]);
      if (lead == 0xa3 && trail >= 0xb0 && trail <= 0xb9) {
        out += rest[0];
        out += static_cast<char>(0xb0 + next() % 10);
      } else if (lead == 0xa3 && ((trail >= 0xc1 && trail <= 0xda) || (trail >= 0xe1 && trail <= 0xfa))) {
        out += rest[0];
        out += static_cast<char>((trail < 0xe0 ? 0xc1 : 0xe1) + next() % 26);
      } else {
        out += rest.substr(0, 2);
      }
    } else if (bytes == 2) {
      out += Alphabet().substr(next() % 64 * 2, 2);
    } else if (bytes == 4) {  // rare characters: any of sixty beside each other in extension A (U+3447 and on)
      out += "\x81\x39\xf0";
      out.back() = static_cast<char>(0xf0 + next() % 6);
      out += static_cast<char>(0x30 + next() % 10);
    } else {
      const unsigned radix = Radix(rest[0]);
      out += radix == 1 ? rest[0] : static_cast<char>(Base(rest[0]) + next() % radix);
    }
    rest.remove_prefix(bytes);
  }
  return out;
}

// A Feistel network over the characters: each half in turn is shifted, character by character, by a hash of the other.
// What each character is (digit, letter, other) and what stays is the same before and after, and goes into the hash.
std::string Masker::Permuted(std::string_view kind, std::string_view value, size_t keep) {
  std::vector<size_t> places;
  std::string form(value);
  for (size_t i = keep; i < value.size(); ++i) {
    if (Radix(value[i]) == 1) continue;
    places.push_back(i);
    form[i] = Base(value[i]);
  }
  std::string out(value);
  const size_t half = places.size() / 2;
  for (int round = 0; round < kRounds; ++round) {
    const bool first = round % 2 == 0;
    const size_t from = first ? half : 0, to = first ? places.size() : half;  // what is hashed
    std::string other = form;
    for (size_t i = from; i < to; ++i) other += out[places[i]];
    Digest digest{};
    const size_t begin = first ? 0 : half, end = first ? half : places.size();  // what is shifted
    for (size_t i = begin; i < end; ++i) {
      const size_t at = (i - begin) % 16;
      if (at == 0) {
        digest = Hash(kind, other, static_cast<uint32_t>((i - begin) / 16 * kRounds + static_cast<size_t>(round)));
      }
      char& c = out[places[i]];
      const unsigned radix = Radix(c), shift = digest[at * 2] * 256u + digest[at * 2 + 1];
      c = static_cast<char>(Base(c) + (static_cast<unsigned>(c - Base(c)) + shift) % radix);
    }
  }
  return out;
}

std::string Masker::Birthday(std::string_view yyyymmdd) {
  const Date day = ofd::ParseFileDate(yyyymmdd);
  if (!day.is_set()) return Permuted("birthday", yyyymmdd, 0);
  const Digest digest = Hash("birthday", yyyymmdd, 0);
  const int back = (digest[0] * 256 + digest[1]) % (5 * 365);
  return day.AddDays(-back).Compact();
}

std::string Masker::Certificate(std::string_view value) {
  const bool long_form = value.size() == 18 && AllDigits(value.substr(0, 17)) &&
                         ofd::ParseFileDate(value.substr(6, 8)).is_set() &&
                         (ofd::IsDigit(value[17]) || ofd::UpperOf(value[17]) == 'X');
  const bool short_form = value.size() == 15 && AllDigits(value) &&
                          ofd::ParseFileDate(StrCat("19", value.substr(6, 6))).is_set();
  if (!long_form && !short_form) return Permuted("certificate", value, 0);
  // The number in its long form decides, so that both forms of one person are near each other.
  const std::string born = long_form ? std::string(value.substr(6, 8)) : StrCat("19", value.substr(6, 6));
  const Digest digest = Hash("certificate", value.substr(0, long_form ? 17 : 15), 0);
  std::string out = "9";
  for (size_t i = 0; i < 5; ++i) out += static_cast<char>('0' + digest[i] % 10);
  const std::string birthday = Birthday(born);
  out += long_form ? birthday : birthday.substr(2);
  out += static_cast<char>('0' + digest[5] % 10);
  out += static_cast<char>('0' + digest[6] % 10);
  const char sex = long_form ? value[16] : value[14];
  out += static_cast<char>('0' + digest[7] % 5 * 2 + (sex - '0') % 2);
  if (!long_form) return out;
  const char right = CheckDigit(value.substr(0, 17)), last = ofd::UpperOf(value[17]);
  char check = CheckDigit(out);
  if (last != right) check = check == 'X' ? '0' : check == '9' ? 'X' : static_cast<char>(check + 1);  // wrong stays wrong
  if (value[17] == 'x' && check == 'X') check = 'x';
  return out + check;
}

std::string Masker::Email(std::string_view value) {
  const size_t at = value.find('@'), dot = value.rfind('.');
  if (at == std::string_view::npos || dot == std::string_view::npos || dot < at) return ByCharacters("email", value);
  return StrCat(ByCharacters("email", value.substr(0, at)), "@",
                ByCharacters("email domain", value.substr(at + 1, dot - at - 1)), value.substr(dot));
}

std::string Masker::Fresh(ofd::Personal kind, std::string_view value) {
  constexpr size_t kPrefix = 2;
  const bool wide = !ofd::IsAscii(value);
  const size_t keep = value.size() >= 6 ? kPrefix : 0;
  switch (kind) {
    case ofd::Personal::kNo: return std::string(value);
    case ofd::Personal::kName: return ByCharacters("name", value);
    case ofd::Personal::kAddress: return ByCharacters("address", value);
    case ofd::Personal::kText: return ByCharacters("text", value);
    case ofd::Personal::kEmail: return Email(value);
    case ofd::Personal::kCertificate: return wide ? ByCharacters("certificate", value) : Certificate(value);
    case ofd::Personal::kBirthday: return value.size() == 8 && !wide ? Birthday(value) : ByCharacters("birthday", value);
    case ofd::Personal::kPhone: return wide ? ByCharacters("phone", value) : Permuted("phone", value, keep);
    case ofd::Personal::kBankAccount: return wide ? ByCharacters("bank", value) : Permuted("bank", value, keep);
    case ofd::Personal::kAccount: return wide ? ByCharacters("account", value) : Permuted("account", value, keep);
  }
  return std::string(value);
}

std::string Masker::Mask(ofd::Personal kind, std::string_view value, std::string_view plain) {
  if (kind == ofd::Personal::kNo || value.find_first_not_of("0 ") == std::string_view::npos) return std::string(value);
  if (kind == ofd::Personal::kText && !plain.empty() && value == plain) return std::string(value);
  std::string key(1, static_cast<char>(kind));
  key += value;
  if (const auto it = cache_.find(key); it != cache_.end()) return it->second;
  std::string out = Fresh(kind, value);
  FC_CHECK(out.size() == value.size(), "a mask of other length than its value");
  if (cache_.size() >= kCacheEntries) cache_.clear();
  cache_.emplace(std::move(key), out);
  return out;
}

std::string RandomSecret() {
  std::string secret(32, '\0');
  const ssize_t n = ::getrandom(secret.data(), secret.size(), 0);  // up to 256 bytes come whole
  FC_CHECK(n == static_cast<ssize_t>(secret.size()), "the system gives no randomness");
  return secret;
}

absl::StatusOr<std::string> ReadSecret(const std::string& path) {
  FC_ASSIGN_OR_RETURN(FileSource source, FileSource::Open(path));
  FC_ASSIGN_OR_RETURN(const std::string_view piece, source.Next());
  std::string secret(piece);
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  if (secret.size() >= kLeastSecretBytes) return secret;
  return absl::InvalidArgumentError(StrCat(path, " holds ", secret.size(), " bytes of secret; give at least ",
                                           kLeastSecretBytes, ", such as the output of: head -c 32 /dev/urandom"));
}

namespace {

struct PersonalField {
  ofd::Column column;
  ofd::Personal kind;
};

std::vector<PersonalField> PersonalFields(const RecordScan& scan) {
  std::vector<PersonalField> fields;
  for (size_t i = 0; i < scan.layout().field_count(); ++i) {
    const ofd::Column c = scan.layout().column(i);
    // By the field's form in this file, so that an institution's own width counts.
    const ofd::FieldDef def{
        .name = scan.layout().name(i), .kind = c.kind(), .width = c.width(), .decimals = c.decimals()};
    const ofd::Personal kind = ofd::PersonalKind(def);
    if (kind != ofd::Personal::kNo) fields.push_back({c, kind});
  }
  return fields;
}

absl::Status MaskRecords(RecordScan* scan, Masker* masker, NewFile* file, MaskReport* report) {
  const std::vector<PersonalField> fields = PersonalFields(*scan);
  const ofd::Column code = scan->layout().Find("ReturnCode");
  std::string out, between, record, plain;
  uint64_t copied = 0;  // bytes of the source that are in `out` or in the file
  const auto copy_until = [&](uint64_t end) -> absl::Status {
    while (copied < end) {
      const size_t some = static_cast<size_t>(std::min<uint64_t>(end - copied, kFlushBytes));
      FC_RETURN_IF_ERROR(scan->ReadAt(copied, some, &between));
      out += between;
      copied += some;
      if (out.size() < kFlushBytes) continue;
      FC_RETURN_IF_ERROR(file->Write(out));
      out.clear();
    }
    return absl::OkStatus();
  };
  for (Record r; scan->Next(&r);) {
    FC_RETURN_IF_ERROR(copy_until(r.offset));
    record.assign(r.view.bytes());
    plain.clear();
    if (code.present()) {
      if (auto gb = ofd::ToGb18030(ofd::ReturnCodeMeaning(r.view.Text(code))); gb.ok()) plain = *std::move(gb);
    }
    for (const PersonalField& f : fields) {
      const std::string_view value = r.view.Text(f.column);
      if (value.empty()) continue;
      const std::string mask = masker->Mask(f.kind, value, plain);
      if (mask == value) continue;
      record.replace(f.column.offset(), mask.size(), mask);
      ++report->values;
    }
    out += record;
    copied += record.size();
    ++report->records;
  }
  FC_RETURN_IF_ERROR(scan->status());
  FC_RETURN_IF_ERROR(copy_until(scan->size()));
  return file->Write(out);
}

}  // namespace

absl::StatusOr<MaskReport> MaskFile(const std::string& path, const std::string& output_dir, Masker* masker,
                                    const ofd::Variant& variant, bool replace) {
  MaskReport report{.output = JoinPath(output_dir, BaseName(path))};
  if (SameFile(path, report.output)) {
    return absl::InvalidArgumentError(
        StrCat(report.output, " is the file to be masked and is never written over; give another --output-dir"));
  }
  bool index = false;
  if (path != "-") {
    FC_ASSIGN_OR_RETURN(FileSource source, FileSource::Open(path));
    FC_ASSIGN_OR_RETURN(const std::string_view piece, source.Next());
    index = piece.substr(0, ofd::kIndexMagic.size()) == ofd::kIndexMagic;
    if (index) {
      FC_RETURN_IF_ERROR(ofd::IndexFile::Parse(BaseName(path), piece).status());
      FC_ASSIGN_OR_RETURN(auto file, NewFile::Create(report.output, replace));
      FC_RETURN_IF_ERROR(file->Write(piece));
      FC_RETURN_IF_ERROR(file->Commit());
      return report;
    }
  }
  FC_ASSIGN_OR_RETURN(auto scan, RecordScan::Open(path, variant.reader_options()));
  FC_ASSIGN_OR_RETURN(auto file, NewFile::Create(report.output, replace));
  FC_RETURN_IF_ERROR(MaskRecords(scan.get(), masker, file.get(), &report));
  FC_RETURN_IF_ERROR(file->Commit());
  return report;
}

}  // namespace fundcore::ofd_tools
