#pragma once

#include "otlp/wire.hpp"

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace weir::backends {

/// A protobuf message, read field by field where it lies: for exporters that must look at
/// everything and are not in a hurry (each look-up walks the message). Of a field that stands
/// several times the last counts; what is malformed ends the message there.
class message_view {
public:
  message_view() = default;
  explicit message_view(std::string_view bytes) noexcept : bytes_(bytes) {}

  std::optional<otlp::wire::field> find(std::uint32_t number) const noexcept {
    std::optional<otlp::wire::field> found;
    each_field([&](const otlp::wire::field& f) {
      if (f.number == number)
        found = f;
    });
    return found;
  }

  bool has(std::uint32_t number) const noexcept { return find(number).has_value(); }

  /// 0 where it is absent.
  std::uint64_t number(std::uint32_t field) const noexcept {
    const auto f = find(field);
    return f ? f->value : 0;
  }
  double real(std::uint32_t field) const noexcept { return std::bit_cast<double>(number(field)); }

  /// "" where it is absent.
  std::string_view text(std::uint32_t field) const noexcept {
    const auto f = find(field);
    return f ? f->bytes : std::string_view();
  }
  message_view message(std::uint32_t field) const noexcept { return message_view(text(field)); }

  /// Calls `on(const wire::field&)` for every field, in order.
  template <class On>
  void each_field(On&& call) const {
    otlp::wire::for_each_field(bytes_, std::forward<On>(call));
  }

  /// Calls `on(message_view)` for every message of a repeated field.
  template <class On>
  void each(std::uint32_t field, On&& call) const {
    each_field([&](const otlp::wire::field& f) {
      if (f.number == field && f.type == otlp::wire::type::bytes)
        call(message_view(f.bytes));
    });
  }

  /// Calls `on(bits)` for every number of a repeated field, packed or not, `fixed64` or varint.
  template <class On>
  void each_number(std::uint32_t field, bool fixed64, On&& call) const {
    each_field([&](const otlp::wire::field& f) {
      if (f.number != field)
        return;
      if (f.type != otlp::wire::type::bytes)
        return call(f.value);
      const char* p = f.bytes.data();
      const char* end = p + f.bytes.size();
      std::uint64_t value = 0;
      while (p != end) {
        p = fixed64 ? otlp::wire::read_fixed(p, end, value)
                    : otlp::wire::read_varint(p, end, value);
        if (p == nullptr)
          return;
        call(value);
      }
    });
  }

  std::string_view bytes() const noexcept { return bytes_; }
  bool empty() const noexcept { return bytes_.empty(); }

private:
  std::string_view bytes_;
};

} // namespace weir::backends
