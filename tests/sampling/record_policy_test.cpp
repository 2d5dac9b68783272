// Which policy kept a trace: from the policies through window and cache into kept spans.
#include "otlp/features.hpp"
#include "policy_table.hpp"
#include "sampling/assembly.hpp"
#include "sampling/window.hpp"

#include <deque>
#include <map>

using namespace weir;
using namespace weir::sampling;
using namespace weir::sampling::testing;

namespace {

policy_config when(const std::string& key) {
  auto config = policy(policy_type::boolean_attribute, key);
  config.key = key;
  config.value = true;
  return config;
}

policy_config composite(std::string name, std::vector<policy_config> parts) {
  auto config = policy(policy_type::composite, std::move(name));
  config.max_total_spans_per_second = 1'000'000;
  config.sub_policies = std::move(parts);
  return config;
}

tail_sampling_config all_of_them() {
  tail_sampling_config config;
  config.policies = {when("a"), composite("one", {when("b"), when("c")}),
                     composite("other", {when("d"), when("c")})};
  return config;
}

struct named_row {
  attributes on_span;
  std::string policy;
  std::string part;
};

const std::vector<named_row> rows{
    {{{"z", true}}, "", ""},
    {{{"a", true}}, "a", ""},
    {{{"b", true}}, "one", "b"},
    {{{"d", true}}, "other", "d"},
    // Whoever kept it, each composite policy that samples says so, the last one over the others.
    {{{"a", true}, {"b", true}}, "a", "b"},
    {{{"b", true}, {"d", true}}, "one", "d"},
    {{{"b", true}, {"c", true}}, "one", "c"},
};

std::size_t wrong_names(const tail_sampling_config& config) {
  auto set = compiled(config);
  std::size_t wrong = 0;
  for (const auto& row : rows) {
    const auto made = decide(set, {with(row.on_span)});
    const auto policy = made.policy == no_policy ? "" : set.names()[made.policy];
    const auto part = made.composite_part == no_policy ? "" : set.part_names()[made.composite_part];
    wrong += policy != row.policy || part != row.part ? 1 : 0;
  }
  return wrong;
}

/// One shard: a window and what puts its traces together, over entries in memory.
struct shard {
  explicit shard(bool record) { collector.record_policies(record ? &cache : nullptr); }

  decided_batch add(const std::vector<test_span>& spans, steady_ns now) {
    auto& bytes = messages.emplace_back(message_of(spans));
    otlp::span_index index;
    BOOST_REQUIRE(otlp::index_traces(bytes, 0, index));
    window_entry entry;
    entry.id = {1, 1, messages.size()};
    additions out;
    held.add(entry, bytes, index, std::vector<bool>(index.traces.size(), true), now, now, out);
    return out.late;
  }

  std::string kept(const decided_batch& batch) {
    kept_spans out;
    const auto read = [&](entry_number number) -> result<unpacked_entry> {
      return unpacked_entry{messages[held.entry(number).id.sequence - 1], 1, 2};
    };
    BOOST_REQUIRE(collector.collect(batch, 0, read, out));
    otlp::traces_writer writer;
    out.append_to(writer, 0, out.spans());
    std::string message;
    writer.write(message);
    return message;
  }

  decided_batch decide(steady_ns now) {
    decided_batch out;
    held.decide(now, now, 1000, out);
    return out;
  }

  decision_cache cache{1000};
  window held{{}, compiled(all_of_them()), cache};
  assembler collector;
  std::deque<std::string> messages;
};

/// By trace: the attributes of the scope its span stands in, as "key=text " in their order.
std::map<trace_id, std::string> scopes_in(const std::string& message) {
  otlp::span_index index;
  BOOST_REQUIRE(otlp::index_traces(message, 0, index));
  std::map<trace_id, std::string> found;
  arena memory;
  editing::item envelope(memory);
  editing::item scope(memory);
  for (const auto& span : index.spans) {
    std::string bytes;
    const auto& group = index.groups[span.group];
    for (std::uint32_t i = 0; i < group.scope_slices; ++i)
      bytes += index.slices[group.first_scope_slice + i].in(message);
    envelope.open(otlp::message_id::scope_spans, bytes);
    envelope.open_message(1, otlp::message_id::instrumentation_scope, scope);
    std::string said;
    scope.for_each_attribute([&](const editing::item::attribute& a) {
      const auto value = otlp::read_value(a.any());
      said += std::string(a.key().substr(a.key().find('.') + 1)) + "="
              + (value.boolean ? "true" : std::string(value.bytes)) + " ";
    });
    found[index.traces[span.slot]] = said;
  }
  return found;
}

std::vector<test_span> a_span_a_row() {
  std::vector<test_span> spans;
  for (const auto& row : rows) {
    spans.push_back(with(row.on_span));
    spans.back().trace = id_of(spans.size());
  }
  return spans;
}

} // namespace

