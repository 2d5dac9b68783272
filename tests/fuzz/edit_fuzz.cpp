// Any bytes as actions of `attributes`, `resource`, `span` and `redaction`, and as the message that
// they edit: the configuration is refused with a reason or compiled; what comes out is OTLP, with
// as many items, and the same comes out of the same twice.
//
// Lines up to an empty one are actions, "kind|key|pattern or source|value" and so on (see
// add_line); the bytes behind are a message of the kind that the first byte names.
#include "editing/chain.hpp"
#include "editing/values.hpp"
#include "fuzz_check.hpp"
#include "otlp/scan.hpp"
#include "processors/attributes.hpp"
#include "processors/redaction.hpp"
#include "processors/span.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace weir;
using namespace weir::processors;

constexpr std::size_t max_lines = 24;

std::string_view cut(std::string_view& rest, char next) {
  const auto end = std::min(rest.find(next), rest.size());
  const auto taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return taken;
}

any_value text_value(std::string_view text) {
  arena memory;
  return {text.empty() ? std::string() : std::string(make_string(memory, text))};
}

struct configuration {
  attributes_config attributes;
  span_config span;
  redaction_config redaction;
  bool has_span = false, has_redaction = false;
};

action_config action_of(std::uint8_t kind, std::string_view rest) {
  action_config made;
  made.action = static_cast<action_kind>(kind % 7);
  made.key = cut(rest, '|');
  const auto second = cut(rest, '|');
  const std::string third(cut(rest, '|'));
  switch (made.action) {
  case action_kind::insert:
  case action_kind::update:
  case action_kind::upsert:
    made.from_attribute = third.empty() ? std::string() : std::string(second);
    made.value = third.empty() ? text_value(second) : any_value();
    made.default_value = text_value(third);
    break;
  case action_kind::convert:
    made.converted_type = std::array{"int", "double", "string"}[second.size() % 3];
    break;
  default:
    made.pattern = second;
  }
  return made;
}

void add_line(configuration& configuration, std::string_view line) {
  const auto kind = static_cast<std::uint8_t>(line[0]);
  line.remove_prefix(1);
  switch (kind) {
  case 'F':
    configuration.has_span = true;
    configuration.span.name.from_attributes.emplace_back(line);
    break;
  case 'T':
    configuration.has_span = true;
    if (!configuration.span.name.to_attributes)
      configuration.span.name.to_attributes.emplace();
    configuration.span.name.to_attributes->rules.emplace_back(line);
    break;
  case 'B':
    configuration.has_redaction = true;
    configuration.redaction.blocked_values.emplace_back(line);
    break;
  case 'K':
    configuration.has_redaction = true;
    configuration.redaction.blocked_key_patterns.emplace_back(line);
    break;
  case 'A':
    configuration.has_redaction = true;
    configuration.redaction.allowed_keys.emplace_back(line);
    break;
  case 'N': {
    auto& chosen = configuration.attributes.include;
    if (!chosen)
      chosen.emplace().regexp = true;
    chosen->attributes.push_back({std::string(cut(line, '|')), text_value(line)});
    break;
  }
  default:
    configuration.attributes.actions.push_back(action_of(kind, line));
  }
}

void add(std::vector<chain::part>& parts, result<processor_ptr> made) {
  if (made)
    parts.push_back({"p", *made});
  else
    fuzz::check(!made.error().message.empty(), "a refusal has a reason");
}

chain chain_of(configuration configuration, signal kind) {
  std::vector<chain::part> parts;
  configuration.redaction.allow_all_keys = configuration.redaction.allowed_keys.empty();
  configuration.redaction.summary = redaction_summary::debug;
  add(parts, make_attributes(configuration.attributes, kind));
  add(parts, make_resource({configuration.attributes.actions}));
  if (configuration.has_span && kind == signal::traces)
    add(parts, make_span(configuration.span, kind));
  if (configuration.has_redaction)
    add(parts, make_redaction(configuration.redaction));
  return chain(std::move(parts));
}

/// Items of a message, or nothing where it is no OTLP.
std::optional<std::uint64_t> items_of(signal kind, std::string_view message) {
  // Texts may be cut inside a character by a pattern of bytes.
  const otlp::scan_limits limits{.max_span_bytes = 64 << 20, .max_depth = 100, .check_utf8 = false};
  if (kind == signal::traces) {
    otlp::span_index index;
    if (!otlp::scan_traces(message, 0, limits, index))
      return std::nullopt;
    return index.spans.size();
  }
  const auto checked = otlp::check_items(kind, message, limits);
  return checked ? std::optional<std::uint64_t>(*checked) : std::nullopt;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1)
    return 0;
  const auto kind = std::array{signal::traces, signal::metrics, signal::logs}[data[0] % 3];
  auto rest = fuzz::view(data, size).substr(1);
  configuration configuration;
  for (std::size_t lines = 0; lines < max_lines; ++lines) {
    const auto line = cut(rest, '\n');
    if (line.empty())
      break;
    add_line(configuration, line);
  }
  const auto before = items_of(kind, rest);
  if (!before)
    return 0;
  const auto edits = chain_of(configuration, kind);
  static scratch scratch;
  std::string out;
  const auto outcome = edits.apply(kind, rest, {}, scratch, out);
  fuzz::check(outcome.refusal.empty(), "no edit of these refuses");
  fuzz::check(outcome.items.dropped == 0 && outcome.items.made == 0, "none drops or makes any");
  if (!outcome.changed) {
    fuzz::check(out.empty(), "nothing is written where nothing changes");
    return 0;
  }
  const auto after = items_of(kind, out);
  fuzz::check(after.has_value(), "what comes out is OTLP");
  fuzz::check(after == before, "as many items come out");
  std::string again;
  edits.apply(kind, rest, {}, scratch, again);
  fuzz::check(again == out, "the same comes out again");
  return 0;
}
