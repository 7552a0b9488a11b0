// Says which input was under way where a test dies of a broken invariant or a signal, which GoogleTest's traces do not.
//
//   LastWords words;
//   words.Set("seed 17");     // at each input; the text is cut at 500 bytes
//
// One at a time in a process. The handler only writes bytes, then the signal takes its course.
#pragma once

#include <csignal>
#include <cstring>
#include <string_view>

#include <unistd.h>

namespace fundcore::fuzz {

class LastWords {
 public:
  LastWords() {
    for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS}) std::signal(signal, &Speak);
  }
  ~LastWords() {
    for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS}) std::signal(signal, SIG_DFL);
  }
  void Set(std::string_view text) {
    const size_t n = text.size() < sizeof text_ ? text.size() : sizeof text_;
    std::memcpy(text_, text.data(), n);
    size_ = n;
  }

 private:
  static void Speak(int signal) {
    static constexpr char kBefore[] = "input under way: ";
    if (::write(2, kBefore, sizeof kBefore - 1) < 0 || ::write(2, text_, size_) < 0 || ::write(2, "\n", 1) < 0) {
      size_ = 0;  // nobody listens; the signal says the rest
    }
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  static inline char text_[500];
  static inline size_t size_ = 0;
};

}  // namespace fundcore::fuzz
