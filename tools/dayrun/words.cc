// Words, and how far apart two of them are.
#include "tools/dayrun/words.h"

#include <algorithm>
#include <charconv>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore::dayrun {
namespace {

// Single-letter changes from one word to the other.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

absl::Status Wrong(const std::string& message) { return absl::InvalidArgumentError(message); }

template <class T>
absl::StatusOr<T> Value(Words& words, std::string_view what) {
  FC_ASSIGN_OR_RETURN(std::string word, words.Next(what));
  auto value = T::Parse(word);
  if (!value.ok()) return Wrong(StrCat("\"", word, "\" is not ", what, ": ", std::string(value.status().message())));
  return *value;
}

}  // namespace

std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& known) {
  std::string_view best;
  size_t distance = std::min<size_t>(3, word.size() / 2 + 1);
  for (std::string_view k : known) {
    const size_t d = Distance(word, k);
    if (d < distance) {
      distance = d;
      best = k;
    }
  }
  return best;
}

Words::Words(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    if (text[i] == ' ' || text[i] == '\t') {
      ++i;
      continue;
    }
    size_t end;
    if (text[i] == '"') {
      end = text.find('"', i + 1);
      if (end == std::string_view::npos) end = text.size();
      words_.emplace_back(text.substr(i + 1, end - i - 1));
      i = std::min(end + 1, text.size());
      continue;
    }
    end = text.find_first_of(" \t", i);
    if (end == std::string_view::npos) end = text.size();
    words_.emplace_back(text.substr(i, end - i));
    i = end;
  }
}

bool Words::Take(std::string_view word) {
  if (AtEnd() || words_[next_] != word) return false;
  ++next_;
  return true;
}

bool Words::TakeAll(std::initializer_list<std::string_view> words) {
  size_t n = next_;
  for (std::string_view w : words) {
    if (n == words_.size() || words_[n] != w) return false;
    ++n;
  }
  next_ = n;
  return true;
}

absl::StatusOr<std::string> Words::Next(std::string_view what) {
  if (AtEnd()) return Wrong(StrCat(what, " is missing at the end of the line"));
  return words_[next_++];
}

absl::Status Words::Expect(std::string_view word) {
  if (Take(word)) return absl::OkStatus();
  if (AtEnd()) return Wrong(StrCat("\"", word, "\" is missing at the end of the line"));
  return Unknown({word});
}

absl::StatusOr<size_t> Words::OneOf(const std::vector<std::string_view>& words) {
  for (size_t i = 0; i < words.size(); ++i)
    if (Take(words[i])) return i;
  return Unknown(words);
}

absl::StatusOr<Money> Words::Amount() { return Value<Money>(*this, "an amount"); }
absl::StatusOr<Units> Words::UnitsOf() { return Value<Units>(*this, "a number of units"); }
absl::StatusOr<Nav> Words::Price() { return Value<Nav>(*this, "a price"); }
absl::StatusOr<Rate> Words::Percent() { return Value<Rate>(*this, "a rate"); }
absl::StatusOr<Date> Words::Day() { return Value<Date>(*this, "a date"); }

absl::StatusOr<int> Words::Number(std::string_view what, int min, int max) {
  FC_ASSIGN_OR_RETURN(std::string word, Next(what));
  int v = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), v);
  if (error != std::errc() || end != word.data() + word.size() || v < min || v > max) {
    return Wrong(StrCat("\"", word, "\" is not ", what, " from ", min, " to ", max));
  }
  return v;
}

absl::Status Words::Unknown(const std::vector<std::string_view>& known) const {
  const std::string_view word = Peek();
  std::string message = AtEnd() ? std::string("the line ends too early") : StrCat("\"", word, "\" is unknown here");
  const std::string_view near = AtEnd() ? "" : Nearest(word, known);
  if (!near.empty()) return Wrong(StrCat(message, " (did you mean \"", near, "\"?)"));
  message += "; known here:";
  for (size_t i = 0; i < known.size(); ++i) message += StrCat(i == 0 ? " " : ", ", known[i]);
  return Wrong(message);
}

absl::Status Words::Finish() const {
  if (AtEnd()) return absl::OkStatus();
  return Wrong(StrCat("\"", Peek(), "\" is one word too many"));
}

}  // namespace fundcore::dayrun
