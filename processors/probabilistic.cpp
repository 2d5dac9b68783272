#include "processors/probabilistic.hpp"

#include "otlp/sampling_state.hpp"
#include "processors/actions.hpp"

#include <algorithm>
#include <cmath>

namespace weir::processors {

namespace {

constexpr std::uint64_t hash_buckets = 1 << 14;
constexpr std::string_view priority_key = "sampling.priority";
constexpr std::string_view threshold_key = "sampling.threshold";
constexpr std::string_view randomness_key = "sampling.randomness";

namespace span_field {
constexpr std::uint32_t trace_id = 1, trace_state = 3;
}
constexpr std::uint32_t log_trace_id = 9;

bool is_id(std::string_view id) noexcept {
  return id.size() == 16 && std::any_of(id.begin(), id.end(), [](char c) { return c != 0; });
}

/// What an item says of its sampling, and where it is written down.
struct carried {
  std::optional<std::uint64_t> randomness; ///< What the decision goes by.
  std::optional<std::uint64_t> explicit_randomness;
  std::uint64_t threshold = otlp::always_sample; ///< otlp::always_sample where it says none.
  bool has_threshold = false;
  bool good = true;     ///< It could be read, and may be used in this mode.
  bool writable = true; ///< The outcome is written down.
};

} // namespace

std::uint64_t hashed_randomness(std::string_view bytes, std::uint32_t seed) noexcept {
  std::uint32_t hash = 2166136261U;
  const auto mix = [&hash](unsigned char c) {
    hash ^= c;
    hash *= 16777619U;
  };
  for (int shift = 0; shift < 32; shift += 8)
    mix(static_cast<unsigned char>(seed >> shift));
  for (const char c : bytes)
    mix(static_cast<unsigned char>(c));
  const std::uint64_t bucket = hash & (hash_buckets - 1);
  const std::uint64_t rest = hash >> 18;
  return (hash_buckets - 1 - bucket) << 42 | (rest ^ rest << 10) << 14 | bucket;
}

namespace {

class sampler : public processor {
public:
  explicit sampler(const probabilistic_sampler_config& config) : config_(config) {
    // In 32 bits, rounded down, as it has always been there.
    const auto percentage = std::min(static_cast<float>(config.sampling_percentage), 100.0F);
    const auto ratio = std::max(static_cast<double>(percentage) / 100, 0x1p-56);
    mode_ = percentage == 0 ? mode::never : mode_of(config.mode);
    ratio_ = ratio;
    if (mode_ == mode::hash_seed) {
      const auto kept = static_cast<std::uint32_t>(percentage * 163.84F);
      threshold_ = (hash_buckets - kept) << 42;
      mode_ = kept == 0 ? mode::never : mode_;
    } else if (mode_ == mode::equalizing) {
      threshold_ =
          otlp::threshold_of(ratio, config.sampling_precision).value_or(otlp::never_sample);
    }
  }

  processors::reach reach() const override { return {items, no_level, no_level}; }

  disposition edit_item(context& context) const override {
    return context.signal() == signal::traces ? edit_span(context) : edit_record(context);
  }

private:
  enum class mode : std::uint8_t { hash_seed, equalizing, proportional, never };

  static mode mode_of(sampler_mode written) {
    switch (written) {
    case sampler_mode::equalizing:
      return mode::equalizing;
    case sampler_mode::proportional:
      return mode::proportional;
    case sampler_mode::hash_seed:
      break;
    }
    return mode::hash_seed;
  }

  disposition edit_span(context& context) const {
    auto& span = context.current();
    otlp::sampling_state state;
    carried carried;
    carried.good = state.read(span.bytes(span_field::trace_state));
    carried.threshold = state.threshold.value_or(otlp::always_sample);
    carried.has_threshold = state.threshold.has_value();
    carried.explicit_randomness = state.randomness;
    find_randomness(carried, span.bytes(span_field::trace_id), true, {});
    auto threshold = decide(carried);
    threshold = span_priority(span).value_or(threshold);
    if (threshold > carried.randomness.value_or(otlp::randomness_range - 1))
      return disposition::drop;
    if (!carried.writable)
      return disposition::keep;
    if (mode_ == mode::hash_seed)
      state.randomness = carried.explicit_randomness;
    // Never lowered: what is kept now stands for no fewer than it did.
    if (carried.threshold <= threshold)
      state.set_threshold(threshold);
    auto& text = context.text(0);
    text.clear();
    state.write(text);
    if (text != span.bytes(span_field::trace_state))
      span.set_bytes(span_field::trace_state, context.memory().copy(text));
    return disposition::keep;
  }

  disposition edit_record(context& context) const {
    auto& record = context.current();
    carried carried;
    const auto read = [&](std::string_view key, auto reader, auto& out) {
      const auto any = record.get(key);
      const auto text = any ? string_of(*any) : std::string_view{};
      if (text.empty())
        return;
      out = reader(text);
      carried.good &= out.has_value();
    };
    std::optional<std::uint64_t> threshold_before;
    read(threshold_key, otlp::read_threshold, threshold_before);
    read(randomness_key, otlp::read_randomness, carried.explicit_randomness);
    carried.threshold = threshold_before.value_or(otlp::always_sample);
    carried.has_threshold = threshold_before.has_value();
    find_randomness(carried, record.bytes(log_trace_id), !config_.from_record,
                    record_source(context));
    auto threshold = decide(carried);
    threshold = record_priority(record).value_or(threshold);
    if (threshold > carried.randomness.value_or(otlp::randomness_range - 1))
      return disposition::drop;
    if (!carried.writable)
      return disposition::keep;
    if (threshold_before && !carried.has_threshold)
      record.erase(threshold_key);
    write_record(context, carried, threshold);
    return disposition::keep;
  }

