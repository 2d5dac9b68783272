#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

// The trace state of a span ("key1=value1,key2=value2").
// Source: W3C Trace Context, https://www.w3.org/TR/trace-context-1/#tracestate-header
namespace weir::otlp {

/// A longer trace state is not valid.
inline constexpr std::size_t max_trace_state_members = 32;

struct trace_state_member {
  std::string_view key;
  std::string_view value;
};

bool is_trace_state_key(std::string_view key) noexcept;
bool is_trace_state_value(std::string_view value) noexcept;

/// Without the blanks and tabs that may stand around a member.
std::string_view trim_trace_state(std::string_view text) noexcept;

/// Cuts the part up to the separator off the front of `text`; all of it where there is none.
std::string_view cut_at(std::string_view& text, char separator) noexcept;

/// A trace state taken apart.
class trace_state_list {
public:
  std::span<const trace_state_member> members() const noexcept { return {members_.data(), count_}; }
  /// nullptr where the key is not there.
  const trace_state_member* find(std::string_view key) const noexcept;

private:
  friend std::optional<trace_state_list> read_trace_state(std::string_view text) noexcept;

  std::array<trace_state_member, max_trace_state_members> members_;
  std::size_t count_ = 0;
};

/// None where anything in the list breaks the format, a key that is there twice included: a list
/// that is not valid counts as none.
std::optional<trace_state_list> read_trace_state(std::string_view text) noexcept;

/// The value of `key`; none where it is not there or the list is not valid.
std::optional<std::string_view> trace_state_value(std::string_view text,
                                                  std::string_view key) noexcept;

} // namespace weir::otlp
