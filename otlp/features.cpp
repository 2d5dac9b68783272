#include "otlp/features.hpp"

namespace weir::otlp {

namespace {

std::uint8_t status_code_of(std::string_view status, std::uint8_t before) noexcept {
  constexpr std::uint32_t code = 3;
  wire::for_each_field(status, [&](const wire::field& f) {
    if (f.number == code)
      before = static_cast<std::uint8_t>(f.value);
  });
  return before;
}

bool is_absent(std::string_view id) noexcept {
  for (char c : id)
    if (c != 0)
      return false;
  return true;
}

} // namespace

value_ref read_value(std::string_view any_value) noexcept {
  value_ref v;
  wire::for_each_field(any_value, [&](const wire::field& f) {
    if (f.number < 1 || f.number > 7)
      return;
    v = {};
    v.kind = static_cast<value_kind>(f.number); // value_kind stands in the order of the fields
    switch (v.kind) {
    case value_kind::boolean:
      v.boolean = f.value != 0;
      break;
    case value_kind::integer:
      v.integer = static_cast<std::int64_t>(f.value);
      break;
    case value_kind::real:
      v.real = f.real();
      break;
    default:
      v.bytes = f.bytes;
      break;
    }
  });
  return v;
}

void detail::read_span_field(const wire::field& f, span_summary& s) noexcept {
  switch (f.number) {
  case 3:
    s.trace_state = f.bytes;
    break;
  case 4:
    s.is_root = is_absent(f.bytes);
    break;
  case 5:
    s.name = f.bytes;
    break;
  case 6:
    s.kind = static_cast<std::uint8_t>(f.value);
    break;
  case 7:
    s.start_ns = f.value;
    break;
  case 8:
    s.end_ns = f.value;
    break;
  case 15:
    s.status_code = status_code_of(f.bytes, s.status_code);
    break;
  case 16:
    s.flags = static_cast<std::uint32_t>(f.value);
    break;
  default:
    break;
  }
}

span_summary read_span(std::string_view body) {
  span_summary s;
  wire::for_each_field(body, [&](const wire::field& f) { detail::read_span_field(f, s); });
  return s;
}

} // namespace weir::otlp
