#pragma once

#include "core/clock.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::connectors {

/// What meters look at in a span, as slices of its bytes.
struct read_span {
  std::string_view trace, span, parent, name, state;
  std::uint64_t kind = 0;
  std::uint64_t status = 0;
  unix_ns start = 0, end = 0;
  std::string_view whole;

  unix_ns duration() const noexcept { return end > start ? end - start : 0; }
};

/// Reads a span's own fields, once. Attributes and events are not looked at.
read_span read(std::string_view span) noexcept;

/// The value (an any) of an attribute in field `number` of a message.
std::optional<std::string_view> attribute_of(std::string_view message, std::uint32_t number,
                                             std::string_view key) noexcept;

/// Field numbers of attributes.
inline constexpr std::uint32_t resource_attributes = 1;
inline constexpr std::uint32_t span_attributes = 9;
inline constexpr std::uint32_t event_attributes = 3;

/// Whether an id is there, and not all zeros.
bool is_id(std::string_view id) noexcept;

/// "SPAN_KIND_SERVER"; "" for what is none.
std::string_view kind_text(std::uint64_t kind) noexcept;
/// "STATUS_CODE_ERROR"; "" for what is none.
std::string_view status_text(std::uint64_t code) noexcept;

} // namespace weir::connectors
