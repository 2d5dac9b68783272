#include "editing/chain.hpp"
#include "editing/work.hpp"
#include "processors/attributes.hpp"
#include "processors/filter.hpp"
#include "processors/redaction.hpp"
#include "processors/transform.hpp"
#include "tests/editing/messages.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

// How long processors work on one message.
namespace {

using namespace weir;
using namespace weir::processors;
using namespace std::chrono_literals;

// Each byte of a text of `a`s costs it some 500 steps.
constexpr auto slow_pattern = ".{0,500}b.{0,500}$";

std::string field(std::uint32_t number, std::string_view content) {
  std::string out;
  otlp::wire::append_bytes_field(out, number, content);
  return out;
}

std::string attribute(std::uint32_t number, std::string_view key, std::string_view text) {
  return field(number, field(1, key) + field(2, field(1, text)));
}

std::string attributes(std::uint32_t number, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i)
    out += attribute(number, fmt::format("key.{}", i), "v");
  return out;
}

/// A traces message: a resource and spans, as the bodies of their messages.
std::string message_of(const std::string& resource, const std::string& span,
                       std::size_t spans = 1) {
  std::string scope;
  for (std::size_t i = 0; i < spans; ++i)
    scope += field(2, span);
  return field(1, field(1, resource) + field(2, scope));
}

processor_ptr transform(const std::string& statement, const std::string& mode = "ignore") {
  transform_config config;
  config.trace_statements = {{"span", {}, {statement}, mode}};
  const auto made = make_transform(config, signal::traces, "t");
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
  return made->front();
}

// A statement that fails would leave all as it was, too.
processor_ptr strict(const std::string& statement) {
  return transform(statement, "propagate");
}

template <class Made>
processor_ptr only(const Made& made) {
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
  return *made;
}

struct run {
  chain_outcome outcome;
  std::string out;
  std::chrono::nanoseconds took{};
};

run apply(const processor_ptr& processor_ptr, const std::string& message,
          std::chrono::nanoseconds time) {
  const chain uut({{"p", processor_ptr}});
  scratch scratch;
  run done;
  const auto begun = work_meter::thread_time();
  done.outcome = uut.apply(signal::traces, message, {}, scratch, done.out, time);
  done.took = work_meter::thread_time() - begun;
  return done;
}

// Sanitizers are slow; the machine may be busy, but this is CPU time.
constexpr auto patience = 3s;

} // namespace

BOOST_AUTO_TEST_SUITE(work_test)

