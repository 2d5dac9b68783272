#include "sampling/rate_stamp.hpp"

#include "editing/values.hpp"
#include "otlp/features.hpp"
#include "sampling/ratio.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace weir::sampling {

namespace {

constexpr std::uint32_t trace_state_field = 3;

/// A number of at least 1 in whatever form; else 1.
double number_in(std::string_view any) {
  const auto value = otlp::read_value(any);
  double number = 1;
  if (value.kind == otlp::value_kind::integer)
    number = static_cast<double>(value.integer);
  else if (value.kind == otlp::value_kind::real)
    number = value.real;
  else if (value.kind == otlp::value_kind::string)
    std::from_chars(value.bytes.data(), value.bytes.data() + value.bytes.size(), number);
  return std::isfinite(number) && number > 1 ? number : 1;
}

double rate_of(std::uint64_t threshold) {
  return 1 / otlp::probability_of(std::min(threshold, otlp::never_sample - 1));
}

std::string_view make_number(arena& memory, double number) {
  constexpr double exact = 1LL << 53;
  if (number == std::floor(number) && number < exact)
    return editing::make_integer(memory, static_cast<std::int64_t>(number));
  return editing::make_real(memory, number);
}

} // namespace

/// Returns the rate that all thresholds so far come to; 0: none is known.
double rate_stamp::put_threshold(const trace_id& id, const decision& decision) {
  const auto before = state_.threshold;
  const auto own = threshold_of(decision.sampling_rate);
  std::optional<std::uint64_t> threshold; // none: sampled in a way that no threshold says
  if (decision.mark == rate_mark::threshold)
    threshold = std::max(before.value_or(0), own);
  if (state_.randomness.value_or(otlp::randomness_of(id.view())) < threshold.value_or(0))
    threshold.reset();
  if (threshold != before) {
    threshold ? state_.set_threshold(*threshold) : state_.threshold.reset();
    write_state();
  }
  if (threshold == own)
    return decision.sampling_rate; // as it is, without the threshold's rounding
  return threshold ? rate_of(*threshold) : 0;
}

void rate_stamp::write_state() {
  if (!writable_)
    return;
  text_.clear();
  state_.write(text_);
  if (text_.empty())
    span_.erase_field(trace_state_field);
  else
    span_.set_bytes(trace_state_field, text_);
}

std::string_view rate_stamp::put(std::string_view span_body, const trace_id& id,
                                 const decision& decision) {
  memory_->clear();
  span_.open(otlp::message_id::span, span_body);
  writable_ = state_.read(span_.bytes(trace_state_field));
  if (!writable_)
    state_ = {};
  const auto known = state_.threshold;
  auto rate = put_threshold(id, decision);
  if (rate == 0)
    rate = decision.sampling_rate * (known ? rate_of(*known) : 1);
  // Without a threshold before, whoever sampled before may have said so in the attribute.
  if (!known)
    if (const auto before = span_.get(rate_attribute))
      rate *= number_in(*before);
  span_.set(rate_attribute, make_number(*memory_, rate));
  return span_.write();
}

} // namespace weir::sampling
