// RawProducer: librdkafka alone, idempotent, acks from all, one message every few milliseconds to a topic of its own: what the
// brokers themselves let anybody notice of a failure, as the measure for ours.
//
//   RawProducer raw(kafka->bootstrap(), replicas);
//   raw.Mark();                       // from here on
//   … kill a broker …
//   raw.LongestGap();                 // seconds between two acknowledgements since, the last one and now included
//
// Works on a thread of its own until destroyed. Thread-safe.
#pragma once

#include <memory>
#include <string>

namespace fundcore::testing {

class RawProducer {
 public:
  RawProducer(const std::string& brokers, int replicas);
  ~RawProducer();
  RawProducer(const RawProducer&) = delete;
  void Mark();
  double LongestGap() const;
  uint64_t acknowledged() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fundcore::testing
