#include "connectors/span_metrics_writer.hpp"

#include "codec/hash.hpp"
#include "connectors/points.hpp"
#include "connectors/saving.hpp"
#include "otlp/wire.hpp"

#include <bit>

namespace weir::connectors {

namespace {

namespace wire = otlp::wire;

constexpr std::size_t wanted_bytes = 1 << 20;         ///< Of a message.
constexpr std::size_t piece_bytes = wanted_bytes / 4; ///< Of points between two looks at it.
constexpr std::size_t most_saved = 64 << 20;

std::string packed(const std::vector<double>& values) {
  std::string made;
  for (const auto value : values)
    wire::append_fixed(made, value);
  return made;
}

} // namespace

unix_ns delta_times::exchange(const std::string& key, unix_ns otherwise, unix_ns now) {
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    all_.splice(all_.begin(), all_, known->second);
    return std::exchange(known->second->time, now);
  }
  all_.push_front({key, now});
  by_key_[key] = all_.begin();
  if (all_.size() > size_) {
    by_key_.erase(all_.back().key);
    all_.pop_back();
  }
  return otherwise;
}

span_metrics_writer::span_metrics_writer(const spanmetrics_config& config,
                                         const std::vector<double>& bounds, unix_ns now)
    : config_(config), bounds_(bounds), now_(now), packed_bounds_(packed(bounds)),
      prefix_(config.namespace_.empty() ? "" : config.namespace_ + ".") {}

void span_metrics_writer::write(resource_series& resource, bool durations_apart,
                                delta_times& last) {
  write(resource, resource.calls, measure::calls, last);
  if (!config_.histogram.disable)
    write(resource, durations_apart ? resource.durations : resource.calls, measure::durations,
          last);
  if (config_.events.enabled)
    write(resource, resource.events, measure::events, last);
  close_resource(resource);
}

void span_metrics_writer::write(resource_series& resource, series_table& table, measure kind,
                                delta_times& last) {
  const bool delta = config_.aggregation_temporality == temporality::delta;
  for (auto& one : table.all()) {
    const auto start = delta ? last.exchange(
                           resource.key + '\0' + static_cast<char>(kind) + one.key, one.start, now_)
                             : one.start;
    append_point(one, kind, start);
    if (kind != measure::durations)
      one.flushed = true;
    if (points_.size() < piece_bytes)
      continue;
    close_metric(kind);
    close_resource(resource);
  }
  close_metric(kind);
}

void span_metrics_writer::append_point(const series& one, measure kind, unix_ns start) {
  point_.clear();
  append_times(point_, start, now_);
  if (kind == measure::durations)
    append_histogram(one);
  else
    append_count(one);
  wire::append_bytes_field(points_, 1, point_);
  ++count_;
}

// A cumulative series begins with 0, so that who takes rates of it sees what it begins with.
void span_metrics_writer::append_count(const series& one) {
  const bool delta = config_.aggregation_temporality == temporality::delta;
  wire::append_fixed64_field(point_, 6, delta || one.flushed ? one.count : 0);
  append_exemplars(one, 5);
  point_.append(one.attributes);
}

void span_metrics_writer::append_histogram(const series& one) {
  if (config_.histogram.exponential) {
    static const expo_histogram none;
    (one.exponential ? *one.exponential : none).append_fields(point_);
    append_exemplars(one, 11);
    point_.append(with_field(one.attributes, 1));
    return;
  }
  wire::append_fixed64_field(point_, 4, one.count);
  wire::append_double_field(point_, 5, one.sum);
  std::string counts;
  for (const auto count : one.buckets)
    wire::append_fixed(counts, count);
  wire::append_bytes_field(point_, 6, counts);
  if (!bounds_.empty())
    wire::append_bytes_field(point_, 7, packed_bounds_);
  append_exemplars(one, 8);
  point_.append(with_field(one.attributes, 9));
}

void span_metrics_writer::append_exemplars(const series& one, std::uint32_t number) {
  std::string made;
  for (const auto& e : one.exemplars) {
    made.clear();
    wire::append_fixed64_field(made, 2, now_);
    wire::append_double_field(made, 3, e.value);
    wire::append_bytes_field(made, 4, e.span);
    wire::append_bytes_field(made, 5, e.trace);
    wire::append_bytes_field(point_, number, made);
  }
}

