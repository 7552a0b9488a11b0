// Takes decisions out of a fuzzer's bytes, so that a change of one byte changes one decision. What is asked for beyond the
// end is zero: every input is a whole one.
//
//   Choices in(bytes);
//   const size_t kind = in.Below(4);
//   const std::string_view text = in.Text(30);
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fundcore::fuzz {

class Choices {
 public:
  explicit Choices(std::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  uint8_t Byte() { return Number<uint8_t>(); }
  // From 0 to n - 1; one byte up to 256, else four. `n` is positive.
  size_t Below(size_t n) { return (n <= 256 ? Byte() : Number<uint32_t>()) % n; }
  template <class T>
  T Number() {
    T v{};
    const size_t n = std::min(sizeof v, rest_.size());
    std::memcpy(&v, rest_.data(), n);
    rest_.remove_prefix(n);
    return v;
  }
  // Of up to `most` bytes.
  std::string_view Text(size_t most) {
    // On its own line, since it takes a byte away: as an argument beside rest_.size() it may come after it, as with g++, and the
    // length would be one more than there is.
    const size_t asked = Below(most + 1);
    const size_t n = std::min(asked, rest_.size());
    const std::string_view text = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return text;
  }

 private:
  std::string_view rest_;
};

}  // namespace fundcore::fuzz
