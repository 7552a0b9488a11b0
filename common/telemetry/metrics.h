// Metrics: counters, gauges and histograms that monitors read over HTTP. Their names, not personal data, go in labels.
//
//   Metrics metrics;
//   Counter* accepted = metrics.AddCounter("fundcore_orders_accepted_total", "Orders accepted", {{"service",
//   "trade"}}); accepted->Add(); FC_ASSIGN_OR_RETURN(int port, metrics.Serve(9464));     //
//   http://127.0.0.1:9464/metrics
//
// Adding to a metric is one relaxed atomic operation and needs no lock. Registration takes a lock: do it at start. The
// prometheus-cpp library is seen in metrics.cc only.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace fundcore {

// Only rises.
class Counter {
 public:
  void Add(uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Stands at some whole number now.
class Gauge {
 public:
  void Set(int64_t v) { value_.store(v, std::memory_order_relaxed); }
  void Add(int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// Counts observations by size. Bounds are whole numbers in the unit of the metric's name (microseconds, bytes, items).
class Histogram {
 public:
  // `bounds` strictly rising; an observation falls into the first bucket whose bound is not below it.
  explicit Histogram(std::vector<uint64_t> bounds);
  void Observe(uint64_t v);
  // Observations in bucket i, of bounds().size() + 1 buckets; not cumulative.
  uint64_t bucket(size_t i) const { return buckets_[i].load(std::memory_order_relaxed); }
  uint64_t sum() const { return sum_.load(std::memory_order_relaxed); }
  const std::vector<uint64_t>& bounds() const { return bounds_; }

 private:
  const std::vector<uint64_t> bounds_;
  std::unique_ptr<std::atomic<uint64_t>[]> buckets_;
  std::atomic<uint64_t> sum_{0};
};

// Powers of two from `first` on: {first, 2 first, 4 first, …}.
std::vector<uint64_t> DoublingBounds(uint64_t first, int count);

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// A set of metrics, and where they are served. Usually one a process; tests make their own. Thread-safe. What Add…
// returns lives as long as the set; the same name and labels give the same object again. A bad name, or one name with
// two types, is a broken invariant.
class Metrics {
 public:
  Metrics();
  ~Metrics();  // stops serving
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  Counter* AddCounter(std::string_view name, std::string_view help, MetricLabels labels = {});
  Gauge* AddGauge(std::string_view name, std::string_view help, MetricLabels labels = {});
  Histogram* AddHistogram(std::string_view name, std::string_view help, std::vector<uint64_t> bounds,
                          MetricLabels labels = {});
  // A gauge that is computed when somebody reads it, on the reader's thread. `value` must stay valid as long as the
  // set.
  void AddComputed(std::string_view name, std::string_view help, MetricLabels labels, std::function<double()> value);

  // Everything, in Prometheus's text format.
  std::string Text() const;

  // Serves Text at http://address:port/metrics until destroyed; port 0 picks a free one. Returns the port.
  // kUnavailable where the port is taken or the machine has no such address, kFailedPrecondition where it serves already.
  // Whoever reaches the address may read: beyond loopback it is for networks that only monitors get into.
  absl::StatusOr<int> Serve(uint16_t port, std::string_view address = "127.0.0.1");

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fundcore
