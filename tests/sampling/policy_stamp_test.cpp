#include "otlp/features.hpp"
#include "sampling/policy_stamp.hpp"

#include <boost/test/unit_test.hpp>
#include <utility>
#include <vector>

using namespace weir;
using namespace weir::sampling;
using editing::item;

namespace {

using texts = std::vector<std::pair<std::string, std::string>>;

constexpr std::uint32_t scope_field = 1;
constexpr std::uint32_t name_field = 1;
constexpr std::uint32_t schema_url_field = 3;

/// All that a ScopeSpans message has around its spans.
std::string envelope_of(const texts& attributes, std::string_view name = "library",
                        std::string_view schema_url = "url") {
  arena memory;
  item scope(memory);
  scope.open(otlp::message_id::instrumentation_scope, {});
  if (!name.empty())
    scope.set_bytes(name_field, name);
  for (const auto& [key, text] : attributes)
    scope.set(key, editing::make_string(memory, text));
  item envelope(memory);
  envelope.open(otlp::message_id::scope_spans, {});
  envelope.put_message(scope_field, scope);
  if (!schema_url.empty())
    envelope.set_bytes(schema_url_field, schema_url);
  return std::string(envelope.write());
}

/// The attributes of its scope, in order; "true!" for a boolean.
texts attributes_in(std::string_view envelope_bytes) {
  arena memory;
  item envelope(memory);
  envelope.open(otlp::message_id::scope_spans, envelope_bytes);
  item scope(memory);
  envelope.open_message(scope_field, otlp::message_id::instrumentation_scope, scope);
  texts found;
  scope.for_each_attribute([&](const item::attribute& a) {
    const auto value = otlp::read_value(a.any());
    const bool truth = value.kind == otlp::value_kind::boolean;
    found.emplace_back(a.key(), truth ? (value.boolean ? "true!" : "false!") : value.bytes);
  });
  return found;
}

struct row {
  texts before;
  kept_by policy;
  texts after;
};

// What the Collector writes (v0.161.0), in its order.
const std::vector<row> rows{
    {{}, {"errors", "", false}, {{"tailsampling.policy", "errors"}}},
    {{},
     {"shared", "vips", false},
     {{"tailsampling.composite_policy", "vips"}, {"tailsampling.policy", "shared"}}},
    {{},
     {"errors", "", true},
     {{"tailsampling.policy", "errors"}, {"tailsampling.cached_decision", "true!"}}},
    {{}, {"", "", true}, {{"tailsampling.cached_decision", "true!"}}},
    {{}, {"", "", false}, {}},
    {{{"a", "b"}}, {"errors", "", false}, {{"a", "b"}, {"tailsampling.policy", "errors"}}},
    // Of a sampler before, or sent so by a client: replaced in its place, whatever it was.
    {{{"tailsampling.policy", "old"}, {"a", "b"}},
     {"errors", "vips", false},
     {{"tailsampling.policy", "errors"}, {"a", "b"}, {"tailsampling.composite_policy", "vips"}}},
    {{{"tailsampling.cached_decision", "old"}},
     {"errors", "", true},
     {{"tailsampling.cached_decision", "true!"}, {"tailsampling.policy", "errors"}}},
    // Nothing takes out what this decision does not say.
    {{{"tailsampling.composite_policy", "old"}},
     {"errors", "", false},
     {{"tailsampling.composite_policy", "old"}, {"tailsampling.policy", "errors"}}},
};

template <class Stamp>
std::size_t wrong_rows(Stamp put) {
  std::size_t wrong = 0;
  for (const auto& each : rows)
    wrong += attributes_in(put(envelope_of(each.before), each.policy)) == each.after ? 0 : 1;
  return wrong;
}

} // namespace

BOOST_AUTO_TEST_SUITE(policy_stamp_test)

// Scenario: scopes with and without attributes of these names, kept in every way.
// Guarantee: the attributes that the Collector writes; stamps that are off by a little are caught.
BOOST_AUTO_TEST_CASE(a_scope_says_what_kept_its_spans) {
  policy_stamp stamp;
  const auto put = [&](const std::string& envelope, const kept_by& kept_by) {
    return std::string(stamp.put(envelope, kept_by));
  };
  BOOST_TEST(wrong_rows(put) == 0U);
  const auto always_cached = [&](const std::string& envelope, kept_by kept_by) {
    kept_by.cached = true;
    return put(envelope, kept_by);
  };
  BOOST_TEST(wrong_rows(always_cached) > 0U);
  const auto part_for_policy = [&](const std::string& envelope, kept_by kept_by) {
    std::swap(kept_by.policy, kept_by.composite_part);
    return put(envelope, kept_by);
  };
  BOOST_TEST(wrong_rows(part_for_policy) > 0U);
}

// Scenario: scopes with a name, without one, envelopes without a scope, with and without a URL.
// Guarantee: all that stood there stands there still.
BOOST_AUTO_TEST_CASE(what_else_is_in_the_envelope_stays) {
  policy_stamp stamp;
  for (const std::string name : {"", "library"})
    for (const std::string url : {"", "url"}) {
      const std::string after(stamp.put(envelope_of({}, name, url), {"errors", "", false}));
      BOOST_TEST((attributes_in(after) == texts{{"tailsampling.policy", "errors"}}));
      arena memory;
      item envelope(memory);
      envelope.open(otlp::message_id::scope_spans, after);
      item scope(memory);
      envelope.open_message(scope_field, otlp::message_id::instrumentation_scope, scope);
      BOOST_TEST(scope.bytes(name_field) == name);
      BOOST_TEST(envelope.bytes(schema_url_field) == url);
    }
}

BOOST_AUTO_TEST_SUITE_END()
