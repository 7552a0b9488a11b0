// Metrics: our atomics, collected into prometheus-cpp's form when somebody asks.
#include "common/telemetry/metrics.h"

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <variant>

#include "common/base/check.h"
#include "prometheus/collectable.h"
#include "prometheus/exposer.h"
#include "prometheus/metric_family.h"
#include "prometheus/text_serializer.h"

namespace fundcore {

Histogram::Histogram(std::vector<uint64_t> bounds)
    : bounds_(std::move(bounds)), buckets_(new std::atomic<uint64_t>[bounds_.size() + 1]()) {
  FC_CHECK(std::is_sorted(bounds_.begin(), bounds_.end(), std::less_equal<>()), "histogram bounds must rise");
}

void Histogram::Observe(uint64_t v) {
  const size_t i = static_cast<size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), v) - bounds_.begin());
  buckets_[i].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(v, std::memory_order_relaxed);
}

std::vector<uint64_t> DoublingBounds(uint64_t first, int count) {
  std::vector<uint64_t> bounds;
  for (int i = 0; i < count; ++i) bounds.push_back(first << i);
  return bounds;
}

namespace {

using Computed = std::function<double()>;
using Metric = std::variant<std::unique_ptr<Counter>, std::unique_ptr<Gauge>, std::unique_ptr<Histogram>, Computed>;

struct MetricSet {
  std::string help;
  std::map<MetricLabels, Metric> metrics;
};

bool IsName(std::string_view name, bool colon_allowed) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (c == ':' && colon_allowed);
  });
}

prometheus::ClientMetric Collected(const MetricLabels& labels, const Metric& metric) {
  prometheus::ClientMetric out;
  for (const auto& [name, value] : labels) out.label.push_back({name, value});
  if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&metric)) {
    out.counter.value = static_cast<double>((*counter)->value());
  } else if (const auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&metric)) {
    out.gauge.value = static_cast<double>((*gauge)->value());
  } else if (const auto* computed = std::get_if<Computed>(&metric)) {
    out.gauge.value = (*computed)();
  } else {
    const Histogram& histogram = *std::get<std::unique_ptr<Histogram>>(metric);
    uint64_t count = 0;
    for (size_t i = 0; i <= histogram.bounds().size(); ++i) {
      count += histogram.bucket(i);
      const double bound = i < histogram.bounds().size() ? static_cast<double>(histogram.bounds()[i])
                                                         : std::numeric_limits<double>::infinity();
      out.histogram.bucket.push_back({count, bound});
    }
    out.histogram.sample_count = count;
    out.histogram.sample_sum = static_cast<double>(histogram.sum());
  }
  return out;
}

prometheus::MetricType TypeOf(const Metric& metric) {
  if (std::holds_alternative<std::unique_ptr<Counter>>(metric)) return prometheus::MetricType::Counter;
  if (std::holds_alternative<std::unique_ptr<Histogram>>(metric)) return prometheus::MetricType::Histogram;
  return prometheus::MetricType::Gauge;
}

// The server holds this weakly and may outlive a scrape; it is shared with Metrics for that reason.
class Registry : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    std::lock_guard lock(mutex_);
    std::vector<prometheus::MetricFamily> families;
    for (const auto& [name, set] : sets_) {
      prometheus::MetricFamily family;
      family.name = name;
      family.help = set.help;
      family.type = TypeOf(set.metrics.begin()->second);
      for (const auto& [labels, metric] : set.metrics) family.metric.push_back(Collected(labels, metric));
      families.push_back(std::move(family));
    }
    return families;
  }

  // The metric of that name and those labels, made by `make` where it is new.
  Metric& Add(std::string_view name, std::string_view help, MetricLabels labels, Metric made) {
    FC_CHECK(IsName(name, true), "metric name \"", name, "\" must be letters, digits, '_' and ':'");
    std::sort(labels.begin(), labels.end());
    for (const auto& [label, value] : labels) FC_CHECK(IsName(label, false), "label name \"", label, "\" of ", name);
    std::lock_guard lock(mutex_);
    MetricSet& set = sets_[std::string(name)];
    if (set.metrics.empty()) set.help = std::string(help);
    FC_CHECK(set.metrics.empty() || set.metrics.begin()->second.index() == made.index(), "metric ", name,
             " is there with another type");
    return set.metrics.try_emplace(std::move(labels), std::move(made)).first->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, MetricSet> sets_;
};

}  // namespace

struct Metrics::Impl {
  std::shared_ptr<Registry> registry = std::make_shared<Registry>();
  std::mutex serve_mutex;
  std::unique_ptr<prometheus::Exposer> exposer;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter* Metrics::AddCounter(std::string_view name, std::string_view help, MetricLabels labels) {
  return std::get<std::unique_ptr<Counter>>(
             impl_->registry->Add(name, help, std::move(labels), std::make_unique<Counter>()))
      .get();
}

Gauge* Metrics::AddGauge(std::string_view name, std::string_view help, MetricLabels labels) {
  return std::get<std::unique_ptr<Gauge>>(
             impl_->registry->Add(name, help, std::move(labels), std::make_unique<Gauge>()))
      .get();
}

Histogram* Metrics::AddHistogram(std::string_view name, std::string_view help, std::vector<uint64_t> bounds,
                                 MetricLabels labels) {
  return std::get<std::unique_ptr<Histogram>>(
             impl_->registry->Add(name, help, std::move(labels), std::make_unique<Histogram>(std::move(bounds))))
      .get();
}

void Metrics::AddComputed(std::string_view name, std::string_view help, MetricLabels labels,
                          std::function<double()> value) {
  impl_->registry->Add(name, help, std::move(labels), Metric(std::move(value)));
}

std::string Metrics::Text() const { return prometheus::TextSerializer().Serialize(impl_->registry->Collect()); }

absl::StatusOr<int> Metrics::Serve(uint16_t port, std::string_view address) {
  std::lock_guard lock(impl_->serve_mutex);
  if (impl_->exposer) return absl::FailedPreconditionError("metrics are being served already");
  const std::string where = StrCat(address, ":", port);
  try {
    auto exposer = std::make_unique<prometheus::Exposer>(where, 1);
    exposer->RegisterCollectable(impl_->registry);
    const std::vector<int> ports = exposer->GetListeningPorts();
    impl_->exposer = std::move(exposer);
    return ports.empty() ? port : ports.front();
  } catch (const std::exception& error) {
    return absl::UnavailableError(
        StrCat("cannot serve metrics at ", where, ": ", error.what(), "; choose another port or address"));
  }
}

}  // namespace fundcore