// Scenario: the attributes of a span, 60,000 of them, are merged with themselves, by each strategy;
// those of a nested map too. Guarantee: it takes time by their number, not by its square, and
// nothing changes.
BOOST_AUTO_TEST_CASE(maps_of_many_keys_are_merged) {
  const auto span = attributes(9, 60'000);
  for (const auto* strategy : {"insert", "update", "upsert"}) {
    const auto done =
        apply(strict(fmt::format(R"(merge_maps(attributes, attributes, "{}"))", strategy)),
              message_of("", span), patience);
    BOOST_TEST(done.outcome.refusal == "");
    BOOST_TEST((!done.outcome.changed || done.out == message_of("", span)));
  }
  const auto nested = field(9, field(1, "m") + field(2, field(6, attributes(1, 60'000))));
  const auto done = apply(strict(R"(merge_maps(attributes["m"], attributes["m"], "upsert"))"),
                          message_of("", nested), patience);
  BOOST_TEST(done.outcome.refusal == "");
  BOOST_TEST((!done.outcome.changed || done.out == message_of("", nested)));
}

// Scenario: 30,000 spans ask for the last of the 30,000 attributes of their resource, and for how
// many it has. Guarantee: the resource is looked through once.
BOOST_AUTO_TEST_CASE(a_large_resource_is_looked_through_once) {
  const auto message = message_of(attributes(1, 30'000), field(5, "n"), 30'000);
  const auto done =
      apply(strict(R"(set(name, resource.attributes["key.29999"]))"), message, patience);
  BOOST_TEST(done.outcome.refusal == "");
  BOOST_TEST((done.out == message_of(attributes(1, 30'000), field(5, "v"), 30'000)));
}

// Scenario: a pattern for which each byte is hundreds of steps, on 1 MiB, in a tenth of a second;
// errors are ignored otherwise. Guarantee: it is refused about then, with the statement, and
// nothing is made.
BOOST_AUTO_TEST_CASE(a_slow_pattern_is_refused_by_its_statement) {
  const auto message = message_of("", field(5, std::string(1 << 20, 'a')));
  const auto statement = fmt::format(R"(replace_pattern(name, "{}", "x"))", slow_pattern);
  const auto done = apply(transform(statement), message, 100ms);
  BOOST_TEST(done.outcome.ended);
  BOOST_TEST(!done.outcome.changed);
  BOOST_TEST(done.outcome.refusal.find("p: `" + statement + "` took longer") == 0U,
             done.outcome.refusal);
  BOOST_TEST(done.took < 1500ms);
}

// Scenario: the same pattern as a condition, as an attributes action, as a blocked value.
// Guarantee: the same, with the processor.
BOOST_AUTO_TEST_CASE(so_it_is_with_every_processor) {
  const auto text = std::string(1 << 20, 'a');
  const auto message = message_of("", attribute(9, "k", text) + field(5, text));
  filter_config filtered;
  filtered.traces_span = {fmt::format(R"(IsMatch(name, "{}"))", slow_pattern)};
  attributes_config extracted;
  extracted.actions.emplace_back();
  extracted.actions[0].key = "k";
  extracted.actions[0].action = action_kind::extract;
  extracted.actions[0].pattern = ".{0,500}(?P<b>b).{0,500}$";
  redaction_config redacted;
  redacted.allow_all_keys = true;
  redacted.blocked_values = {slow_pattern};
  const auto filters = make_filter(filtered, signal::traces, "f");
  BOOST_REQUIRE(filters);
  for (const auto& part : {filters->front(), only(make_attributes(extracted, signal::traces)),
                           only(make_redaction(redacted))}) {
    const auto done = apply(part, message, 100ms);
    BOOST_TEST(done.outcome.ended);
    BOOST_TEST(done.outcome.refusal.find("p") == 0U, done.outcome.refusal);
    BOOST_TEST(done.took < 1500ms);
  }
}

// Scenario: short texts in spans behind one that takes too long; then the same texts alone.
// Guarantee: what was not finished is not taken for an answer: they are redacted.
BOOST_AUTO_TEST_CASE(what_was_not_finished_is_not_remembered) {
  redaction_config config;
  config.allow_all_keys = true;
  config.blocked_values = {slow_pattern, "secret"};
  const auto redaction = only(make_redaction(config));
  const auto text = std::string(1 << 20, 'a');
  const auto secret = attribute(9, "k", "a secret");
  const auto first = apply(redaction, message_of("", attribute(9, "k", text) + secret), 50ms);
  BOOST_TEST(first.outcome.ended);
  const auto then = apply(redaction, message_of("", secret), patience);
  BOOST_TEST(!then.outcome.ended);
  BOOST_TEST(then.out.find("secret") == std::string::npos);
  BOOST_TEST(then.out.find("****") != std::string::npos);
}

// Scenario: scopes inside each other, one that ended, one without end. Guarantee: each holds for
// itself.
BOOST_AUTO_TEST_CASE(scopes_nest) {
  const work_scope outer(0s);
  BOOST_TEST(!work().bounded());
  {
    const work_scope inner(1ns);
    BOOST_TEST(work().bounded());
    BOOST_CHECK_THROW(work().spend(work_meter::stride), work_ended);
    BOOST_CHECK_THROW(work().spend(1), work_ended);
  }
  BOOST_TEST(!work().bounded());
  work().spend(std::size_t{1} << 40);
}

BOOST_AUTO_TEST_SUITE_END()