BOOST_AUTO_TEST_SUITE(record_policy_test)

// Scenario: traces that a policy, a part of a composite policy, several of them sample.
// Guarantee: the first policy is named, and the part of the last composite one; policies in another
// order are told apart.
BOOST_AUTO_TEST_CASE(a_decision_names_policy_and_part) {
  auto config = all_of_them();
  BOOST_TEST(wrong_names(config) == 0U);
  std::swap(config.policies[1], config.policies[2]);
  BOOST_TEST(wrong_names(config) > 0U);
  config = all_of_them();
  std::swap(config.policies[2].sub_policies[0].name, config.policies[2].sub_policies[1].name);
  BOOST_TEST(wrong_names(config) > 0U);
}

// Scenario: another policy keeps a trace, and only the first that does is asked.
// Guarantee: the composite policy behind it says nothing.
BOOST_AUTO_TEST_CASE(who_is_not_asked_is_not_named) {
  auto config = all_of_them();
  config.sample_on_first_match = true;
  auto set = compiled(config);
  const auto made = decide(set, {with({{"a", true}, {"b", true}})});
  BOOST_TEST(set.names()[made.policy] == "a");
  BOOST_TEST(made.composite_part == no_policy);
}

// Scenario: all these traces in one scope of one entry, decided together; then a late span of each,
// and, after a restart from the chunk of decisions, another one.
// Guarantee: each stands in a scope that says what kept its trace; late ones in one that says the
// policy and that the decision was remembered.
BOOST_AUTO_TEST_CASE(scopes_say_what_kept_their_spans) {
  shard one(true);
  one.add(a_span_a_row(), second_ns);
  const auto said = scopes_in(one.kept(one.decide(60 * second_ns)));
  const auto late = scopes_in(one.kept(one.add(a_span_a_row(), 61 * second_ns)));
  shard next(true);
  std::string chunk;
  one.cache.write_chunk(1, chunk);
  BOOST_REQUIRE(next.cache.load_chunk(1, chunk, [](fingerprint) { return true; }));
  const auto later = scopes_in(next.kept(next.add(a_span_a_row(), 62 * second_ns)));
  BOOST_TEST(said.size() == rows.size() - 1);
  BOOST_TEST(late.size() == rows.size() - 1);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto policy = "policy=" + rows[i].policy + " ";
    const auto part = rows[i].part.empty() ? "" : "composite_policy=" + rows[i].part + " ";
    BOOST_TEST(said.at(id_of(i + 1)) == part + policy);
    BOOST_TEST(late.at(id_of(i + 1)) == policy + "cached_decision=true ");
  }
  BOOST_TEST((later == late));
}

// Scenario: the same without the option, and with it switched on and off on the way.
// Guarantee: without it the message is what came, bit for bit.
BOOST_AUTO_TEST_CASE(without_the_option_nothing_changes) {
  const auto spans = std::vector{with({{"a", true}}), with({{"b", true}})};
  shard plain(false);
  plain.add(spans, second_ns);
  const auto batch = plain.decide(60 * second_ns);
  BOOST_TEST((plain.kept(batch) == message_of(spans)));
  plain.collector.record_policies(&plain.cache);
  BOOST_TEST((plain.kept(batch) != message_of(spans)));
  plain.collector.record_policies(nullptr);
  BOOST_TEST((plain.kept(batch) == message_of(spans)));
}

BOOST_AUTO_TEST_SUITE_END()
