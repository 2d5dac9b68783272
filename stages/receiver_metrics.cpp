#include "stages/receiver_metrics.hpp"

namespace weir::stages {

namespace {

metrics::labels labels_of(const std::string& receiver, bool grpc) {
  return {{"receiver", receiver}, {"transport", grpc ? "grpc" : "http"}};
}

} // namespace

void receiver_metrics::count(const std::string& receiver, bool grpc,
                             const metrics::counter_metric& metric, std::uint64_t items) {
  auto& found = counters_[{&metric, grpc, receiver}];
  if (found == nullptr)
    found = &metric.with(labels_of(receiver, grpc));
  found->Increment(static_cast<double>(items));
}

prometheus::Histogram& receiver_metrics::acknowledgement(const std::string& receiver, bool grpc) {
  auto& found = histograms_[{grpc, receiver}];
  if (found == nullptr)
    found = &metrics::receiver_acknowledgement_seconds.with(labels_of(receiver, grpc));
  return *found;
}

} // namespace weir::stages