void span_metrics_writer::close_metric(measure kind) {
  if (points_.empty())
    return;
  const bool delta = config_.aggregation_temporality == temporality::delta;
  if (kind == measure::durations)
    append_metric(metrics_,
                  config_.histogram.exponential ? metric_kind::exponential_histogram
                                                : metric_kind::histogram,
                  prefix_ + "duration", {}, config_.histogram.unit == duration_unit::s ? "s" : "ms",
                  delta, points_);
  else
    append_metric(metrics_, metric_kind::sum,
                  prefix_ + (kind == measure::calls ? "calls" : "events"), {}, {}, delta, points_);
  points_.clear();
}

void span_metrics_writer::close_resource(const resource_series& resource) {
  if (metrics_.empty())
    return;
  append_resource_metrics(message_, resource.attributes, "spanmetricsconnector", metrics_);
  metrics_.clear();
  if (message_.size() + piece_bytes > wanted_bytes)
    close_message();
}

void span_metrics_writer::close_message() {
  if (count_ > 0)
    done_.push_back({std::move(message_), count_});
  message_.clear();
  count_ = 0;
}

std::vector<measured> span_metrics_writer::take() {
  close_message();
  return std::move(done_);
}

// -- what is kept over a stop; format: as it is written here, in this order --

namespace {

void save(const series_table& table, std::string& out) {
  save_number(out, table.size());
  for (const auto& one : table.all()) {
    save_text(out, one.key);
    save_text(out, one.attributes);
    save_number(out, one.start);
    save_number(out, one.flushed);
    save_number(out, one.overflow);
    save_number(out, one.count);
    save_number(out, std::bit_cast<std::uint64_t>(one.sum));
    save_number(out, one.buckets.size());
    for (const auto count : one.buckets)
      save_number(out, count);
    save_number(out, one.exponential != nullptr);
    if (one.exponential)
      one.exponential->save(out);
  }
}

bool restore(saved_reader& in, series_table& table, steady_ns now) {
  const auto size = in.number();
  for (std::uint64_t i = 0; i < size && in.good(); ++i) {
    std::string key(in.text());
    const auto hash = codec::hash_in_memory(key);
    if (table.find(key, hash) != nullptr)
      return false;
    auto& one = table.add(std::move(key), hash);
    one.attributes = in.text();
    one.start = in.number();
    one.last_seen = now;
    one.flushed = in.number() != 0;
    one.overflow = in.number() != 0;
    one.count = in.number();
    one.sum = std::bit_cast<double>(in.number());
    const auto buckets = in.number();
    if (buckets > in.rest().size())
      return false;
    for (std::uint64_t b = 0; b < buckets; ++b)
      one.buckets.push_back(in.number());
    if (in.number() == 0)
      continue;
    one.exponential = std::make_unique<expo_histogram>();
    auto rest = in.rest();
    if (!one.exponential->restore(rest))
      return false;
    in = saved_reader(rest);
  }
  return in.good();
}

} // namespace

std::string save_span_series(const resource_cache& resources) {
  std::string out;
  for (auto it = resources.all().rbegin(); it != resources.all().rend(); ++it) {
    save_text(out, it->key);
    save_text(out, it->attributes);
    for (const auto* table : {&it->calls, &it->durations, &it->events})
      save(*table, out);
    if (out.size() > most_saved)
      return {};
  }
  // Never empty: that would say that it is too much.
  return out.empty() ? std::string(1, '\0') : out;
}

bool restore_span_series(std::string_view saved, resource_cache& resources, steady_ns now) {
  if (saved.size() == 1)
    return true;
  saved_reader in(saved);
  while (!in.rest().empty() && in.good()) {
    std::string key(in.text());
    auto& resource = resources.add(std::move(key), std::string(in.text()));
    resource.last_seen = now;
    for (auto* table : {&resource.calls, &resource.durations, &resource.events})
      if (!restore(in, *table, now))
        return false;
  }
  return in.good();
}

} // namespace weir::connectors
