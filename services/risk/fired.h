// Shared by the files of the machine: which rules fired, and what was there at a moment.
#pragma once

#include <vector>

#include "services/risk/machine.h"

namespace fundcore::risk {

// Changes superseded longer ago than this are forgotten: longer than the year that the limits look back, and than any order
// waits for its decision.
inline constexpr Duration kDossierKept = Duration::Seconds(400ll * 24 * 3600);

// The rules that fired. The first one that has an outcome is the decision's reason, so rules are checked in the order of
// reason.h: blocks before challenges.
class RiskMachine::Fired {
 public:
  void Block(Reason r) { Set(r, Outcome::kBlock); }
  void Challenge(Reason r) { Set(r, Outcome::kChallenge); }
  void Note(Reason r) { mask_ |= Bit(r); }
  Verdict verdict() const { return verdict_; }
  uint32_t mask() const { return mask_; }

 private:
  static uint32_t Bit(Reason r) { return 1u << static_cast<uint16_t>(r); }
  void Set(Reason r, Outcome outcome) {
    Note(r);
    if (verdict_.outcome == Outcome::kAllow) verdict_ = {outcome, r};
  }
  Verdict verdict_{Outcome::kAllow, Reason::kNone};
  uint32_t mask_ = 0;
};

// The last entry of a list, oldest first, that was there at `at`; nullptr where none was.
template <class T>
const T* AsOf(const std::vector<T>& list, TimePoint at) {
  for (auto it = list.rbegin(); it != list.rend(); ++it)
    if (it->at <= at) return &*it;
  return nullptr;
}

// Forgets what was superseded long ago.
template <class T>
void Forget(std::vector<T>& list, TimePoint now) {
  auto keep = list.begin();
  while (keep != list.end() && keep + 1 != list.end() && (keep + 1)->at + kDossierKept < now) ++keep;
  list.erase(list.begin(), keep);
}

}  // namespace fundcore::risk
