#include "shard_fixture.hpp"

using namespace weir;
using namespace weir::stages;
using namespace weir::stages::shard_tests;

BOOST_FIXTURE_TEST_SUITE(shard_durable_test, fixture)

// -- what is durable --

// Scenario: what was decided becomes durable; the same is said twice, of a ticket that nobody has,
// of another pipeline. Guarantee: the origin hears of each slot once, and only then; nothing is in
// flight then.
BOOST_AUTO_TEST_CASE(the_origin_hears_of_what_is_durable_once) {
  start(keep_all());
  take("ab");
  take("a");
  pass(wait + second_ns);
  BOOST_TEST(only->settled.empty());
  BOOST_TEST(only->uut->bytes_in_flight() > 0U);
  only->uut->durable(2, messages()[0]->ticket, now);
  only->uut->durable(traces, messages()[0]->ticket + 1, now);
  BOOST_TEST(only->settled.empty());
  make_durable(0);
  const std::set<std::pair<sequence, slot>> all{{1, 0}, {1, 1}, {2, 0}};
  BOOST_TEST((only->settled == all));
  BOOST_TEST(only->uut->bytes_in_flight() == 0U);
  make_durable(0);
  BOOST_TEST((only->settled == all));
}

// Scenario: nothing becomes durable while large traces are due, then it does. Guarantee: no more is
// decided than may be on its way (16 MiB, and what one round decides); the rest is, then.
BOOST_AUTO_TEST_CASE(what_is_on_its_way_to_the_disk_is_bounded) {
  constexpr std::size_t noise = 1 << 20;
  start(keep_all());
  for (char trace = 'a'; trace <= 'z'; ++trace)
    take(std::string(1, trace), noise);
  pass(wait + second_ns);
  pass(second_ns);
  BOOST_TEST(only->uut->bytes_in_flight() >= 16U << 20);
  BOOST_TEST(only->uut->bytes_in_flight() < 20U << 20);
  const auto decided_before = decided_traces();
  BOOST_TEST(decided_before < 26U);
  for (std::size_t i = 0; i < messages().size(); ++i) {
    make_durable(i);
    pass(second_ns / 10);
  }
  BOOST_TEST(decided_traces() == 26U);
  BOOST_TEST(only->uut->bytes_in_flight() == 0U);
}

// Scenario: 40 MiB of late spans, which are handed on as they come, and nothing becomes durable.
// Guarantee: from 32 MiB on no credit is given; what was held back comes when some of it is
// durable.
BOOST_AUTO_TEST_CASE(late_spans_stop_for_want_of_credit) {
  constexpr std::size_t noise = 1 << 20;
  start(keep_all());
  take("a");
  pass(wait + second_ns);
  const auto late = some_spans(1, 1, noise, 'a');
  std::uint64_t sent = only->credit;
  while (only->credit == sent && messages().size() < 60) {
    only->uut->take(put(late), now);
    sent += late.size();
  }
  BOOST_TEST(only->uut->bytes_in_flight() >= 32U << 20);
  BOOST_TEST(only->uut->bytes_in_flight() <= (32U << 20) + 2 * noise);
  make_durable(0);
  make_durable(1);
  make_durable(2);
  BOOST_TEST(only->credit == sent);
}

// Scenario: two shards decide after a start that found chunk 41; one of them decides far more.
// Guarantee: their chunks have numbers of their own behind 41, which rise with time.
BOOST_AUTO_TEST_CASE(shards_number_their_chunks_together) {
  std::vector<tested_shard> both;
  both.reserve(2);
  for (std::uint32_t index = 0; index < 2; ++index)
    both.emplace_back(disk, shard_config{index, 2}, std::vector{pipeline(keep_all())});
  for (auto& each : both)
    BOOST_TEST(each.uut->load(chunk_of(41, "0")));
  std::uint64_t expected = 42;
  std::set<std::uint32_t> deciders;
  for (char trace = 'a'; trace <= 'z'; ++trace) {
    const auto entry = make(std::string(1, trace));
    for (auto& each : both)
      each.uut->take(entry, now);
    now = later(wait + second_ns, now);
    for (auto& each : both) {
      each.uut->sent_until(origin_node, now.steady);
      each.uut->tick(now);
      for (const auto& message : std::exchange(each.decided_messages, {})) {
        BOOST_TEST(message->chunk == expected++);
        deciders.insert(message->shard);
      }
    }
  }
  BOOST_TEST(expected == 42U + 26);
  BOOST_TEST(deciders.size() == 2U);
}

