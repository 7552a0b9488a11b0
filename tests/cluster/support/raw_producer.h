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

#include <cstdint>
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

// Records and bytes of all topics whose name begins with `prefix`: by their ends, and by their files in the broker's folder.
struct TopicSums {
  uint64_t records = 0, bytes = 0;
};
TopicSums TopicFigures(const std::string& brokers, const std::string& broker_data, const std::string& prefix);

// Seconds that librdkafka alone takes for so many messages of this size, to eight partitions, until all are acknowledged.
double MeasureRawProduce(const std::string& brokers, uint64_t messages, uint64_t message_bytes);

}  // namespace fundcore::testing
