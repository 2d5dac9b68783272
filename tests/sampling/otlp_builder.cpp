#include "otlp_builder.hpp"

namespace weir::sampling::testing {

namespace {

void put_varint(std::uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_bytes(unsigned field, std::string_view bytes, std::string& out) {
  put_varint(field << 3 | 2, out);
  put_varint(bytes.size(), out);
  out += bytes;
}

void put_number(unsigned field, std::uint64_t value, std::string& out) {
  put_varint(field << 3, out);
  put_varint(value, out);
}

template <class T>
void put_fixed(unsigned field, T value, std::string& out) {
  put_varint(field << 3 | (sizeof(T) == 8 ? 1U : 5U), out);
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  out.append(raw, sizeof(T));
}

std::string any_value(const attribute_value& value) {
  std::string out;
  if (const auto* text = std::get_if<std::string>(&value))
    put_bytes(1, *text, out);
  else if (const auto* boolean = std::get_if<bool>(&value))
    put_number(2, *boolean ? 1 : 0, out);
  else if (const auto* integer = std::get_if<std::int64_t>(&value))
    put_number(3, static_cast<std::uint64_t>(*integer), out);
  else
    put_fixed(4, std::get<double>(value), out);
  return out;
}

void put_attributes(unsigned field, const attributes& attributes, std::string& out) {
  for (const auto& [key, value] : attributes) {
    std::string pair;
    put_bytes(1, key, pair);
    put_bytes(2, any_value(value), pair);
    put_bytes(field, pair, out);
  }
}

std::string raw(std::uint64_t number) {
  std::string out(8, '\0');
  std::memcpy(out.data(), &number, 8);
  return out;
}

} // namespace

trace_id id_of(std::uint64_t number) {
  return trace_id::from(raw(number * 0x9e37'79b9'7f4a'7c15ULL + 1) + raw(number));
}

std::string span_body(const test_span& span) {
  std::string out;
  put_bytes(1, span.trace.view(), out);
  put_bytes(2, raw(span.id), out);
  if (!span.trace_state.empty())
    put_bytes(3, span.trace_state, out);
  if (span.parent != 0)
    put_bytes(4, raw(span.parent), out);
  put_bytes(5, span.name, out);
  put_fixed(7, span.start_ns, out);
  put_fixed(8, span.end_ns, out);
  put_attributes(9, span.on_span, out);
  if (span.status != 0) {
    std::string status;
    put_number(3, static_cast<std::uint64_t>(span.status), status);
    put_bytes(15, status, out);
  }
  if (span.flags != 0)
    put_fixed(16, span.flags, out);
  return out;
}

std::string message_of(const std::vector<test_span>& spans) {
  std::string out;
  for (std::size_t position = 0; position < spans.size();) {
    const auto& shared = spans[position].on_resource;
    std::string scope_spans;
    for (; position < spans.size() && spans[position].on_resource == shared; ++position)
      put_bytes(2, span_body(spans[position]), scope_spans);
    std::string resource;
    put_attributes(1, shared, resource);
    std::string resource_spans;
    put_bytes(1, resource, resource_spans);
    put_bytes(2, scope_spans, resource_spans);
    put_bytes(1, resource_spans, out);
  }
  return out;
}

} // namespace weir::sampling::testing
