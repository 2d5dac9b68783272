#pragma once

#include "otlp/wire.hpp"

#include <cstdint>
#include <string>
#include <string_view>

// How meters write down what they know.
namespace weir::connectors {

inline void save_number(std::string& out, std::uint64_t value) {
  otlp::wire::append_varint(out, value);
}

inline void save_text(std::string& out, std::string_view text) {
  save_number(out, text.size());
  out.append(text);
}

/// Reads it again; what is not there reads as nothing, and is no longer good().
class saved_reader {
public:
  explicit saved_reader(std::string_view saved) : rest_(saved) {}

  std::uint64_t number() noexcept {
    std::uint64_t value = 0;
    take(otlp::wire::read_varint(rest_.data(), end(), value));
    return good_ ? value : 0;
  }

  std::string_view text() noexcept {
    std::string_view text;
    take(otlp::wire::read_bytes(rest_.data(), end(), text));
    return good_ ? text : std::string_view{};
  }

  bool good() const noexcept { return good_; }
  std::string_view rest() const noexcept { return rest_; }

private:
  const char* end() const noexcept { return rest_.data() + rest_.size(); }
  void take(const char* after) noexcept {
    good_ = good_ && after != nullptr;
    rest_ = good_ ? std::string_view(after, static_cast<std::size_t>(end() - after))
                  : std::string_view{};
  }

  std::string_view rest_;
  bool good_ = true;
};

} // namespace weir::connectors
