#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <spdlog/spdlog.h>
#include <string>
#include <string_view>
#include <variant>

// Logging: spdlog's default logger, set up once at start. Levels by what an operator must do:
// error = data was lost or someone must act; warn = someone should look; info = life events; debug.
//
// A line has a text for a person, and fields for a machine, whose names are always the same:
// component (a receiver, processor, exporter or extension with its signal, where there is one),
// pipeline, exporter, receiver, and counts by what they count (items, bytes, entries, ...).
//
//   log::warn({{"exporter", id}, {"items", waiting}}, "the back end is away: {}", reason);
namespace weir::log {

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

/// One field of a line. Texts are views: they live until the call returns.
struct field {
  using content = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  std::string_view name;
  content value;

  template <class Text>
  requires std::convertible_to<const Text&, std::string_view> field(std::string_view field_name,
                                                                    const Text& text)
      : name(field_name), value(std::string_view(text)) {}
  field(std::string_view field_name, bool truth) : name(field_name), value(truth) {}
  field(std::string_view field_name, std::floating_point auto number)
      : name(field_name), value(static_cast<double>(number)) {}
  field(std::string_view field_name, std::signed_integral auto number)
      : name(field_name), value(static_cast<std::int64_t>(number)) {}
  field(std::string_view field_name, std::unsigned_integral auto number)
      : name(field_name), value(static_cast<std::uint64_t>(number)) {}
};
using fields = std::initializer_list<field>;

/// Writes one line. Encoding json: the fields are members beside "msg"; console: behind the text,
/// as JSON.
void write(spdlog::level::level_enum level, fields fields, std::string_view text);

template <class... Args>
void write_formatted(spdlog::level::level_enum level, fields fields,
                     fmt::format_string<Args...> text, Args&&... args) {
  if (spdlog::should_log(level))
    write(level, fields, fmt::format(text, std::forward<Args>(args)...));
}

template <class... Args>
void debug(fields fields, fmt::format_string<Args...> text, Args&&... args) {
  write_formatted(spdlog::level::debug, fields, text, std::forward<Args>(args)...);
}
template <class... Args>
void info(fields fields, fmt::format_string<Args...> text, Args&&... args) {
  write_formatted(spdlog::level::info, fields, text, std::forward<Args>(args)...);
}
template <class... Args>
void warn(fields fields, fmt::format_string<Args...> text, Args&&... args) {
  write_formatted(spdlog::level::warn, fields, text, std::forward<Args>(args)...);
}
template <class... Args>
void error(fields fields, fmt::format_string<Args...> text, Args&&... args) {
  write_formatted(spdlog::level::err, fields, text, std::forward<Args>(args)...);
}

/// How log lines look and where they go.
struct config {
  std::string level = "info";       ///< debug, info, warn or error
  std::string encoding = "console"; ///< console or json

  friend bool operator==(const config&, const config&) = default;
};

/// Replaces the default logger by one that writes to standard error. An unknown level means info.
void configure(const config& options);

/// Says whether a message of a kind may be logged now: the first of each kind, then one per
/// `interval_s` seconds, so that a fault that repeats cannot flood the log. Any thread.
bool permit(std::string_view kind, unsigned interval_s = 10);

} // namespace weir::log
