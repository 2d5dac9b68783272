#include "replay_fixture.hpp"

using namespace weir;
using namespace weir::stages;
using namespace weir::stages::replay_tests;

BOOST_FIXTURE_TEST_SUITE(replays_test, fixture)

// -- a range, once --

// Scenario: 60 blocks, a second each; seconds 20 to 39 are asked for. Guarantee: these and no others
// are sent; then it is done, its sender is closed, and a restart sends nothing.
BOOST_AUTO_TEST_CASE(a_range_is_sent_once) {
  fill(60);
  start();
  BOOST_REQUIRE(begin(order_of(20, 40)));
  pass(2 * second_ns);
  BOOST_TEST(taken == 20U);
  BOOST_TEST((state() == replay_state::done));
  BOOST_TEST(counts().delivered == 20U);
  BOOST_TEST(opened == 0);
  kill();
  start();
  pass(2 * second_ns);
  BOOST_TEST(taken == 20U);
  BOOST_TEST((state() == replay_state::done));
}

// Scenario: nothing was received in the range. Guarantee: it is done at once, and nothing was sent.
BOOST_AUTO_TEST_CASE(an_empty_range_is_done) {
  fill(10);
  start();
  BOOST_REQUIRE(begin(order_of(100, 200)));
  pass(2 * second_ns);
  BOOST_TEST((state() == replay_state::done));
  BOOST_TEST(requests == 0U);
}

// Scenario: what came after it was asked for lies in its range too. Guarantee: that is not of it.
BOOST_AUTO_TEST_CASE(it_ends_where_the_log_ended) {
  fill(5);
  answers = nullptr;
  start();
  BOOST_REQUIRE(begin(order_of(0, 7200)));
  fill(5);
  answers = [](const auto&) { return delivered(); };
  pass(2 * second_ns);
  BOOST_TEST(taken == 5U);
}

// Scenario: the same order comes twice, as a client that had no answer sends it again. Guarantee:
// there is one replay.
BOOST_AUTO_TEST_CASE(an_order_counts_once) {
  fill(5);
  start();
  BOOST_REQUIRE(begin(order_of(0, 10)));
  BOOST_REQUIRE(begin(order_of(0, 10)));
  pass(2 * second_ns);
  BOOST_TEST(taken == 5U);
  BOOST_TEST(uut->all().size() == 1U);
}

// Scenario: two replays of one range. Guarantee: each sends all of it.
BOOST_AUTO_TEST_CASE(two_replays_of_one_range_do_not_see_each_other) {
  fill(20);
  start();
  BOOST_REQUIRE(begin(order_of(0, 20, 1)));
  BOOST_REQUIRE(begin(order_of(0, 20, 2)));
  pass(3 * second_ns);
  BOOST_TEST(taken == 40U);
  BOOST_TEST(counts(1).delivered == 20U);
  BOOST_TEST(counts(2).delivered == 20U);
}

// Scenario: spans of two names in each block, and a condition for one; another block has none.
// Guarantee: that one is sent, the others are counted as left out.
BOOST_AUTO_TEST_CASE(a_condition_picks_spans) {
  const auto both = request_of(named_span('a', "checkout") + named_span('b', "cart"));
  for (unix_ns i = 0; i < 3; ++i) {
    const auto made = block_of(i == 1 ? request_of(named_span('c', "cart")) : both, i == 1 ? 1 : 2,
                               beginning.wall + i * second_ns);
    storage::batch batch;
    batch.append_block(traces, i, made.header.last_time, made.bytes);
    disk->commit(batch, true);
  }
  start();
  auto order = order_of(0, 10);
  order.where = R"(name == "checkout")";
  BOOST_REQUIRE(begin(order));
  pass(2 * second_ns);
  BOOST_TEST(taken == 2U);
  BOOST_TEST(counts().delivered == 2U);
  BOOST_TEST(counts().left_out == 3U);
  for (const auto& message : messages)
    BOOST_TEST(message.find("cart") == std::string::npos);
}

// -- refusals --

