#include "ottl/convert.hpp"
#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"
#include "ottl/strptime.hpp"
#include "ottl/time_format.hpp"

namespace weir::ottl {

namespace {

using enum parameter_type;

bool now(evaluation& e, const call_info&, value& out) {
  out = value::of_time(value_type::time, static_cast<std::int64_t>(e.on().now));
  return true;
}

bool read_time(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  const auto time = parse_time(text, e.node(c.arguments[1]).literal.bytes, e.on().now);
  if (!time)
    return e.fail("expected a time in the given format");
  out = value::of_time(value_type::time, *time);
  return true;
}

std::string prepare_time(const program& code, call_info& c) {
  if (c.arguments[2].given() && code.expressions[c.arguments[2].expression].literal.bytes != "UTC")
    return "found another location, expected `UTC`";
  const auto format = code.expressions[c.arguments[1].expression].literal.bytes;
  c.uses_clock = !has_year(format);
  return check_time_format(format);
}

bool unix_time(evaluation& e, const call_info& c, value& out) {
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  if (!e.get_integer(c.arguments[0], seconds)
      || (c.arguments[1].given() && !e.get_integer(c.arguments[1], nanoseconds)))
    return false;
  std::int64_t total = 0;
  if (__builtin_mul_overflow(seconds, std::int64_t{1'000'000'000}, &total)
      || __builtin_add_overflow(total, nanoseconds, &total))
    return e.fail("the time is beyond what 64 bits hold");
  out = value::of_time(value_type::time, total);
  return true;
}

bool duration_of(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  const auto length = parse_duration(text);
  if (!length)
    return e.fail("expected a duration such as `5s`");
  out = value::of_time(value_type::duration, *length);
  return true;
}

/// A time's or duration's nanoseconds in whole units; of times before 1970 the unit below.
template <value_type Type, std::int64_t Unit>
bool whole_units(evaluation& e, const call_info& c, value& out) {
  value v;
  if (!e.get_of(c.arguments[0], Type, v))
    return false;
  auto units = v.integer / Unit;
  if (Type == value_type::time && v.integer % Unit < 0)
    --units;
  out = value::of(units);
  return true;
}

template <std::int64_t Unit>
bool real_units(evaluation& e, const call_info& c, value& out) {
  value v;
  if (!e.get_of(c.arguments[0], value_type::duration, v))
    return false;
  // Whole units and the rest apart, as Go does it: the sum is exact for more durations.
  out = value::of(static_cast<double>(v.integer / Unit)
                  + static_cast<double>(v.integer % Unit) / static_cast<double>(Unit));
  return true;
}

} // namespace

std::span<const function_info> time_functions() {
  constexpr auto any_value = result_type::any;
  constexpr auto t = value_type::time;
  constexpr auto d = value_type::duration;
  static const std::vector<function_info> table{
      {"Now", any_value, {}, &now},
      {.name = "Time",
       .parameters = {{"time", text}, {"format", text_literal}, {"location", text_literal, true}},
       .body = &read_time,
       .prepare = &prepare_time},
      {"Unix", any_value, {{"seconds", integer}, {"nanoseconds", integer, true}}, &unix_time},
      {"Duration", any_value, {{"duration", text}}, &duration_of},
      {"UnixNano", any_value, {{"time", parameter_type::time}}, &whole_units<t, 1>},
      {"UnixMicro", any_value, {{"time", parameter_type::time}}, &whole_units<t, 1'000>},
      {"UnixMilli", any_value, {{"time", parameter_type::time}}, &whole_units<t, 1'000'000>},
      {"UnixSeconds", any_value, {{"time", parameter_type::time}}, &whole_units<t, 1'000'000'000>},
      {"Nanoseconds", any_value, {{"duration", parameter_type::duration}}, &whole_units<d, 1>},
      {"Microseconds", any_value, {{"duration", parameter_type::duration}}, &whole_units<d, 1'000>},
      {"Milliseconds",
       any_value,
       {{"duration", parameter_type::duration}},
       &whole_units<d, 1'000'000>},
      {"Seconds", any_value, {{"duration", parameter_type::duration}}, &real_units<1'000'000'000>},
      {"Minutes", any_value, {{"duration", parameter_type::duration}}, &real_units<60'000'000'000>},
      {"Hours",
       any_value,
       {{"duration", parameter_type::duration}},
       &real_units<3'600'000'000'000>},
  };
  return table;
}

} // namespace weir::ottl
