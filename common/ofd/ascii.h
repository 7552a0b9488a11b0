// Small ASCII helpers on std::string_view, for this folder. (Debian's Abseil knows only its own string_view.)
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fundcore::ofd {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr char UpperOf(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

inline std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = UpperOf(c);
  return out;
}

constexpr bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (UpperOf(a[i]) != UpperOf(b[i])) return false;
  }
  return true;
}

// Always at least one part, as many as there are separators plus one.
inline std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// Cuts the first word off `line`, and the spaces after it.
inline std::string_view TakeWord(std::string_view* line) {
  const std::string_view word = line->substr(0, line->find(' '));
  line->remove_prefix(word.size());
  const size_t next = line->find_first_not_of(' ');
  line->remove_prefix(next == std::string_view::npos ? line->size() : next);
  return word;
}

}  // namespace fundcore::ofd
