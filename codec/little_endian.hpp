#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

// Fixed-size fields of on-disk headers, little endian.
namespace weir::codec {

static_assert(std::endian::native == std::endian::little,
              "on-disk headers are copied as they lie in memory");

/// Puts fields one behind the other into memory that the caller knows to be large enough.
class field_writer {
public:
  explicit field_writer(char* out) noexcept : next_(out) {}

  template <class T>
  void put(T value) noexcept {
    static_assert(std::is_integral_v<T> || std::is_enum_v<T>);
    std::memcpy(next_, &value, sizeof value);
    next_ += sizeof value;
  }

private:
  char* next_;
};

/// Takes fields one behind the other from bytes that the caller knows to be long enough.
class field_reader {
public:
  explicit field_reader(std::string_view bytes) noexcept : next_(bytes.data()) {}

  template <class T>
  T read() noexcept {
    static_assert(std::is_integral_v<T>);
    T value;
    std::memcpy(&value, next_, sizeof value);
    next_ += sizeof value;
    return value;
  }

private:
  const char* next_;
};

} // namespace weir::codec
