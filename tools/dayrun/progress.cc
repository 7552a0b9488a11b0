// The file is a list of lines: "subject TEXT", "fact KEY<tab>VALUE", "done STEP". Facts count once a "done" follows
// them, so a torn end takes away only the step that was under way.
#include "tools/dayrun/progress.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore::dayrun {
namespace {

std::string OneLine(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (c == '\n' || c == '\t') c = ' ';
  return out;
}

absl::StatusOr<std::string> ReadAll(int fd, const std::string& path) {
  std::string text;
  char buffer[8192];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0) return absl::UnavailableError(StrCat(path, ": cannot be read"));
    if (n == 0) return text;
    text.append(buffer, static_cast<size_t>(n));
  }
}

absl::Status WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n <= 0) return absl::UnavailableError("the progress file cannot be written; is the disk full?");
    text.remove_prefix(static_cast<size_t>(n));
  }
  if (::fdatasync(fd) != 0) return absl::UnavailableError("the progress file cannot be synced");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Progress> Progress::Open(const std::string& path, std::string_view subject) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return absl::UnavailableError(StrCat(path, ": cannot be opened"));
  Progress p;
  p.fd_ = fd;
  FC_ASSIGN_OR_RETURN(std::string text, ReadAll(fd, path));
  size_t whole = 0;  // up to the end of the last "subject" or "done" line
  std::map<std::string, std::string, std::less<>> facts;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    if (end == std::string::npos) break;
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    if (line.starts_with("subject ")) {
      if (line.substr(8) != OneLine(subject)) {
        return absl::FailedPreconditionError(
            StrCat(path, " belongs to another script or another version of it; remove it to begin anew"));
      }
      whole = at;
    } else if (line.starts_with("fact ")) {
      const size_t tab = line.find('\t');
      if (tab == std::string_view::npos) return absl::DataLossError(StrCat(path, ": malformed line"));
      facts[std::string(line.substr(5, tab - 5))] = std::string(line.substr(tab + 1));
    } else if (line.starts_with("done ")) {
      int step = 0;
      std::from_chars(line.data() + 5, line.data() + line.size(), step);
      p.last_ = step;
      for (auto& [k, v] : facts) p.facts_[k] = v;
      facts.clear();
      whole = at;
    } else {
      return absl::DataLossError(StrCat(path, ": malformed line"));
    }
  }
  // What a killed run left half said is cut off, so that nothing is read together with what follows.
  if (::ftruncate(fd, static_cast<off_t>(whole)) != 0 || ::lseek(fd, 0, SEEK_END) < 0) {
    return absl::UnavailableError(StrCat(path, ": cannot be cut to its last whole step"));
  }
  if (whole == 0) FC_RETURN_IF_ERROR(WriteAll(fd, StrCat("subject ", OneLine(subject), "\n")));
  return p;
}

Progress::~Progress() {
  if (fd_ >= 0) ::close(fd_);
}

Progress::Progress(Progress&& o) noexcept
    : fd_(std::exchange(o.fd_, -1)), last_(o.last_), facts_(std::move(o.facts_)), changed_(std::move(o.changed_)) {}

absl::Status Progress::Finish(int step) {
  std::string text;
  for (const auto& [k, v] : changed_) absl::StrAppend(&text, "fact ", k, "\t", v, "\n");
  absl::StrAppend(&text, "done ", step, "\n");
  if (fd_ >= 0) FC_RETURN_IF_ERROR(WriteAll(fd_, text));
  for (auto& [k, v] : changed_) facts_[k] = std::move(v);
  changed_.clear();
  last_ = step;
  return absl::OkStatus();
}

std::string Progress::Get(std::string_view key) const {
  if (auto it = changed_.find(key); it != changed_.end()) return it->second;
  auto it = facts_.find(key);
  return it == facts_.end() ? std::string() : it->second;
}

void Progress::Set(std::string_view key, std::string_view value) { changed_[OneLine(key)] = OneLine(value); }

}  // namespace fundcore::dayrun
