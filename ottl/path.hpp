#pragma once

#include "ottl/value.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace weir::ottl {

/// What a statement is about: each sees its item and those that hold it.
enum class context_kind : std::uint8_t { resource, scope, span, spanevent, metric, datapoint, log };

/// "span"
std::string_view to_string(context_kind c) noexcept;
/// By its name, or by `instrumentation_scope`.
std::optional<context_kind> context_named(std::string_view name) noexcept;

/// Whether statements of `kind` may name paths of `other`: its own, or those of what holds it.
bool sees(context_kind kind, context_kind other) noexcept;

/// How a path is read from its item and written to it.
enum class access : std::uint8_t {
  attributes, ///< The map, or what its keys lead to.
  body,       ///< A log record's, which may be any value.
  body_text,
  cache, ///< A map that lives as long as the statements run on one item.
  text,
  varint,
  fixed32,
  fixed64,
  time,
  trace_id,
  span_id,
  trace_id_text,
  span_id_text,
  trace_state, ///< The text, or with a key the member's value.
  kind_text,
  kind_old_text,
  status_code,
  status_message,
  messages, ///< How many there are.
  event_index,
  metric_type,
  metric_varint,  ///< Of the sum, histogram, ... that the metric holds.
  metric_boolean, ///< Of a sum.
  metric_points,  ///< How many data points it has.
  point_integer,
  point_real,
  point_flags,
  point_start,
  point_start_time,
  point_time_nano,
  point_time,
  point_count,
  point_sum,
  point_scale,
  point_zero_count,
  point_buckets,
  point_bounds,
  point_exemplars,
};

/// A path that there is: `span.status.code`.
struct path_info {
  context_kind context;
  std::string_view name; ///< Behind the context: "status.code".
  access form;
  std::uint8_t field = 0;            ///< Number on the wire, where one number says it.
  value_type type = value_type::nil; ///< What it takes; nil: any value that can be stored.
  bool writable = true;
  bool has_keys = false; ///< Keys may follow.
};

/// The path of a context with that name, or null.
const path_info* find_path(context_kind kind, std::string_view name) noexcept;

/// All of them, in the order of the documentation.
const std::vector<path_info>& all_paths();

/// The value of `SPAN_KIND_SERVER` and the like in a context.
std::optional<std::int64_t> find_enumerator(context_kind kind, std::string_view name) noexcept;

} // namespace weir::ottl
