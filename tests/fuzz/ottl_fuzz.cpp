// Any text as an OTTL condition or statement about each context: refused with a place inside it and
// a reason, or compiled and run over a message; what comes out is OTLP, however the statement went.
//
// The first byte says which context, and whether it is a statement; then comes the text.
#include "editing/chain.hpp"
#include "fuzz_check.hpp"
#include "otlp/json.hpp"
#include "otlp/scan.hpp"
#include "ottl/compiler.hpp"
#include "ottl/group.hpp"
#include "processors/filter.hpp"
#include "processors/transform.hpp"

#include <cstdint>
#include <string>

namespace {

using namespace weir;
using namespace weir::processors;

constexpr std::string_view attributes = R"("attributes":[
  {"key":"s","value":{"stringValue":"one two"}},{"key":"i","value":{"intValue":"42"}},
  {"key":"d","value":{"doubleValue":2.5}},{"key":"b","value":{"boolValue":true}},
  {"key":"y","value":{"bytesValue":"AQI="}},{"key":"n","value":{}},
  {"key":"l","value":{"arrayValue":{"values":[{"intValue":"1"},{"kvlistValue":{"values":[
    {"key":"k","value":{"stringValue":"v"}}]}}]}}},
  {"key":"j","value":{"stringValue":"{\"a\":[1,{\"b\":null}]}"}}])";

std::string message_of(signal kind) {
  const std::string a(attributes);
  const std::string scope = R"("scope":{"name":"lib",)" + a + "}";
  const std::string resource = R"("resource":{)" + a + "}";
  std::string json;
  switch (kind) {
  case signal::traces:
    json = R"({"resourceSpans":[{)" + resource + R"(,"scopeSpans":[{)" + scope
           + R"(,"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708",
             "name":"GET /","kind":2,"startTimeUnixNano":"5","endTimeUnixNano":"9","traceState":"a=1",
             "status":{"code":2,"message":"m"},"events":[{"name":"e",)"
           + a + "}]," + a + "}]}]}]}";
    break;
  case signal::metrics:
    json =
        R"({"resourceMetrics":[{)" + resource + R"(,"scopeMetrics":[{)" + scope
        + R"(,"metrics":[{"name":"s","sum":{"aggregationTemporality":1,"dataPoints":[{"asInt":"7",)"
        + a + R"(}]}},{"name":"h","histogram":{"dataPoints":[{"count":"3","bucketCounts":["1","2"],
             "explicitBounds":[5],)"
        + a + "}]}}]}]}]}";
    break;
  default:
    json = R"({"resourceLogs":[{)" + resource + R"(,"scopeLogs":[{)" + scope
           + R"(,"logRecords":[{"severityNumber":9,"body":{"stringValue":"{\"x\":1}"},)" + a
           + "}]}]}]}";
  }
  std::string wire;
  fuzz::check(otlp::from_json(kind, json, wire).has_value(), "the message is OTLP");
  return wire;
}

signal signal_of(ottl::context_kind context) {
  switch (context) {
  case ottl::context_kind::metric:
  case ottl::context_kind::datapoint:
    return signal::metrics;
  case ottl::context_kind::log:
    return signal::logs;
  default:
    return signal::traces;
  }
}

void run(const std::vector<processor_ptr>& made, signal kind) {
  static const std::string messages[] = {message_of(signal::traces), message_of(signal::metrics),
                                         message_of(signal::logs)};
  const auto& message = messages[kind == signal::traces ? 0 : kind == signal::metrics ? 1 : 2];
  std::vector<chain::part> parts;
  for (const auto& p : made)
    parts.push_back({"p", p});
  static scratch scratch;
  std::string out;
  const auto outcome = chain(std::move(parts)).apply(kind, message, {}, scratch, out);
  if (!outcome.changed)
    return;
  otlp::span_index index;
  // Strings may have been cut inside a character: the option truncate_all has for that.
  const otlp::scan_limits limits{.max_span_bytes = 64 << 20, .max_depth = 200, .check_utf8 = false};
  if (kind == signal::traces)
    fuzz::check(otlp::scan_traces(out, 0, limits, index).has_value(), "what comes out is OTLP");
  else
    fuzz::check(otlp::check_items(kind, out, limits).has_value(), "what comes out is OTLP");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1)
    return 0;
  const auto context = static_cast<ottl::context_kind>((data[0] & 0x7f) % 7);
  const bool is_statement = (data[0] & 0x80) != 0;
  const std::string text(fuzz::view(data, size).substr(1));
  const auto kind = signal_of(context);
  ottl::group_source source{kind, context, {}, {}};
  (is_statement ? source.statements : source.conditions).push_back(text);
  if (const auto compiled = ottl::compile_group(source); !compiled) {
    for (const auto& e : compiled.error()) {
      fuzz::check(e.error.offset <= text.size(), "an error's place is in the text");
      fuzz::check(!e.error.message.empty(), "an error has a reason");
    }
    return 0;
  }
  const std::string name(ottl::to_string(context));
  if (is_statement) {
    const statement_group_config group{name, {}, {text}, "silent"};
    transform_config config;
    config.trace_statements = config.metric_statements = config.log_statements = {group};
    run(*make_transform(config, kind, "p"), kind);
  } else {
    const condition_group_config group{name, {text}, "silent"};
    filter_config config;
    config.trace_conditions = config.metric_conditions = config.log_conditions = {group};
    run(*make_filter(config, kind, "p"), kind);
  }
  return 0;
}
