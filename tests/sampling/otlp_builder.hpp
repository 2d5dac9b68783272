#pragma once

#include "core/ids.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// OTLP trace messages for the tests of this folder, written field by field.
namespace weir::sampling::testing {

using attribute_value = std::variant<std::string, bool, std::int64_t, double>;
using attributes = std::vector<std::pair<std::string, attribute_value>>;

struct test_span {
  trace_id trace;
  std::uint64_t id = 1;
  std::uint64_t parent = 0; ///< 0 = root.
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = 0;
  int status = 0;
  std::uint32_t flags = 0;
  std::string trace_state;
  std::string name = "span";
  attributes on_span;
  attributes on_resource;
};

/// A trace id whose bytes come from one number.
trace_id id_of(std::uint64_t number);

/// The body of a Span message.
std::string span_body(const test_span& span);

/// A TracesData message; spans behind each other with the same resource share their ResourceSpans.
std::string message_of(const std::vector<test_span>& spans);

} // namespace weir::sampling::testing