// Scenario: an exporter and a pipeline that there are not, a condition that is none, a range that
// ends before it begins. Guarantee: each is refused with what there is, or where it is wrong.
BOOST_AUTO_TEST_CASE(what_cannot_be_is_refused) {
  start();
  const auto refusal = [&](auto&& change) {
    auto order = order_of(0, 10);
    change(order);
    const auto answer = begin(order);
    BOOST_REQUIRE(!answer);
    return answer.error().message;
  };
  BOOST_TEST(refusal([](auto& o) { o.exporter = "otlp/gone"; })
             == "no exporter `otlp/gone` is configured; there are: otlp/new");
  BOOST_TEST(refusal([](auto& o) { o.pipeline = "logs"; })
             == "no pipeline `logs` is configured; there are: traces");
  BOOST_TEST(refusal([](auto& o) { o.where = "nmae == 1"; }).find("nmae") != std::string::npos);
  BOOST_TEST(refusal([](auto& o) { std::swap(o.begin, o.end); }).find("empty")
             != std::string::npos);
  BOOST_TEST(uut->all().empty());
}

// Scenario: two may run at a time; a third is asked for, and again when one was cancelled.
// Guarantee: it is refused with the setting's name, then taken.
BOOST_AUTO_TEST_CASE(so_many_run_at_a_time) {
  config.max = 2;
  fill(5);
  answers = nullptr;
  start();
  BOOST_REQUIRE(begin(order_of(0, 10, 1)));
  BOOST_REQUIRE(begin(order_of(0, 10, 2)));
  const auto third = begin(order_of(0, 10, 3));
  BOOST_REQUIRE(!third);
  BOOST_TEST((third.error().code == errc::full));
  BOOST_TEST(third.error().message.find("storage.replays.max") != std::string::npos);
  BOOST_REQUIRE(change_to(&replays::cancel, 1));
  BOOST_TEST(!!begin(order_of(0, 10, 3)));
}

// Scenario: a hundred replays, one after the other. Guarantee: at most so many records are kept,
// and the newest are.
BOOST_AUTO_TEST_CASE(so_many_are_remembered) {
  fill(1);
  start();
  for (replay_id id = 1; id <= 100; ++id) {
    BOOST_REQUIRE(begin(order_of(0, 10, id)));
    pass(second_ns);
    BOOST_REQUIRE((state(id) == replay_state::done));
  }
  BOOST_TEST(uut->all().size() == max_kept_replays);
  BOOST_TEST(uut->all().front().record.order.id == 100U);
  kill();
  start();
  BOOST_TEST(uut->all().size() == max_kept_replays);
}

// Scenario: a done replay, and the time for which it is kept passes. Guarantee: it is gone, also
// after a restart.
BOOST_AUTO_TEST_CASE(an_old_one_is_forgotten) {
  config.keep = std::chrono::minutes(1);
  fill(3);
  start();
  BOOST_REQUIRE(begin(order_of(0, 10)));
  pass(30 * second_ns);
  BOOST_TEST(uut->all().size() == 1U);
  pass(40 * second_ns);
  BOOST_TEST(uut->all().empty());
  disk->maintain();
  kill();
  start();
  BOOST_TEST(uut->all().empty());
}

// -- by hand --

// Scenario: paused with requests in flight, a restart, then gone on with. Guarantee: while paused
// nothing new is sent; then the rest is, and nothing twice.
BOOST_AUTO_TEST_CASE(it_is_paused_over_a_restart) {
  config.exporters.front().batch = backends::batch_config{.max_items = 1};
  fill(20);
  answers = nullptr;
  start();
  BOOST_REQUIRE(begin(order_of(0, 20)));
  BOOST_TEST(sent.size() == 2U);
  for (int i = 0; i < 5; ++i)
    answer_one(delivered());
  BOOST_REQUIRE(change_to(&replays::pause));
  answers = [](const auto&) { return delivered(); };
  pass(5 * second_ns);
  BOOST_TEST(taken == 7U); // Two were in flight.
  BOOST_TEST((state() == replay_state::paused));
  disk->maintain();
  kill();
  start();
  pass(5 * second_ns);
  BOOST_TEST(taken == 7U);
  BOOST_REQUIRE(change_to(&replays::resume));
  pass(2 * second_ns);
  BOOST_TEST(taken == 20U);
  BOOST_TEST((state() == replay_state::done));
  BOOST_TEST(!change_to(&replays::resume));
}

