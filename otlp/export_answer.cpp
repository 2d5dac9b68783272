#include "otlp/export_answer.hpp"

#include <charconv>
#include <simdjson.h>

namespace weir::otlp {

namespace {

using simdjson::dom::element;

std::string text_of(element object, const char* key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

// Negative counts are nonsense and count as 0.
std::uint64_t number_of(element object, const char* key) {
  std::uint64_t number = 0;
  std::string_view text;
  if (object[key].get(number) != simdjson::SUCCESS && object[key].get(text) == simdjson::SUCCESS)
    std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

} // namespace

std::optional<export_answer> read_json_answer(std::string_view json) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS || !root.is_object())
    return std::nullopt;
  export_answer answer{.status = text_of(root, "message")};
  element partial;
  if (root["partialSuccess"].get(partial) == simdjson::SUCCESS && partial.is_object()) {
    answer.message = text_of(partial, "errorMessage");
    for (const char* key : {"rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"})
      answer.rejected += number_of(partial, key);
  }
  return answer;
}

} // namespace weir::otlp
