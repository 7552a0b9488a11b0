// Bulletin: where every process tells all others of itself, in short messages that may be lost. The Kafka one writes to a
// topic of its own; the one in memory joins the processes of a test.
//
//   bulletin->OnBulletin([&](std::string_view bytes) { directory.Apply(bytes); });
//   bulletin->Publish(announcement);
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace fundcore::cluster {

class Bulletin {
 public:
  using OnMessage = std::function<void(std::string_view bytes)>;
  virtual ~Bulletin() = default;
  // Does not wait. A message that could not be sent is lost: the next one is never far.
  virtual void Publish(std::string bytes) = 0;
  // Hears what is published from now on, one's own words included, on any thread, one at a time. Once, before Publish.
  virtual void OnBulletin(OnMessage on_message) = 0;
};

// All who hold the same board hear each other, within Publish. Thread-safe.
class MemoryBoard {
 public:
  void Publish(const std::string& bytes) {
    std::lock_guard lock(mutex_);
    for (const auto& reader : readers_) reader(bytes);
  }
  void Add(Bulletin::OnMessage reader) {
    std::lock_guard lock(mutex_);
    readers_.push_back(std::move(reader));
  }

 private:
  std::mutex mutex_;
  std::vector<Bulletin::OnMessage> readers_;
};

class MemoryBulletin final : public Bulletin {
 public:
  // The board outlives the bulletin and is not used after any reader has gone.
  explicit MemoryBulletin(MemoryBoard* board) : board_(board) {}
  void Publish(std::string bytes) override { board_->Publish(bytes); }
  void OnBulletin(OnMessage on_message) override { board_->Add(std::move(on_message)); }

 private:
  MemoryBoard* const board_;
};

}  // namespace fundcore::cluster
