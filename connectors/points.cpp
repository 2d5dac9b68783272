#include "connectors/points.hpp"

#include "otlp/wire.hpp"

namespace weir::connectors {

namespace wire = otlp::wire;

void append_attribute(std::string& out, std::uint32_t number, std::string_view key,
                      std::string_view any) {
  const auto size = 1 + wire::varint_size(key.size()) + key.size() + 1
                    + wire::varint_size(any.size()) + any.size();
  wire::append_tag(out, number, wire::type::bytes);
  wire::append_varint(out, size);
  wire::append_bytes_field(out, 1, key);
  wire::append_bytes_field(out, 2, any);
}

void append_text_attribute(std::string& out, std::uint32_t number, std::string_view key,
                           std::string_view text) {
  std::string any;
  wire::append_bytes_field(any, 1, text);
  append_attribute(out, number, key, any);
}

void append_times(std::string& out, unix_ns start, unix_ns time) {
  wire::append_fixed64_field(out, 2, start);
  wire::append_fixed64_field(out, 3, time);
}

void append_metric(std::string& out, metric_kind kind, std::string_view name,
                   std::string_view description, std::string_view unit, bool delta,
                   std::string_view points) {
  std::string data(points);
  wire::append_varint_field(data, 2, delta ? 1 : 2);
  if (kind == metric_kind::sum)
    wire::append_varint_field(data, 3, 1);
  std::string metric;
  wire::append_bytes_field(metric, 1, name);
  if (!description.empty())
    wire::append_bytes_field(metric, 2, description);
  if (!unit.empty())
    wire::append_bytes_field(metric, 3, unit);
  const auto number = kind == metric_kind::sum ? 7U : kind == metric_kind::histogram ? 9U : 10U;
  wire::append_bytes_field(metric, number, data);
  wire::append_bytes_field(out, 2, metric);
}

void append_resource_metrics(std::string& out, std::string_view resource, std::string_view scope,
                             std::string_view metrics) {
  std::string named;
  wire::append_bytes_field(named, 1, scope);
  std::string inside;
  wire::append_bytes_field(inside, 1, named);
  inside.append(metrics);
  std::string whole;
  wire::append_bytes_field(whole, 1, resource);
  wire::append_bytes_field(whole, 2, inside);
  wire::append_bytes_field(out, 1, whole);
}

} // namespace weir::connectors