// Scenario: cancelled while its answer is not written yet, and a kill. Guarantee: who was told that
// it is cancelled finds it so; who was not may find it running.
BOOST_AUTO_TEST_CASE(it_is_cancelled_for_good) {
  fill(20);
  answers = nullptr;
  start();
  BOOST_REQUIRE(begin(order_of(0, 20)));
  writes = false;
  BOOST_TEST(!change_to(&replays::cancel)); // No answer yet.
  kill();
  disk->crash();
  writes = true;
  start();
  BOOST_TEST((state() == replay_state::running));
  BOOST_REQUIRE(change_to(&replays::cancel));
  kill();
  disk->crash();
  start();
  answers = [](const auto&) { return delivered(); };
  pass(5 * second_ns);
  BOOST_TEST((state() == replay_state::cancelled));
  BOOST_TEST(taken == 0U);
  BOOST_TEST(opened == 0);
}

// Scenario: its exporter goes from the configuration, and comes back. Guarantee: it fails with the
// reason; resumed before it fails again, and after it sends the rest.
BOOST_AUTO_TEST_CASE(an_exporter_that_goes_fails_it) {
  config.exporters.front().batch = backends::batch_config{.max_items = 1};
  fill(10);
  answers_at_once = 1;
  start();
  BOOST_REQUIRE(begin(order_of(0, 10)));
  pass(3 * 10 * millisecond_ns);
  const auto before = config;
  auto without = config;
  without.exporters.front().id = "otlp/other";
  uut->change(without, now);
  answers_at_once = 1'000'000;
  pass(2 * second_ns);
  BOOST_TEST((state() == replay_state::failed));
  BOOST_TEST(view().record.reason.find("no exporter `otlp/new`") == 0U);
  BOOST_TEST(taken < 10U);
  BOOST_TEST(!change_to(&replays::resume));
  uut->change(before, now);
  BOOST_REQUIRE(change_to(&replays::resume));
  pass(2 * second_ns);
  BOOST_TEST((state() == replay_state::done));
  BOOST_TEST(taken == 10U);
}

// Scenario: a reload gives the exporter another server. Guarantee: what runs goes on with a new
// sender, and nothing is sent twice.
BOOST_AUTO_TEST_CASE(another_configuration_of_its_exporter_is_taken) {
  config.exporters.front().batch = backends::batch_config{.max_items = 1};
  fill(10);
  answers = nullptr;
  start();
  BOOST_REQUIRE(begin(order_of(0, 10)));
  answer_one(delivered());
  config.exporters.front().retry.multiplier = 2;
  uut->change(config, now);
  BOOST_TEST(opened == 1); // The old one, until its requests are answered.
  answers = [](const auto&) { return delivered(); };
  pass(2 * second_ns);
  BOOST_TEST((state() == replay_state::done));
  BOOST_TEST(taken == 10U);
}

// Scenario: the node leaves its cluster half way. Guarantee: it says so, and sends no more; a node
// that comes back can resume it.
BOOST_AUTO_TEST_CASE(a_node_that_leaves_says_so) {
  config.exporters.front().batch = backends::batch_config{.max_items = 1};
  fill(10);
  answers_at_once = 1;
  start();
  BOOST_REQUIRE(begin(order_of(0, 10)));
  pass(10 * millisecond_ns);
  uut->leave(now);
  answers_at_once = 1'000'000;
  pass(2 * second_ns);
  BOOST_TEST((state() == replay_state::left));
  BOOST_TEST(taken < 10U);
  BOOST_REQUIRE(change_to(&replays::resume));
  pass(2 * second_ns);
  BOOST_TEST(taken == 10U);
}

// Scenario: the node stops in order with requests in flight, and starts again. Guarantee: stopping
// waits for these, and nothing is sent twice.
BOOST_AUTO_TEST_CASE(a_stop_in_order_sends_nothing_twice) {
  config.exporters.front().batch = backends::batch_config{.max_items = 1};
  fill(10);
  answers = nullptr;
  start();
  BOOST_REQUIRE(begin(order_of(0, 10)));
  answer_one(delivered());
  uut->stop(now);
  BOOST_TEST(!uut->idle());
  answers = [](const auto&) { return delivered(); };
  settle();
  BOOST_TEST(uut->idle());
  const auto before = taken;
  BOOST_TEST(before == 3U);
  disk->maintain();
  kill();
  start();
  pass(2 * second_ns);
  BOOST_TEST(taken == 10U);
}

