// Included by features.hpp only.
#include "otlp/wire.hpp"

namespace weir::otlp {

namespace detail {

/// Reads one field of a span other than its attributes into `s`.
void read_span_field(const wire::field& f, span_summary& s) noexcept;

template <class OnAttribute>
void read_attribute(std::string_view key_value, OnAttribute&& on_attribute) {
  std::string_view key;
  value_ref value;
  wire::for_each_field(key_value, [&](const wire::field& f) {
    if (f.number == 1)
      key = f.bytes;
    else if (f.number == 2)
      value = read_value(f.bytes);
  });
  on_attribute(key, value);
}

} // namespace detail

template <class OnAttribute>
span_summary read_span(std::string_view body, OnAttribute&& on_attribute) {
  constexpr std::uint32_t attributes = 9;
  span_summary s;
  wire::for_each_field(body, [&](const wire::field& f) {
    if (f.number == attributes)
      detail::read_attribute(f.bytes, on_attribute);
    else
      detail::read_span_field(f, s);
  });
  return s;
}

template <class OnAttribute>
void read_resource_attributes(std::string_view resource_envelope, OnAttribute&& on_attribute) {
  wire::for_each_field(resource_envelope, [&](const wire::field& resource) {
    if (resource.number == 1)
      wire::for_each_field(resource.bytes, [&](const wire::field& f) {
        if (f.number == 1)
          detail::read_attribute(f.bytes, on_attribute);
      });
  });
}

} // namespace weir::otlp