// -- reading again --

// Scenario: a window so small that it keeps no packed bytes; a kept trace's entry is to be read
// from the journal, and the system refuses. Another trace is due too. Guarantee: the other one does
// not wait; the read is tried again after a second, and the trace comes whole, once.
BOOST_AUTO_TEST_CASE(a_refused_read_of_a_kept_trace_is_tried_again) {
  constexpr std::size_t noise = 8 << 10;
  start(keep_all(), 4 << 10);
  take("a", noise);
  take("b", noise);
  disk->refuse_one_read();
  pass(wait + second_ns);
  BOOST_TEST(disk->refused_reads() == 1U);
  BOOST_TEST(decided_traces() == 1U);
  pass(second_ns / 2);
  BOOST_TEST(decided_traces() == 1U);
  pass(second_ns / 2);
  BOOST_TEST(decided_traces() == 2U);
  std::set<trace_id> seen;
  for (const auto& message : messages()) {
    BOOST_TEST(message->kept.spans() == 1U);
    BOOST_TEST(message->kept.unreadable().empty());
    BOOST_TEST(seen.insert(message->traces[0].id).second);
  }
  make_durable(0);
  make_durable(1);
  BOOST_TEST(only->uut->bytes_in_flight() == 0U);
}

// Scenario: the entries of two kept traces are gone, or damaged, in the journal. Guarantee: their
// slots are settled as damaged, at once: only what is lost is lost.
BOOST_AUTO_TEST_CASE(what_is_gone_is_not_waited_for) {
  constexpr std::size_t noise = 8 << 10;
  start(keep_all(), 4 << 10);
  take("a", noise);
  take("b", noise);
  take("c", noise);
  disk->damage_entry(2);
  BOOST_REQUIRE(disk->trim_journal(2));
  pass(wait + second_ns);
  BOOST_REQUIRE(messages().size() == 1U);
  BOOST_TEST(messages()[0]->kept.spans() == 1U);
  BOOST_TEST(messages()[0]->kept.unreadable().size() == 2U);
  BOOST_TEST(messages()[0]->slots.size() == 3U);
}

// Scenario: an entry that has to be read back was written again further back. Guarantee: it is read
// there.
BOOST_AUTO_TEST_CASE(a_moved_entry_is_read_at_its_new_place) {
  start(keep_all(), 4 << 10);
  const auto entry = take("a", 8 << 10);
  storage::batch batch;
  batch.put_entry(50, journal_bytes(*entry));
  disk->commit(batch, true);
  only->uut->moved(entry->header.id, 50);
  only->uut->moved({origin_node, 1, 999}, 51); // One that it does not hold.
  BOOST_REQUIRE(disk->trim_journal(50));
  pass(wait + second_ns);
  BOOST_REQUIRE(messages().size() == 1U);
  BOOST_TEST(messages()[0]->kept.spans() == 1U);
}

// Scenario: nothing can be read, and 100 traces become due one after the other. Guarantee: after 64
// that wait nothing more is decided; once the disk can be read all of them come.
BOOST_AUTO_TEST_CASE(so_many_wait_for_the_disk_and_no_more) {
  start(keep_all(), 4 << 10);
  disk->refuse_reads(1);
  for (int i = 0; i < 100; ++i) {
    std::string message = some_spans(1, 1, 8 << 10, 'a');
    message.replace(message.find("aaaaaaaaaaaaaaaa"), 2, fmt::format("{:02}", i));
    only->uut->take(put(std::move(message)), now);
    pass(second_ns / 5);
  }
  pass(wait);
  BOOST_TEST(messages().empty());
  disk->refuse_reads(0);
  pass(second_ns);
  BOOST_TEST(decided_traces() == 64U);
  for (std::size_t i = 0; i < messages().size(); ++i)
    make_durable(i);
  pass(second_ns);
  BOOST_TEST(decided_traces() == 100U);
}

BOOST_AUTO_TEST_SUITE_END()