// -- bad days --

// Scenario: half of the range is trimmed before it began, and a part while it waits for its back
// end. Guarantee: it says since when the log holds data, counts what went, sends the rest, ends.
BOOST_AUTO_TEST_CASE(what_is_trimmed_is_counted) {
  config.exporters.front().batch = backends::batch_config{.max_items = 1};
  fill(40);
  BOOST_REQUIRE(disk->trim_log(traces, 20));
  answers = nullptr;
  start();
  const auto begun = begin(order_of(0, 40));
  BOOST_REQUIRE(begun);
  BOOST_TEST(begun->record.held_since == beginning.wall + 20 * second_ns);
  BOOST_TEST(sent.size() == 2U);
  BOOST_REQUIRE(disk->trim_log(traces, 30));
  answers = [](const auto&) { return delivered(); };
  pass(2 * second_ns);
  BOOST_TEST((state() == replay_state::done));
  const auto found = counts();
  BOOST_TEST(found.delivered == taken);
  BOOST_TEST(taken >= 10U);
  BOOST_TEST(found.delivered + found.lost + found.trimmed == 20U);
  BOOST_TEST(found.lost + found.trimmed >= 8U);
}

// Scenario: a block in the middle is damaged. Guarantee: it is counted and skipped, all else is sent.
BOOST_AUTO_TEST_CASE(a_damaged_block_is_skipped) {
  fill(10);
  disk->damage_block(4);
  start();
  BOOST_REQUIRE(begin(order_of(0, 10)));
  pass(2 * second_ns);
  BOOST_TEST((state() == replay_state::done));
  BOOST_TEST(taken == 9U);
  BOOST_TEST(counts().damaged == 1U);
}

// Scenario: a read is refused for a moment. Guarantee: it is tried again, and nothing is left out.
BOOST_AUTO_TEST_CASE(a_refused_read_is_tried_again) {
  fill(10);
  start();
  disk->refuse_reads(3);
  BOOST_REQUIRE(begin(order_of(0, 10)));
  pass(60 * second_ns);
  disk->refuse_reads(0);
  pass(5 * second_ns);
  BOOST_TEST((state() == replay_state::done));
  BOOST_TEST(taken == 10U);
}

// Scenario: the back end refuses one request for good. Guarantee: it is a dead letter with the
// reason, under the exporter's name, durable with the cursor that passes it.
BOOST_AUTO_TEST_CASE(what_is_refused_for_good_is_a_dead_letter) {
  config.exporters.front().batch = backends::batch_config{.max_items = 1};
  fill(5);
  std::string first;
  answers = [&](const backends::export_request& request) {
    if (first.empty())
      first = request.message.view();
    return request.message.view() == first ? answer_of(kind::refused, "no such tenant")
                                           : delivered();
  };
  start();
  BOOST_REQUIRE(begin(order_of(0, 5)));
  pass(2 * second_ns);
  BOOST_TEST((state() == replay_state::done));
  BOOST_TEST(counts().delivered == 4U);
  BOOST_TEST(counts().dead == 1U);
  const auto letter = codec::read_dead_letter(disk->read_dead_letter(traces, 0).value());
  BOOST_REQUIRE(letter);
  BOOST_TEST(letter->exporter == "otlp/new");
  BOOST_TEST(letter->reason == "no such tenant");
}

// Scenario: the back end is away for a minute, with a kill in it. Guarantee: it goes on when the
// back end is back, and says meanwhile what the back end said.
BOOST_AUTO_TEST_CASE(an_outage_is_waited_out) {
  fill(10);
  answers = [](const auto&) { return answer_of(kind::retry, "connection refused"); };
  start();
  BOOST_REQUIRE(begin(order_of(0, 10)));
  pass(30 * second_ns);
  BOOST_TEST(view().trouble == "connection refused");
  kill();
  start();
  pass(30 * second_ns);
  BOOST_TEST(taken == 0U);
  answers = [](const auto&) { return delivered(); };
  pass(5 * second_ns);
  BOOST_TEST((state() == replay_state::done));
  BOOST_TEST(taken == 10U);
  BOOST_TEST(view().trouble.empty());
}

