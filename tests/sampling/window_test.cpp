#include "window_bench.hpp"

#include <boost/test/unit_test.hpp>
#include <numeric>

using namespace weir;
using namespace weir::sampling;
using namespace weir::sampling::testing;

BOOST_AUTO_TEST_SUITE(window_test)

// Scenario: a trace is due while spans that were received before its deadline are still on their
// way; those received before a moment have come, and the moment moves on behind the time.
// Guarantee: a trace is decided as soon as all that was received before its deadline has come, and
// counts as complete, however late that is; the next one is not decided yet.
BOOST_AUTO_TEST_CASE(what_comes_late_but_in_order_is_complete) {
  bench one;
  one.add({1}, start);
  one.add({2}, start + 5 * second_ns);
  BOOST_TEST(one.decide(start + 40 * second_ns, start + 29 * second_ns).traces.empty());
  const auto out = one.decide(start + 42 * second_ns, start + 31 * second_ns);
  BOOST_REQUIRE(out.traces.size() == 1U);
  BOOST_TEST(static_cast<int>(out.traces[0].flags) == 0);
  const auto next = one.decide(start + 47 * second_ns, start + 36 * second_ns);
  BOOST_REQUIRE(next.traces.size() == 1U);
  BOOST_TEST(static_cast<int>(next.traces[0].flags) == 0);
}

// Scenario: traces are due while older spans are still unsent somewhere.
// Guarantee: nothing is decided until 30 s past the deadline, then with the flag that says so.
BOOST_AUTO_TEST_CASE(the_gate_holds_decisions_back) {
  bench one;
  one.add({1, -2}, start);
  BOOST_TEST(one.decide(start + 59 * second_ns, 0).traces.empty());
  const auto out = one.decide(start + 61 * second_ns, 0);
  BOOST_REQUIRE(out.traces.size() == 2U);
  for (const auto& trace : out.traces) {
    BOOST_TEST(trace.flags == decided_incomplete);
    BOOST_TEST(trace.verdict.keep == (trace.id == id_of(2)));
  }
  BOOST_TEST(one.held.snapshot().counts.decided_incomplete == 2U);
}

// Scenario: many kept and dropped traces are due, and little room for kept ones behind the window.
// Guarantee: it stops behind the trace that fills the room; dropped ones take none.
BOOST_AUTO_TEST_CASE(kept_bytes_end_a_burst) {
  bench one;
  one.add({1, -2, 3, -4, -5, 6}, start);
  decided_batch first, second, rest;
  BOOST_TEST(one.held.decide(start + 31 * second_ns, start + 31 * second_ns, 100, first, 1) == 2U);
  BOOST_TEST(one.held.decide(start + 31 * second_ns, start + 31 * second_ns, 100, second,
                             first.traces.back().bytes + 1)
             == 3U);
  BOOST_TEST(one.held.decide(start + 31 * second_ns, start + 31 * second_ns, 100, rest, 1) == 1U);
}

