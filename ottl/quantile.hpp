#pragma once

#include "otlp/schema.hpp"

#include <string_view>

// What values histograms stand for.
namespace weir::ottl {

struct quantile_result {
  enum class outcome : std::uint8_t { found, none, malformed } result = outcome::none;
  double value = 0;
};

/// The value below which `percentile` percent of a histogram's values lie, by a straight line (of
/// the exponent, in exponential ones) through its bucket. None: it does not say.
quantile_result quantile_of(otlp::message_id kind, std::string_view point, double percentile);

/// Where bucket `index` of an exponential histogram begins.
double exponential_bound(std::int64_t index, std::int64_t scale);

} // namespace weir::ottl
