#include "core/metrics.hpp"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sstream>
#include <stdexcept>
#include <unordered_map>

namespace weir::metrics {

namespace {

enum class kind { counter, gauge, histogram };

struct declaration {
  const char* name;
  kind type;
  const char* help;
  std::vector<double> buckets = {};
};

const std::vector<double> seconds_buckets = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
                                             0.1,    0.2,   0.5,   1,     2,    5,    10};

// Every metric of the node. The Collector's names where the Collector has the thing (without _total,
// as its default page), weir_... for the rest.
const std::vector<declaration>& declarations() {
  static const std::vector<declaration> all = {
#include "core/metric_table.inc"
  };
  return all;
}

const declaration& find(const std::string& name, kind type) {
  static const auto index = [] {
    std::unordered_map<std::string, const declaration*> result;
    for (const auto& d : declarations())
      result.emplace(d.name, &d);
    return result;
  }();
  const auto it = index.find(name);
  if (it == index.end() || it->second->type != type)
    throw std::logic_error("metric is not declared with this type: " + name);
  return *it->second;
}

prometheus::Registry& registry() {
  static prometheus::Registry instance;
  return instance;
}

} // namespace

prometheus::Counter& counter(const std::string& name, const labels& with) {
  const auto& d = find(name, kind::counter);
  return prometheus::BuildCounter().Name(d.name).Help(d.help).Register(registry()).Add(with);
}

prometheus::Gauge& gauge(const std::string& name, const labels& with) {
  const auto& d = find(name, kind::gauge);
  return prometheus::BuildGauge().Name(d.name).Help(d.help).Register(registry()).Add(with);
}

prometheus::Histogram& histogram(const std::string& name, const labels& with) {
  const auto& d = find(name, kind::histogram);
  return prometheus::BuildHistogram().Name(d.name).Help(d.help).Register(registry()).Add(with, d.buckets);
}

std::string render() {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, registry().Collect());
  return out.str();
}

} // namespace weir::metrics