// Scenario: thousands of traces in one entry, whose resources are nearly a megabyte together, are
// due and kept, and one trace each in many such entries. Guarantee: the first are one batch, not
// one each, and say what of their bytes counts once; of the others a bounded number comes at a
// time. The same of spans that come late.
BOOST_AUTO_TEST_CASE(a_large_resource_counts_once_a_batch) {
  bench one({}, keep_all());
  const auto entry_of = [&](const std::vector<std::uint64_t>& traces, char resource) {
    std::vector<test_span> spans;
    for (const auto trace : traces) {
      test_span span;
      span.trace = id_of(trace);
      span.on_resource = {{"large", std::string(900'000, resource)}};
      spans.push_back(span);
    }
    auto& bytes = one.messages[++one.sequence];
    bytes = message_of(spans);
    otlp::span_index index;
    BOOST_REQUIRE(otlp::index_traces(bytes, 0, index));
    window_entry entry;
    entry.id = {1, 1, one.sequence};
    entry.packed = shared_bytes(std::string("packed"));
    entry.unpacked_bytes = static_cast<std::uint32_t>(bytes.size());
    additions out;
    one.held.add(entry, bytes, index, std::vector<bool>(index.traces.size(), true), start, start,
                 out);
    return out;
  };
  constexpr std::uint64_t room = 2 << 20;
  std::vector<std::uint64_t> many(4000);
  std::iota(many.begin(), many.end(), 1);
  entry_of(many, 'a');
  decided_batch batch;
  BOOST_TEST(one.held.decide(start + 31 * second_ns, start + 31 * second_ns, 10'000, batch, room)
             == many.size());
  std::uint64_t counted = 0;
  for (const auto& trace : batch.traces)
    counted += trace.bytes - trace.repeated;
  BOOST_TEST(counted < room);
  one.held.release(batch);

  const auto late = entry_of(many, 'b').late;
  BOOST_TEST(late.traces.size() == many.size());
  counted = 0;
  for (const auto& trace : late.traces)
    counted += trace.bytes - trace.repeated;
  BOOST_TEST(counted < room);

  for (std::uint64_t i = 0; i < 60; ++i)
    entry_of({10'000 + i}, static_cast<char>('A' + i));
  std::size_t decided = 0;
  for (int rounds = 0; decided < 60 && rounds < 100; ++rounds) {
    decided_batch part;
    const auto count =
        one.held.decide(start + 31 * second_ns, start + 31 * second_ns, 10'000, part, room);
    BOOST_TEST(count <= 24U);
    decided += count;
  }
  BOOST_TEST(decided == 60U);
}

// Scenario: spans that waited elsewhere for a while before they came.
// Guarantee: the wait counts from when they were received.
BOOST_AUTO_TEST_CASE(age_counts) {
  bench one;
  one.add({1}, start, start - 25 * second_ns);
  BOOST_TEST(one.decide(start + 4 * second_ns).traces.empty());
  BOOST_TEST(one.decide(start + 6 * second_ns).traces.size() == 1U);
}

// Scenario: a budget for ten spans; ten traces are sent again after they were decided, to this node
// and to one that has its decisions.
// Guarantee: they follow their decision, and neither node's budget is asked.
BOOST_AUTO_TEST_CASE(what_is_sent_again_spends_no_budget) {
  policy_config limit;
  limit.name = "limit";
  limit.type = policy_type::rate_limiting;
  limit.spans_per_second = 1;
  limit.burst_capacity = 10;
  tail_sampling_config config;
  config.policies = {limit};
  const auto asked = [](const bench& one) {
    const auto& rule = one.held.policies().evaluators().at(0).rule;
    return std::get<within_budget>(rule).budget->asked();
  };
  std::vector<int> all(15);
  std::iota(all.begin(), all.end(), 1);
  bench one({}, *policy_set::compile(config));
  one.add(all, start);
  BOOST_TEST(one.decide(start + 31 * second_ns).traces.size() == all.size());
  BOOST_TEST(asked(one) == 15);
  std::string chunk;
  one.cache.write_chunk(1, chunk);
  bench next_owner({}, *policy_set::compile(config));
  BOOST_REQUIRE(next_owner.cache.load_chunk(1, chunk, [](fingerprint) { return true; }));
  for (auto* node : {&one, &next_owner}) {
    const auto before = asked(*node);
    const auto late = node->add(all, start + 40 * second_ns).late;
    BOOST_TEST(late.traces.size() == all.size());
    BOOST_TEST(
        std::ranges::count_if(late.traces, [](const auto& trace) { return trace.verdict.keep; })
        == 10);
    BOOST_TEST(node->decide(start + 80 * second_ns).traces.empty());
    BOOST_TEST(asked(*node) == before);
  }
}

// Scenario: a trace is kept by a policy that says its rate, and gets more spans later, from this
// start and after a restart. Guarantee: the late spans' decision carries the same rate and mark.
BOOST_AUTO_TEST_CASE(late_spans_carry_the_rate) {
  policy_config third;
  third.name = "third";
  third.type = policy_type::intelligent;
  third.base_percentage = 30;
  third.hash_salt = "pepper"; // these ids are not random
  tail_sampling_config config;
  config.policies = {third};
  bench one({}, *policy_set::compile(config));
  std::vector<int> all(60);
  std::iota(all.begin(), all.end(), 1);
  one.add(all, start);
  const auto out = one.decide(start + 31 * second_ns);
  std::map<trace_id, decision> made;
  for (const auto& trace : out.traces)
    made[trace.id] = trace.verdict;
  std::string chunk;
  one.cache.write_chunk(1, chunk);
  bench again({}, *policy_set::compile(config));
  BOOST_REQUIRE(again.cache.load_chunk(1, chunk, [](fingerprint) { return true; }));
  std::size_t marked = 0;
  for (auto* index : {&one, &again}) {
    const auto late = index->add(all, start + 40 * second_ns).late;
    BOOST_REQUIRE(late.traces.size() == all.size());
    for (const auto& trace : late.traces) {
      BOOST_TEST(trace.verdict.keep == made.at(trace.id).keep);
      BOOST_TEST(trace.verdict.sampling_rate == made.at(trace.id).sampling_rate);
      BOOST_TEST((trace.verdict.mark == made.at(trace.id).mark));
      marked += trace.verdict.mark == rate_mark::attribute ? 1 : 0;
    }
  }
  BOOST_TEST(marked > 10U);
  BOOST_TEST(marked < 100U);
}

// Scenario: a decided trace gets more spans before and after its slots are released.
// Guarantee: they follow the decision; the entry stays until they are released too.
BOOST_AUTO_TEST_CASE(late_spans_follow) {
  bench one;
  one.add({-1, 2}, start);
  const auto out = one.decide(start + 31 * second_ns);
  BOOST_REQUIRE(out.traces.size() == 2U);
  const auto late = one.add({1, 2, 3}, start + 32 * second_ns);
  BOOST_TEST(late.taken == 1U);
  BOOST_REQUIRE(late.late.traces.size() == 2U);
  BOOST_TEST(late.late.traces[0].verdict.keep);
  BOOST_TEST(!late.late.traces[1].verdict.keep);
  one.held.release(out);
  BOOST_TEST(one.held.snapshot().entries == 1U);
  one.held.release(late.late);
  BOOST_TEST(one.held.snapshot().entries == 1U);
  one.held.release(one.decide(start + 63 * second_ns));
  BOOST_TEST(one.held.snapshot().entries == 0U);
}

// Scenario: the shard is given to another node.
// Guarantee: undecided traces and their entries are gone, and nothing was decided.
BOOST_AUTO_TEST_CASE(abandoned) {
  bench one;
  one.add({1, 2}, start);
  one.held.abandon();
  BOOST_TEST(one.held.snapshot().traces == 0U);
  BOOST_TEST(one.held.snapshot().entries == 0U);
  BOOST_TEST(one.add({1}, start).taken == 1U);
}

// Scenario: other policies while traces wait; one was decided before and is not released yet.
// Guarantee: the waiting ones are decided by the new policies over all their spans.
BOOST_AUTO_TEST_CASE(policies_change_under_held_traces) {
  bench one({}, keep_all());
  one.add({9}, start - 31 * second_ns);
  const auto before = one.decide(start);
  BOOST_REQUIRE(before.traces.size() == 1U);
  one.add({9, 1, -2}, start);
  one.held.replace_policies(
      keep_errors(), {},
      [&](entry_number number, std::string_view& bytes, otlp::span_index& index) -> result<void> {
        bytes = one.messages[one.held.entry(number).id.sequence];
        otlp::index_traces(bytes, 0, index);
        return {};
      });
  const auto out = one.decide(start + 31 * second_ns);
  BOOST_REQUIRE(out.traces.size() == 2U);
  for (const auto& trace : out.traces) {
    BOOST_TEST(trace.verdict.keep == (trace.id == id_of(2)));
    BOOST_TEST(trace.spans == 1U);
  }
}

// Scenario: the same policies again, and others, while a dynamic one has learned its keys.
// Guarantee: it goes on where it was; in another set it begins anew.
BOOST_AUTO_TEST_CASE(a_reload_keeps_what_was_learned) {
  policy_config dynamic;
  dynamic.name = "dynamic";
  dynamic.type = policy_type::dynamic;
  dynamic.fields = {"status_code"};
  tail_sampling_config config;
  config.policies = {dynamic};
  bench one({}, *policy_set::compile(config));
  one.add({1, -2}, start - 31 * second_ns);
  BOOST_TEST(one.decide(start).traces.size() == 2U);
  const auto nothing = [](entry_number, std::string_view&, otlp::span_index&) -> result<void> {
    return fail(errc::corrupt, "not there");
  };
  BOOST_TEST(one.held.policies().rates(0)->keys() == 2U);
  one.held.replace_policies(*policy_set::compile(config), {}, nothing);
  BOOST_TEST(one.held.policies().rates(0)->keys() == 2U);
  config.policies[0].max_keys = 20;
  one.held.replace_policies(*policy_set::compile(config), {}, nothing);
  BOOST_TEST(one.held.policies().rates(0)->keys() == 0U);
}

// Scenario: the journal writes an entry again further back.
// Guarantee: the window knows the new place.
BOOST_AUTO_TEST_CASE(entries_move) {
  bench one;
  const auto added = one.add({1}, start);
  one.held.moved({1, 1, 1}, 77);
  one.held.moved({1, 1, 999}, 78);
  BOOST_TEST(one.held.entry(added.entry).position == 77U);
}

// Scenario: memory for a few entries; some may not be read back.
// Guarantee: those that came last are set down, but never those that cannot be read again.
BOOST_AUTO_TEST_CASE(the_newest_are_set_down_first) {
  entry_table entries;
  std::vector<entry_number> numbers;
  for (std::uint64_t i = 0; i < 6; ++i) {
    window_entry entry;
    entry.id = {1, 1, i};
    entry.slots = 1;
    entry.packed = shared_bytes(std::string(100, 'x'));
    entry.can_read_back = i != 4;
    numbers.push_back(entries.add(entry));
    entries.hold(numbers.back(), 0);
  }
  BOOST_TEST(entries.set_down(350) == 3U);
  std::string resident;
  for (const auto number : numbers)
    resident += entries[number].packed.empty() ? '-' : 'x';
  BOOST_TEST(resident == "xx--x-");
  BOOST_TEST(entries.packed_bytes() == 300U);
}

// Scenario: deadlines much further ahead than the ring of buckets, at an idle window.
// Guarantee: each comes out at its time, in order.
BOOST_AUTO_TEST_CASE(far_deadlines) {
  struct item {
    steady_ns deadline;
    std::uint32_t next, previous, bucket;
  };
  deadline_wheel wheel(second_ns);
  std::vector<item> items;
  const std::vector<int> seconds{1, 500, 2, 30, 499, 60, 5};
  for (const auto index : seconds) {
    items.push_back({start + index * second_ns, 0, 0, 0});
    wheel.insert(items, static_cast<std::uint32_t>(items.size() - 1), start);
  }
  std::vector<int> order;
  for (auto now = start; now < start + 510 * second_ns; now += 250 * millisecond_ns) {
    for (auto due = wheel.due(items, now); due != deadline_wheel::none;
         due = wheel.due(items, now)) {
      BOOST_TEST(items[due].deadline <= now);
      BOOST_TEST(items[due].deadline > now - second_ns);
      order.push_back(seconds[due]);
      wheel.erase(items, due);
    }
  }
  BOOST_TEST(order == (std::vector<int>{1, 2, 5, 30, 60, 499, 500}),
             boost::test_tools::per_element());
}

// Scenario: policies are replaced while one of two entries cannot be read; then it can.
// Guarantee: the trace is decided by what is in both, as if it had been seen at once; an entry that
// is not held any more is passed over.
BOOST_AUTO_TEST_CASE(an_entry_that_policies_could_not_see_is_seen_later) {
  bench one({}, keep_all());
  one.add({-1}, start);
  one.add({2}, start);
  bool readable = false;
  const auto scan = [&](entry_number number, std::string_view& bytes,
                        otlp::span_index& index) -> result<void> {
    const auto& id = one.held.entry(number).id;
    if (id.sequence == 1 && !readable)
      return fail(errc::io, "not now");
    bytes = one.messages.at(id.sequence);
    BOOST_REQUIRE(otlp::index_traces(bytes, 0, index));
    return {};
  };
  one.held.replace_policies(keep_errors(), {}, scan);
  readable = true;
  one.held.scan_again({1, 1, 1}, scan);
  one.held.scan_again({1, 1, 99}, scan);
  const auto out = one.decide(start + 31 * second_ns);
  BOOST_REQUIRE(out.traces.size() == 2U);
  for (const auto& trace : out.traces)
    BOOST_TEST(trace.verdict.keep == (trace.id == id_of(1)));
}

BOOST_AUTO_TEST_SUITE_END()
