// Bytes flipped, tails cut, and the remedies tried. See damage.h.
#include "tests/crash/damage.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "common/base/check.h"
#include "common/base/status.h"
#include "tests/support/process.h"

namespace fundcore::crash {
namespace {

namespace fs = std::filesystem;

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Overwrite(const std::string& path, uint64_t at, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  FC_CHECK(fd >= 0, "cannot open ", path);
  FC_CHECK(::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at)) == static_cast<ssize_t>(bytes.size()), path);
  ::close(fd);
}

std::string Noise(size_t size, SeededRandom* random) {
  std::string out;
  while (out.size() < size) out.push_back(static_cast<char>(random->Next()));
  return out;
}

std::vector<std::string> Segments(const std::string& data) {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(data + "/log")) {
    if (entry.path().filename().string().starts_with("segment-")) out.push_back(entry.path().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

// Where the frames of a segment lie: byte in the file, bytes without padding, the end known to be durable in file terms.
struct FrameAt {
  uint64_t at = 0, bytes = 0;
  bool record = false;
};
struct Frames {
  std::vector<FrameAt> all;
  uint64_t end = 0;        // behind the last one
  uint64_t known_end = 0;  // the largest that a frame of this segment tells, less the segment's base
};

template <class T>
T At(const std::string& bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

Frames FramesOf(const std::string& bytes) {
  Frames out;
  const uint64_t base = At<uint64_t>(bytes, 48);
  out.end = At<uint32_t>(bytes, 12);
  while (out.end + 40 <= bytes.size() && bytes.compare(out.end, 4, "FCLF") == 0) {
    const FrameAt frame{out.end, 40 + At<uint32_t>(bytes, out.end + 8), bytes[out.end + 13] == 1};
    if (At<uint64_t>(bytes, out.end + 16) != base + out.end) break;  // left over from another use of these blocks
    const uint64_t known = At<uint64_t>(bytes, out.end + 24);
    if (known > base) out.known_end = std::max(out.known_end, known - base);
    out.all.push_back(frame);
    out.end += (frame.bytes + 7) / 8 * 8;
  }
  return out;
}

struct Ran {
  int code = -1;  // of the exit, or 128 + signal
  std::string said;
};

Ran Run(const Patient& p, const std::string& words) {
  fs::remove(p.errors);
  const int status = ::system(StrCat(p.program, " ", words, " --data=", p.data, " >", p.errors, " 2>&1").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), ReadAll(p.errors)};
}

testing::ServerProcessOptions ServerOf(const Patient& p) {
  testing::ServerProcessOptions options;
  options.program = p.program;
  options.data = p.data;
  options.flags = p.flags;
  options.errors = p.errors;
  return options;
}

// Starts it; the refusal must hold all of `words`.
std::string ExpectRefused(const Patient& p, const std::vector<std::string>& words) {
  fs::remove(p.errors);
  testing::ServerProcess server(ServerOf(p));
  if (server.Start().ok()) {
    server.Kill();
    return "the damage was not noticed at start";
  }
  const std::string said = ReadAll(p.errors);
  if (!WIFEXITED(server.wait_status())) return StrCat("it died instead of refusing: ", said);
  for (const std::string& word : words) {
    if (said.find(word) == std::string::npos) return StrCat("the refusal does not say \"", word, "\": ", said);
  }
  return "";
}

std::string ExpectKept(const Patient& p, const Promises& promises) {
  fs::remove(p.errors);
  testing::ServerProcess server(ServerOf(p));
  if (const absl::Status s = server.Start(); !s.ok()) return StrCat("it does not start: ", s.message(), " ", ReadAll(p.errors));
  const Verdict v = Judge(server.address(), promises, false, [&server] { return !server.AwaitEnd(Duration::Millis(0)); });
  if (!v.good()) return StrCat(v.faults.size(), " faults, the first: ", v.faults[0], " ", ReadAll(p.errors));
  if (const int code = server.Stop(); code != 0) return StrCat("it stops with ", code);
  return "";
}

}  // namespace

void CopyFolder(const std::string& from, const std::string& to) {
  fs::remove_all(to);
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(from)) {
    if (entry.path().filename() != "log") fs::copy(entry.path(), fs::path(to) / entry.path().filename(), fs::copy_options::recursive);
  }
  fs::create_directory(to + "/log");
  const auto segments = Segments(from);
  for (const auto& entry : fs::directory_iterator(from + "/log")) {
    const fs::path target = fs::path(to) / "log" / entry.path().filename();
    const bool full = std::find(segments.begin(), segments.end(), entry.path().string()) < segments.end() - 1;
    if (full) {
      fs::create_hard_link(entry.path(), target);
    } else {
      fs::copy(entry.path(), target);
    }
  }
}

void TearWrite(const std::string& file, uint64_t at, uint64_t bytes, SeededRandom* random, std::string* what) {
  const uint64_t from = at + random->Below(bytes), to = from + 1 + random->Below(at + bytes - from);
  switch (random->Below(3)) {
    case 0:
      fs::resize_file(file, from);
      *what = StrCat("cut at ", from - at, " of the last write's ", bytes, " bytes");
      break;
    case 1:
      Overwrite(file, from, std::string(to - from, '\0'));
      *what = StrCat("bytes ", from - at, " to ", to - at, " of the last write's ", bytes, " are zero");
      break;
    default:
      Overwrite(file, from, Noise(to - from, random));
      *what = StrCat("bytes ", from - at, " to ", to - at, " of the last write's ", bytes, " are noise");
  }
}

