#pragma once

#include "otlp/json.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <string_view>

// Messages of tests, written and read as JSON.
namespace weir::editing::test {

inline std::string message(weir::signal kind, const std::string& text) {
  std::string out;
  const auto read = otlp::from_json(kind, text, out);
  BOOST_REQUIRE_MESSAGE(read, text << ": " << (read ? "" : otlp::to_string(read.error())));
  return out;
}

/// A message out of the list of its resources.
inline std::string traces(const std::string& resources) {
  return message(signal::traces, R"({"resourceSpans":)" + resources + "}");
}
inline std::string logs(const std::string& resources) {
  return message(signal::logs, R"({"resourceLogs":)" + resources + "}");
}
inline std::string metrics(const std::string& resources) {
  return message(signal::metrics, R"({"resourceMetrics":)" + resources + "}");
}

inline std::string json(std::string_view bytes, weir::signal kind = signal::traces) {
  std::string out;
  const auto written = otlp::to_json(kind, bytes, out);
  BOOST_REQUIRE(written);
  return out;
}

} // namespace weir::editing::test
