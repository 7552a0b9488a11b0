// A line of a script as words, read from left to right, with errors that name the word and what was expected there.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/money/decimal.h"
#include "common/time/time.h"

namespace fundcore::dayrun {

// The word of `known` that `word` was probably meant to be; "" where none is near (more than two changes, or half the
// word).
std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& known);

//   Words w("li subscribes 30,000.00 of 110022");
//   std::string who = *w.Next("an investor");
//   FC_ASSIGN_OR_RETURN(size_t verb, w.OneOf({"subscribes", "redeems"}));
//
// Text in double quotes is one word without the quotes. Errors are kInvalidArgument without file and line: the caller
// adds them.
class Words {
 public:
  explicit Words(std::string_view text);

  bool AtEnd() const { return next_ == words_.size(); }
  std::string_view Peek(size_t ahead = 0) const {
    return next_ + ahead < words_.size() ? std::string_view(words_[next_ + ahead]) : "";
  }
  // Takes the word where it comes next.
  bool Take(std::string_view word);
  // Takes several words where they come next in this order, or none of them.
  bool TakeAll(std::initializer_list<std::string_view> words);
  absl::StatusOr<std::string> Next(std::string_view what);
  absl::Status Expect(std::string_view word);
  // Takes one of these and returns its index.
  absl::StatusOr<size_t> OneOf(const std::vector<std::string_view>& words);

  absl::StatusOr<Money> Amount();
  absl::StatusOr<Units> UnitsOf();
  absl::StatusOr<Nav> Price();
  absl::StatusOr<Rate> Percent();
  absl::StatusOr<Date> Day();
  absl::StatusOr<int> Number(std::string_view what, int min, int max);

  // The error for the next word: unknown here, with what was meant.
  absl::Status Unknown(const std::vector<std::string_view>& known) const;
  // An error where words are left.
  absl::Status Finish() const;

 private:
  std::vector<std::string> words_;
  size_t next_ = 0;
};

}  // namespace fundcore::dayrun