  void write_record(context& context, const carried& carried, std::uint64_t threshold) const {
    auto& text = context.text(0);
    const auto put = [&](std::string_view key, auto append, std::uint64_t value) {
      text.clear();
      append(text, value);
      context.current().set(key, make_string(context.memory(), text));
    };
    if (mode_ == mode::hash_seed && carried.explicit_randomness)
      put(randomness_key, otlp::append_randomness, *carried.explicit_randomness);
    if (carried.threshold <= threshold)
      put(threshold_key, otlp::append_threshold, threshold);
  }

  // Where a record's randomness comes from in mode hash_seed, beside its trace id.
  std::string_view record_source(context& context) const {
    if (mode_ != mode::hash_seed || config_.from_attribute.empty())
      return {};
    const auto any = context.current().get(config_.from_attribute);
    if (!any)
      return {};
    const auto value = otlp::read_value(*any);
    return value.kind == otlp::value_kind::bytes ? value.bytes : text_of(*any, context.text(0));
  }

  void find_randomness(carried& carried, std::string_view trace_id, bool by_trace,
                       std::string_view source) const {
    switch (mode_) {
    case mode::never:
      carried.randomness = otlp::randomness_range - 1;
      return;
    case mode::hash_seed:
      if (by_trace && is_id(trace_id))
        carried.randomness = hashed_randomness(trace_id, config_.hash_seed);
      else if (!source.empty())
        carried.randomness = hashed_randomness(source, config_.hash_seed);
      // What is sampled consistently already is none of this mode's business.
      if (!carried.good || carried.explicit_randomness || carried.has_threshold) {
        carried.good = carried.writable = false;
        return;
      }
      carried.explicit_randomness = carried.randomness;
      return;
    default:
      break;
    }
    carried.writable = carried.good;
    if (carried.good && carried.explicit_randomness)
      carried.randomness = carried.explicit_randomness;
    else if (carried.good && is_id(trace_id))
      carried.randomness = otlp::randomness_of(trace_id);
  }

  std::uint64_t decide(carried& carried) const {
    const auto failed = config_.fail_closed ? otlp::never_sample : otlp::always_sample;
    if (!carried.good || !carried.randomness)
      return failed;
    if (carried.threshold > *carried.randomness) {
      carried.threshold = otlp::always_sample; // it lies: the item would not be here
      carried.has_threshold = false;
      return failed;
    }
    switch (mode_) {
    case mode::never:
      return otlp::never_sample;
    case mode::equalizing:
      return std::max(threshold_, carried.threshold);
    case mode::proportional:
      return otlp::threshold_of(otlp::probability_of(carried.threshold) * ratio_,
                                config_.sampling_precision)
          .value_or(otlp::never_sample);
    case mode::hash_seed:
      break;
    }
    return threshold_;
  }

  // 0: never; above: always; not there, below or something else: no matter.
  static std::optional<std::uint64_t> span_priority(const item& span) {
    const auto any = span.get(priority_key);
    if (!any)
      return std::nullopt;
    auto value = otlp::read_value(*any);
    if (value.kind == otlp::value_kind::string) {
      const auto real = parse_real(value.bytes);
      if (!real)
        return std::nullopt;
      value.kind = otlp::value_kind::real;
      value.real = *real;
    }
    if (value.kind == otlp::value_kind::integer)
      value.real = static_cast<double>(value.integer);
    else if (value.kind != otlp::value_kind::real)
      return std::nullopt;
    if (value.real == 0)
      return otlp::never_sample;
    return value.real > 0 ? std::optional(otlp::always_sample) : std::nullopt;
  }

  // A percentage of its own.
  std::optional<std::uint64_t> record_priority(const item& record) const {
    if (config_.sampling_priority.empty())
      return std::nullopt;
    const auto any = record.get(config_.sampling_priority);
    const auto value = any ? otlp::read_value(*any) : otlp::value_ref{};
    double percentage = 0;
    if (value.kind == otlp::value_kind::real)
      percentage = value.real;
    else if (value.kind == otlp::value_kind::integer)
      percentage = static_cast<double>(value.integer);
    if (percentage == 0)
      return std::nullopt;
    return otlp::threshold_of(percentage / 100, config_.sampling_precision);
  }

  probabilistic_sampler_config config_;
  mode mode_{};
  double ratio_ = 0;
  std::uint64_t threshold_ = 0;
};

} // namespace

result<processor_ptr> make_probabilistic_sampler(const probabilistic_sampler_config& config,
                                                 weir::signal kind) {
  if (kind == signal::metrics)
    return fail(errc::invalid_argument,
                "found it in a metrics pipeline, expected one of traces or logs");
  return std::make_shared<const sampler>(config);
}

} // namespace weir::processors