std::string AddNoise(const Patient& p, SeededRandom* random, std::string* what) {
  const std::string file = Segments(p.data).back(), bytes = ReadAll(file);
  const Frames frames = FramesOf(bytes);
  if (frames.end + 4096 > bytes.size()) return "";
  const size_t size = 1 + random->Below(4000);
  std::string noise = Noise(size, random);
  // Half of it looks like the beginning of a frame.
  if (size > 4 && random->Below(2) == 0) std::memcpy(noise.data(), "FCLF", 4);
  Overwrite(file, frames.end, noise);
  *what = StrCat(size, " bytes of noise behind the end");
  return "";
}

std::string RotLog(const Patient& p, SeededRandom* random, std::string* what) {
  const auto segments = Segments(p.data);
  const size_t which = random->Below(segments.size());
  const std::string& file = segments[which];
  const std::string bytes = ReadAll(file);
  Frames frames = FramesOf(bytes);
  if (which + 1 < segments.size()) frames.known_end = frames.end;  // the next header vouches for it
  std::erase_if(frames.all, [&](const FrameAt& f) { return f.at + f.bytes > frames.known_end; });
  if (frames.all.empty()) return *what = "no durable frame yet", "";
  const FrameAt& frame = frames.all[random->Below(frames.all.size())];
  const uint64_t at = frame.at + random->Below(frame.bytes);
  std::string fresh = file + ".copy";  // a link is not written through
  fs::copy(file, fresh);
  fs::rename(fresh, file);
  Overwrite(file, at, std::string(1, static_cast<char>(bytes[at] ^ (1 << random->Below(8)))));
  *what = StrCat("a bit of byte ", at, " of ", fs::path(file).filename().string());
  std::string fault;
  const std::vector<std::string> words = {fs::path(file).filename().string(), StrCat("byte ", frame.at), "restore this file"};
  if (which + 1 == segments.size()) {
    fault = ExpectRefused(p, words);
  } else {
    const Ran ran = Run(p, "check-replay");
    if (ran.code != 1) fault = StrCat("the replay check ends with ", ran.code, ": ", ran.said);
    for (const std::string& word : words) {
      if (fault.empty() && ran.said.find(word) == std::string::npos) fault = StrCat("it does not say \"", word, "\": ", ran.said);
    }
  }
  Overwrite(file, at, bytes.substr(at, 1));
  return fault;
}

std::string CutLog(const Patient& p, SeededRandom* random, std::string* what) {
  const std::string file = Segments(p.data).back(), bytes = ReadAll(file);
  Frames frames = FramesOf(bytes);
  std::erase_if(frames.all, [](const FrameAt& f) { return !f.record; });
  if (frames.all.empty()) return *what = "no record yet", "";
  const FrameAt& frame = frames.all[frames.all.size() - 1 - random->Below(std::min<size_t>(frames.all.size(), 20))];
  const uint64_t at = frame.at + random->Below(frame.bytes);
  fs::resize_file(file, at);
  *what = StrCat("the last segment cut at byte ", at, " of ", frames.end, ", below what the state has seen");
  const std::string fault = ExpectRefused(p, {"its state is newer than this log", "restore"});
  fs::resize_file(file, bytes.size());
  Overwrite(file, 0, bytes);
  return fault;
}

std::string RotState(const Patient& p, const Promises& promises, const std::string& checkpoint, SeededRandom* random,
                     std::string* what) {
  std::vector<fs::path> tables, others;
  for (const auto& entry : fs::directory_iterator(p.data + "/state/db")) {
    if (entry.path().extension() == ".sst") tables.push_back(entry.path());
    if (entry.path().filename().string().starts_with("MANIFEST")) others.push_back(entry.path());
  }
  std::sort(tables.begin(), tables.end());
  const auto& among = tables.empty() || random->Below(4) == 0 ? others : tables;
  const std::string file = among[random->Below(among.size())].string(), bytes = ReadAll(file);
  const uint64_t at = random->Below(bytes.size());
  Overwrite(file, at, std::string(1, static_cast<char>(bytes[at] ^ (1 << random->Below(8)))));
  *what = StrCat("a bit of byte ", at, " of ", fs::path(file).filename().string());
  {
    fs::remove(p.errors);
    testing::ServerProcess server(ServerOf(p));
    const bool started = server.Start().ok();
    const auto alive = [&server] { return !server.AwaitEnd(Duration::Millis(100)); };
    const Verdict v = started ? Judge(server.address(), promises, false, alive) : Verdict{};
    const bool hangs = v.unread && alive() && v.faults[0].find("restore it") == std::string::npos;
    server.Kill();
    if (hangs) return StrCat("it lives and does not answer: ", v.faults[0]);
    const std::string said = ReadAll(p.errors);
    const bool refused = !started || v.unread;
    if (!refused && !v.good()) return StrCat("a wrong answer: ", v.faults[0]);
    const bool told = said.find("restore it from a checkpoint") != std::string::npos ||
                      (v.unread && v.faults[0].find("restore it from a checkpoint") != std::string::npos);
    if (refused && !told) return StrCat("it was refused without the remedy: ", said, v.faults.empty() ? "" : v.faults[0]);
    *what += !refused ? ", never read" : started ? ", refused when it was read" : ", refused at start";
  }
  if (checkpoint.empty()) {
    fs::remove_all(p.data + "/state");
    *what += "; rebuilt from the log";
  } else {
    const Ran ran = Run(p, "restore " + checkpoint);
    if (ran.code != 0) return StrCat("restore ", checkpoint, " ends with ", ran.code, ": ", ran.said);
    *what += "; restored from a checkpoint";
  }
  if (std::string fault = ExpectKept(p, promises); !fault.empty()) return "after the remedy: " + fault;
  if (promises.acknowledged() < 100'000) {
    const Ran ran = Run(p, "check-replay");
    if (ran.code != 0) return StrCat("after the remedy the replay check ends with ", ran.code, ": ", ran.said);
  }
  return "";
}

}  // namespace fundcore::crash
