// Trace: what happened in a run, line by line, with business time, machine time and step. Always kept (it is part of
// the hash that two runs of one seed must share); printed for a failing order, or whole with --trace.
//
//   trace.Add("i7/order-12", "SubmitOrder: ACCEPTED 00100000000000007");
//   trace.Of("i7/order-12", 40)      // the latest lines about it
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/crypto/hash.h"
#include "common/rpc/handlers.h"
#include "common/runtime/simulated.h"

namespace fundcore::simulation {

// A status as it stands in a trace: its name, its reason where it has one, its message.
inline std::string Said(const absl::Status& s) {
  if (s.ok()) return "OK";
  const std::string reason = rpc::ReasonOf(s);
  return StrCat(absl::StatusCodeToString(s.code()), reason.empty() ? "" : " ", reason, ": ", std::string(s.message()));
}

class Trace {
 public:
  // `world` outlives it. With `aloud` each line goes to stdout at once.
  Trace(const SimWorld* world, bool aloud) : world_(world), aloud_(aloud) {}

  void Add(std::string_view subject, std::string_view what) {
    Line line{std::string(subject),
              StrCat(world_->Now().Iso(), "  +", Machine(), "  step ", world_->steps(), "  ", subject, ": ", what)};
    if (aloud_) std::printf("%s\n", line.text.c_str());
    hash_.Add(line.text);
    lines_.push_back(std::move(line));
  }
  // The last `most` lines whose subject is this one, or is "" (what befalls everybody) between the first and last of
  // them.
  std::vector<std::string> Of(std::string_view subject, size_t most) const {
    size_t first = lines_.size(), last = 0;
    for (size_t i = 0; i < lines_.size(); ++i) {
      if (lines_[i].subject != subject) continue;
      first = std::min(first, i);
      last = i;
    }
    std::vector<std::string> out;
    for (size_t i = first; i < lines_.size() && i <= last; ++i)
      if (lines_[i].subject == subject || lines_[i].subject.empty()) out.push_back(lines_[i].text);
    if (out.size() > most)
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(most / 2), out.end() - static_cast<std::ptrdiff_t>(most / 2));
    return out;
  }
  std::string Hash() { return hash_.Finish().Hex(); }

 private:
  struct Line {
    std::string subject, text;
  };
  std::string Machine() const {
    return absl::StrFormat("%.3fs", static_cast<double>(world_->MachineNow().raw()) / 1e6);
  }

  const SimWorld* const world_;
  const bool aloud_;
  std::vector<Line> lines_;
  Sha256Stream hash_;
};

}  // namespace fundcore::simulation
