#pragma once

#include "core/metrics.hpp"
#include "core/signal.hpp"

#include <map>
#include <string>
#include <tuple>

namespace weir::stages {

/// The instruments of receivers, by id and transport: one look-up a request, since the registry
/// finds an instrument again by its labels. One thread; the histogram may be updated by any.
class receiver_metrics {
public:
  void count(const std::string& receiver, bool grpc, const metrics::counter_metric& metric,
             std::uint64_t items);

  /// From a complete request to its answer, of those that are acknowledged.
  prometheus::Histogram& acknowledgement(const std::string& receiver, bool grpc);

private:
  std::map<std::tuple<const metrics::counter_metric*, bool, std::string>, prometheus::Counter*>
      counters_;
  std::map<std::pair<bool, std::string>, prometheus::Histogram*> histograms_;
};

} // namespace weir::stages
