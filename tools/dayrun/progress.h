// Progress: what a run has done and learned, kept so that a run that was killed goes on where it stood.
//
//   FC_ASSIGN_OR_RETURN(Progress progress, Progress::Open("day.progress", script_name));
//   if (!progress.Done(step)) { …; progress.Set("investor li", "1000000001"); progress.Finish(step); }
//
// A step's facts and its number become durable together in Finish: a step that was not finished is done again, with the
// facts as they were before it. Without a file everything is forgotten with the object. One thread, one process a file.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fundcore::dayrun {

class Progress {
 public:
  Progress() = default;  // in memory
  // `subject` names the script and its content: kFailedPrecondition where the file belongs to another.
  static absl::StatusOr<Progress> Open(const std::string& path, std::string_view subject);
  ~Progress();
  Progress(Progress&& o) noexcept;
  Progress& operator=(Progress&&) = delete;

  bool Done(int step) const { return step <= last_; }
  int last() const { return last_; }
  // The last one again keeps the facts set since, and nothing else. kUnavailable where the file cannot be written.
  absl::Status Finish(int step);

  // Facts by name; "" where unknown. Setting "" forgets.
  std::string Get(std::string_view key) const;
  void Set(std::string_view key, std::string_view value);

 private:
  int fd_ = -1;
  int last_ = 0;
  std::map<std::string, std::string, std::less<>> facts_;
  std::map<std::string, std::string, std::less<>> changed_;
};

}  // namespace fundcore::dayrun
