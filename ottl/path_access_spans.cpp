#include "ottl/path_access.hpp"

#include "otlp/json_text.hpp"
#include "otlp/trace_state.hpp"
#include "ottl/trace_state.hpp"

#include <array>

// What belongs to a span: ids (of log records too), trace state, kind, status.
namespace weir::ottl {

namespace wire = otlp::wire;

namespace {

constexpr std::uint32_t status_message_field = 2;
constexpr std::uint32_t status_code_field = 3;

constexpr std::array<std::string_view, 6> kinds{"Unspecified", "Internal", "Server",
                                                "Client",      "Producer", "Consumer"};
constexpr std::array<std::string_view, 6> old_kinds{"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL",
                                                    "SPAN_KIND_SERVER",      "SPAN_KIND_CLIENT",
                                                    "SPAN_KIND_PRODUCER",    "SPAN_KIND_CONSUMER"};

wire::field last_field(std::string_view message, std::uint32_t number) {
  wire::field found;
  wire::for_each_field(message, [&](const wire::field& f) {
    if (f.number == number)
      found = f;
  });
  return found;
}

/// Appends the fields of a message but for those of one number.
void append_other_fields(text_builder& made, std::string_view message, std::uint32_t number) {
  const char* position = message.data();
  const char* end = position + message.size();
  for (wire::field f; position != nullptr && position < end;) {
    const char* next = wire::read_field(position, end, f);
    if (next != nullptr && f.number != number)
      made.append({position, static_cast<std::size_t>(next - position)});
    position = next;
  }
}

/// An id of the right length; none is all zeros, as in the Collector.
std::string_view id_of(std::string_view bytes, std::size_t size) {
  static constexpr std::array<char, 16> zeros{};
  return bytes.size() == size ? bytes : std::string_view(zeros.data(), size);
}

std::size_t id_size(access form) {
  return form == access::trace_id || form == access::trace_id_text ? 16 : 8;
}

const auto& kind_names(access form) {
  return form == access::kind_text ? kinds : old_kinds;
}

} // namespace

bool path_access::get_id(value& out) {
  out = value::of_bytes(info_.type, id_of(on().bytes(info_.field), id_size(info_.form)));
  return true;
}

bool path_access::get_id_text(value& out) {
  e_.workspace_.text.clear();
  otlp::append_hex(id_of(on().bytes(info_.field), id_size(info_.form)), e_.workspace_.text);
  return finish_text(out);
}

bool path_access::set_id(const value& v) {
  std::string_view bytes = v.bytes;
  if (v.is(value_type::string)) {
    e_.workspace_.text.clear();
    if (v.bytes.size() != 2 * id_size(info_.form)
        || !otlp::append_from_hex(v.bytes, e_.workspace_.text))
      return e_.fail("expected an id in hexadecimal");
    bytes = e_.workspace_.text;
  }
  return set_text(bytes);
}

bool path_access::get_trace_state(value& out) {
  out = value::of_string(on().bytes(info_.field));
  resolved_key k;
  if (path_.keys.count == 0)
    return true;
  if (!first_key(k))
    return false;
  if (!k.is_text)
    return e_.fail("expected a string as the key of a trace state", value_type::integer);
  const auto list = otlp::read_trace_state(out.bytes);
  const auto* member = list ? list->find(k.text) : nullptr;
  out = list ? value::of_string(member != nullptr ? member->value : "") : value{};
  return true;
}

bool path_access::set_trace_state(const value& v) {
  if (path_.keys.count == 0)
    return set_text(v.bytes);
  resolved_key k;
  if (!first_key(k))
    return false;
  if (!k.is_text)
    return e_.fail("expected a string as the key of a trace state", value_type::integer);
  text_builder made(e_.workspace_.memory);
  if (!put_trace_state_member(on().bytes(info_.field), k.text, v.bytes, made))
    return true; // what would not be a trace state is left alone, as in the Collector
  if (!made.ok())
    return e_.fail("the value grew too large");
  return set_text(made.view());
}

bool path_access::get_kind(value& out) {
  const auto& names = kind_names(info_.form);
  const auto kind = on().number(info_.field);
  out = value::of_string(kind < names.size() ? names[kind] : std::string_view{});
  return true;
}

bool path_access::set_kind(const value& v) {
  const auto& names = kind_names(info_.form);
  for (std::size_t n = 0; n < names.size(); ++n) {
    if (names[n] == v.bytes) {
      on().set_varint(info_.field, n);
      return true;
    }
  }
  return e_.fail("expected the name of a span kind");
}

bool path_access::get_status(value& out) {
  const auto status = on().bytes(info_.field);
  if (info_.form == access::status_code)
    out = value::of(enumerated(last_field(status, status_code_field).value));
  else
    out = value::of_string(last_field(status, status_message_field).bytes);
  return true;
}

bool path_access::set_status(const value& v) {
  const bool code = info_.form == access::status_code;
  const auto field = code ? status_code_field : status_message_field;
  text_builder made(e_.workspace_.memory);
  append_other_fields(made, on().bytes(info_.field), field);
  auto& text = e_.workspace_.text;
  text.clear();
  if (code)
    wire::append_varint_field(text, field, enumerated_on_wire(v.integer));
  else
    wire::append_bytes_field(text, field, v.bytes);
  made.append(text);
  if (!made.ok())
    return e_.fail("the value grew too large");
  return set_text(made.view());
}

} // namespace weir::ottl
