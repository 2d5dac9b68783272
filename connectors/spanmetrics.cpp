#include "connectors/spanmetrics.hpp"

#include "codec/hash.hpp"
#include "connectors/points.hpp"
#include "connectors/span_metrics_writer.hpp"
#include "connectors/span_series.hpp"
#include "editing/values.hpp"
#include "otlp/sampling_state.hpp"
#include "otlp/wire.hpp"
#include "ottl/convert.hpp"

#include <algorithm>
#include <random>

namespace weir::connectors {

namespace {

namespace wire = otlp::wire;

// What of the attributes that are always there is not.
struct excluded {
  bool service = false, name = false, kind = false, status = false, instance = false;
};

excluded excluded_by(const std::vector<std::string>& names) {
  const auto has = [&](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return {has("service.name"), has("span.name"), has("span.kind"), has("status.code"),
          has("collector.instance.id")};
}

std::vector<double> bounds_of(const spanmetrics_config& config) {
  const auto& histogram = config.histogram;
  const double unit = histogram.unit == duration_unit::s ? 1e9 : 1e6;
  std::vector<double> bounds;
  if (histogram.bounds) {
    for (const auto& text : histogram.bounds->buckets)
      bounds.push_back(static_cast<double>(ottl::parse_duration(text).value_or(0)) / unit);
    return bounds;
  }
  for (const double ms : {2.0, 4.0, 6.0, 8.0, 10.0, 50.0, 100.0, 200.0, 400.0, 800.0, 1000.0,
                          1400.0, 2000.0, 5000.0, 10'000.0, 15'000.0})
    bounds.push_back(histogram.unit == duration_unit::s ? ms / 1000 : ms);
  return bounds;
}

class spanmetrics final : public meter {
public:
  spanmetrics(const spanmetrics_config& config, std::string instance)
      : config_(config), instance_(std::move(instance)),
        excluded_(excluded_by(config.exclude_dimensions)), bounds_(bounds_of(config)),
        unit_(config.histogram.unit == duration_unit::s ? 1e9 : 1e6),
        durations_apart_(!config.calls_dimensions.empty() || !config.histogram.dimensions.empty()),
        resources_(config) {}

  void take(std::string_view message, moment now) override {
    now_ = now;
    wire::for_each_field(message, [&](const wire::field& f) {
      if (f.number == 1 && f.type == wire::type::bytes)
        take_resource(f.bytes);
    });
  }

  steady_ns interval() const noexcept override {
    return config_.metrics_flush_interval / std::chrono::nanoseconds(1);
  }

  std::vector<measured> flush(moment now) override {
    now_ = now;
    span_metrics_writer writer(config_, bounds_, now.wall);
    for (auto& resource : resources_.all())
      writer.write(resource, durations_apart_, last_deltas_);
    forget();
    return writer.take();
  }

  std::uint64_t series() const noexcept override { return series_; }
  std::uint64_t overflowed() const noexcept override { return overflowed_; }

  std::string save() const override { return save_span_series(resources_); }

  bool restore(std::string_view saved, moment now) override {
    resource_cache read(config_);
    if (!restore_span_series(saved, read, now.steady))
      return false;
    resources_ = std::move(read);
    add_up();
    return true;
  }

private:
  bool is_delta() const noexcept { return config_.aggregation_temporality == temporality::delta; }

  // Spans of a resource without a service are not counted, as in the Collector.
  void take_resource(std::string_view body) {
    std::string_view resource;
    wire::for_each_field(body, [&](const wire::field& f) {
      if (f.number == 1)
        resource = f.bytes;
    });
    const auto service = attribute_of(resource, resource_attributes, "service.name");
    if (!service)
      return;
    resource_ = resource;
    service_ = editing::string_of(*service);
    auto& held = resources_.of(resource, now_.steady);
    if (const auto dropped = resources_.take_dropped(); dropped > 0) {
      overflowed_ += dropped;
      add_up();
    }
    wire::for_each_field(body, [&](const wire::field& f) {
      if ((f.number == 2 || f.number == 1000) && f.type == wire::type::bytes)
        take_scope(held, f.bytes);
    });
  }

  void take_scope(resource_series& held, std::string_view body) {
    scope_ = {};
    if (!config_.include_instrumentation_scope.empty())
      wire::for_each_field(body, [&](const wire::field& f) {
        if (f.number == 1)
          scope_ = f.bytes;
      });
    wire::for_each_field(body, [&](const wire::field& f) {
      if (f.number == 2 && f.type == wire::type::bytes)
        take_span(held, f.bytes);
    });
  }

  void take_span(resource_series& held, std::string_view body) {
    const auto span = read(body);
    const auto duration = static_cast<double>(span.duration()) / unit_;
    const auto times = times_of(span.state);
    make_key(span, config_.dimensions, {});
    const auto common = key_.size();
    add_dimensions(span, config_.calls_dimensions, {});
    auto& calls = series_of(held.calls, span, config_.calls_dimensions, {});
    calls.count += times;
    note(calls, span, duration);
    if (!config_.histogram.disable) {
      auto* durations = &calls;
      if (durations_apart_) {
        key_.resize(common);
        add_dimensions(span, config_.histogram.dimensions, {});
        durations = &series_of(held.durations, span, config_.histogram.dimensions, {});
        durations->count += times;
        note(*durations, span, duration);
      }
      observe(*durations, duration, times);
    }
    if (config_.events.enabled)
      take_events(held, span, duration, times);
  }

  void take_events(resource_series& held, const read_span& span, double duration,
                   std::uint64_t times) {
    wire::for_each_field(span.whole, [&](const wire::field& f) {
      if (f.number != 11 || f.type != wire::type::bytes)
        return;
      make_key(span, config_.dimensions, f.bytes);
      add_dimensions(span, config_.events.dimensions, f.bytes);
      auto& events = series_of(held.events, span, config_.events.dimensions, f.bytes);
      events.count += times;
      note(events, span, duration);
    });
  }

  void observe(connectors::series& one, double duration, std::uint64_t times) {
    if (config_.histogram.exponential) {
      if (!one.exponential)
        one.exponential = std::make_unique<expo_histogram>();
      one.exponential->add(duration, times, config_.histogram.exponential->max_size);
      return;
    }
    if (one.buckets.empty())
      one.buckets.resize(bounds_.size() + 1);
    one.sum += duration * static_cast<double>(times);
    const auto place = std::lower_bound(bounds_.begin(), bounds_.end(), duration);
    one.buckets[static_cast<std::size_t>(place - bounds_.begin())] += times;
  }

  void note(connectors::series& one, const read_span& span, double duration) {
    if (!config_.exemplars.enabled || one.overflow || !is_id(span.trace)
        || one.exemplars.size() >= config_.exemplars.max_per_data_point
        || exemplars_ >= max_exemplars)
      return;
    ++exemplars_;
    one.exemplars.push_back({std::string(span.trace), std::string(span.span), duration});
  }

  // How many spans one stands for, by the threshold that it was kept with; rounded by chance where
  // that is no whole number. As in the Collector.
  std::uint64_t times_of(std::string_view state) {
    if (state == last_state_)
      return last_times_;
    last_state_ = state;
    last_times_ = 1;
    extrapolated_ = false;
    otlp::sampling_state read;
    if (state.find("ot=") == std::string_view::npos || !read.read(state) || !read.threshold)
      return 1;
    const auto kept = otlp::randomness_range - *read.threshold;
    if (kept == 0)
      return 1;
    extrapolated_ = true;
    last_times_ = otlp::randomness_range / kept;
    if (const auto rest = otlp::randomness_range % kept; rest != 0 && random_() % kept < rest)
      ++last_times_;
    return last_times_;
  }

  // -- keys: what tells series of a resource apart --

  void make_key(const read_span& span, const std::vector<dimension_config>& dimensions,
                std::string_view event) {
    key_.clear();
    key_.push_back(static_cast<char>(excluded_.kind ? 0 : std::min<std::uint64_t>(span.kind, 6)));
    key_.push_back(
        static_cast<char>(excluded_.status ? 0 : std::min<std::uint64_t>(span.status, 3)));
    key_.push_back(static_cast<char>(config_.enable_metrics_sampling_method && extrapolated_));
    if (!excluded_.service && !config_.resource_metrics_key_attributes.empty())
      append_text(service_);
    if (!excluded_.name)
      append_text(span.name);
    add_dimensions(span, dimensions, event);
  }

  void append_text(std::string_view text) {
    wire::append_varint(key_, text.size());
    key_.append(text);
  }

  void add_dimensions(const read_span& span, const std::vector<dimension_config>& dimensions,
                      std::string_view event) {
    for (const auto& d : dimensions) {
      const auto any = value_of(d, span, event);
      if (any)
        append_text(editing::text_of(*any, text_));
      key_.push_back(any ? '\1' : '\0');
    }
  }

  // The span's own attribute, else the event's, else the resource's, else the default.
  std::optional<std::string_view> value_of(const dimension_config& d, const read_span& span,
                                           std::string_view event) {
    auto any = attribute_of(span.whole, span_attributes, d.name);
    if (!any && !event.empty())
      any = attribute_of(event, event_attributes, d.name);
    if (!any)
      any = attribute_of(resource_, resource_attributes, d.name);
    if (!any && d.default_value) {
      default_.clear();
      wire::append_bytes_field(default_, 1, *d.default_value);
      any = default_;
    }
    return any;
  }

  // -- series --

  connectors::series& series_of(series_table& table, const read_span& span,
                                const std::vector<dimension_config>& further,
                                std::string_view event) {
    const auto hash = codec::hash_in_memory(key_);
    auto* known = table.find(key_, hash);
    if (known == nullptr)
      known = &new_series(table, hash, span, further, event);
    known->last_seen = now_.steady;
    return *known;
  }

  connectors::series& new_series(series_table& table, std::uint64_t hash, const read_span& span,
                                 const std::vector<dimension_config>& further,
                                 std::string_view event) {
    const auto limit = config_.aggregation_cardinality_limit;
    if ((limit > 0 && table.size() >= limit) || series_ >= max_series
        || series_bytes_ >= max_series_bytes) {
      const auto before = table.size();
      auto& over = table.overflow(now_.wall);
      series_ += table.size() - before;
      ++overflowed_;
      return over;
    }
    auto& made = table.add(key_, hash);
    ++series_;
    made.start = now_.wall;
    made.attributes = attributes_of(span, further, event);
    series_bytes_ += bytes_of(made);
    return made;
  }

  // At the most, once its buckets are all there.
  std::size_t bytes_of(const connectors::series& one) const {
    const auto buckets = config_.histogram.exponential ? config_.histogram.exponential->max_size
                                                       : bounds_.size() + 1;
    return sizeof(one) + one.key.size() + one.attributes.size() + 8 * buckets;
  }

  void add_up() {
    series_ = 0;
    series_bytes_ = 0;
    for (auto& resource : resources_.all())
      for (auto* table : {&resource.calls, &resource.durations, &resource.events})
        for (const auto& one : table->all()) {
          ++series_;
          series_bytes_ += bytes_of(one);
        }
  }

  std::string attributes_of(const read_span& span, const std::vector<dimension_config>& further,
                            std::string_view event) {
    std::string made;
    const auto put = [&](bool left_out, std::string_view key, std::string_view text) {
      if (!left_out)
        append_text_attribute(made, 7, key, text);
    };
    put(excluded_.service, "service.name", service_);
    put(excluded_.name, "span.name", span.name);
    put(excluded_.kind, "span.kind", kind_text(span.kind));
    put(excluded_.status, "status.code", status_text(span.status));
    put(excluded_.instance, "collector.instance.id", instance_);
    put_scope(made);
    put(!config_.enable_metrics_sampling_method, "sampling.method",
        extrapolated_ ? "extrapolated" : "counted");
    for (const auto* dimensions : {&config_.dimensions, &further})
      for (const auto& d : *dimensions)
        if (const auto any = value_of(d, span, event))
          append_attribute(made, 7, d.name, *any);
    return made;
  }

  void put_scope(std::string& made) const {
    std::string_view name, version;
    wire::for_each_field(scope_, [&](const wire::field& f) {
      if (f.number == 1)
        name = f.bytes;
      else if (f.number == 2)
        version = f.bytes;
    });
    const auto& wanted = config_.include_instrumentation_scope;
    if (name.empty() || std::find(wanted.begin(), wanted.end(), name) == wanted.end())
      return;
    append_text_attribute(made, 7, "span.instrumentation.scope.name", name);
    if (!version.empty())
      append_text_attribute(made, 7, "span.instrumentation.scope.version", version);
  }

  // Behind a flush: what is over, and exemplars.
  void forget() {
    exemplars_ = 0;
    if (is_delta()) {
      resources_.remove_if([](const auto&) { return true; });
      return add_up();
    }
    const auto age_of = [](std::chrono::milliseconds time) -> steady_ns {
      return time / std::chrono::nanoseconds(1);
    };
    const auto resource_age = age_of(config_.metrics_expiration);
    const auto series_age = age_of(config_.series_expiration);
    for (auto& resource : resources_.all())
      for (auto* table : {&resource.calls, &resource.durations, &resource.events}) {
        if (config_.exemplars.enabled)
          for (auto& one : table->all())
            one.exemplars.clear();
        if (series_age > 0)
          table->remove_if(
              [&](const auto& one) { return now_.steady - one.last_seen >= series_age; });
      }
    resources_.remove_if([&](const auto& resource) {
      return resource.evicted
             || (resource_age > 0 && now_.steady - resource.last_seen >= resource_age);
    });
    add_up();
  }

  const spanmetrics_config config_;
  const std::string instance_;
  const excluded excluded_;
  const std::vector<double> bounds_;
  const double unit_; ///< Nanoseconds of one.
  const bool durations_apart_;
  resource_cache resources_;
  delta_times last_deltas_{config_.metric_timestamp_cache_size};
  std::uint64_t series_ = 0, series_bytes_ = 0, overflowed_ = 0, exemplars_ = 0;

  // Of what is in hand.
  moment now_;
  std::string_view resource_, service_, scope_;
  std::string key_, text_, default_;
  std::string last_state_;
  std::uint64_t last_times_ = 1;
  bool extrapolated_ = false;
  std::mt19937_64 random_{std::random_device{}()};
};

} // namespace

meter_ptr make_spanmetrics(const spanmetrics_config& config, const std::string& instance) {
  return std::make_shared<spanmetrics>(config, instance);
}

} // namespace weir::connectors