// Scenario: the disk is full, so that the writer writes nothing. Guarantee: no new one begins; what
// runs goes on sending, and its end is written when there is room.
BOOST_AUTO_TEST_CASE(a_full_disk_keeps_no_replay_from_sending) {
  fill(10);
  start();
  answers = nullptr;
  BOOST_REQUIRE(begin(order_of(0, 10)));
  writes = false;
  answers = [](const auto&) { return delivered(); };
  pass(5 * second_ns);
  BOOST_TEST(taken == 10U);
  writes = true;
  pass(2 * second_ns);
  BOOST_TEST((state() == replay_state::done));
  disk->crash();
  kill();
  start();
  pass(2 * second_ns);
  BOOST_TEST(taken == 10U);
}

// Scenario: a record of a newer version, and one that is damaged. Guarantee: both are set aside, the
// others go on.
BOOST_AUTO_TEST_CASE(a_record_that_cannot_be_read_stops_nobody) {
  fill(3);
  start();
  answers = nullptr;
  BOOST_REQUIRE(begin(order_of(0, 3)));
  kill();
  storage::batch batch;
  batch.put_meta("replay/1", std::string("\x7f record"));
  batch.put_meta("replay/2", std::string("\x01\x01"));
  disk->commit(batch, true);
  answers = [](const auto&) { return delivered(); };
  start();
  pass(2 * second_ns);
  BOOST_TEST((state() == replay_state::done));
  BOOST_TEST(disk->set_aside().size() == 2U);
}

// -- pace --

// Scenario: 100 KB at 10 KB/s. Guarantee: it takes ten seconds, not five and not twenty.
BOOST_AUTO_TEST_CASE(the_rate_is_kept) {
  config.exporters.front().batch = backends::batch_config{.max_items = 1};
  for (unsigned i = 0; i < 100; ++i) {
    const auto made = block_of(some_spans(i, 1, 1000), 1, beginning.wall + i * second_ns);
    storage::batch batch;
    batch.append_block(traces, i, made.header.last_time, made.bytes);
    disk->commit(batch, true);
  }
  start();
  auto order = order_of(0, 100);
  order.rate = 10'000;
  BOOST_REQUIRE(begin(order));
  pass(5 * second_ns);
  BOOST_TEST(taken > 30U);
  BOOST_TEST(taken < 70U);
  pass(10 * second_ns);
  BOOST_TEST(taken == 100U);
}

// Scenario: an exporter is behind; a piece of work takes 10 ms. Guarantee: at most a quarter of the
// time goes to the replay, with one request in flight; when clients are refused for want of memory
// nothing does.
BOOST_AUTO_TEST_CASE(it_yields_to_live_traffic) {
  config.exporters.front().batch = backends::batch_config{.max_items = 1};
  fill(1000);
  answers = nullptr;
  load.behind = true;
  work_ns = 10 * millisecond_ns;
  start();
  uut->tick(load, now);
  BOOST_REQUIRE(begin(order_of(0, 1000)));
  std::size_t most = 0;
  answers = [&](const auto&) {
    most = std::max(most, sent.size());
    return delivered();
  };
  answers_at_once = 1;
  pass(10 * second_ns);
  BOOST_TEST(most == 1U);
  // 10 s / 4 of work, of which each request is a piece, and each block.
  BOOST_TEST(taken <= 250U);
  BOOST_TEST(taken >= 50U);
  BOOST_TEST(view().yields);
  load = {.short_of_memory = true};
  pass(2 * second_ns);
  const auto before = taken;
  pass(5 * second_ns);
  BOOST_TEST(taken == before);
  load = {};
  answers_at_once = 1'000'000;
  pass(5 * second_ns);
  BOOST_TEST(taken == 1000U);
}

BOOST_AUTO_TEST_SUITE_END()
