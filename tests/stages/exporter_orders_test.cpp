#include "exporter_fixture.hpp"
#include "stages/cursor_moves.hpp"
#include "stages/exporter_records.hpp"
#include "stages/orphans.hpp"

#include <random>

using namespace weir;
using namespace weir::stages;
using namespace weir::stages::exporter_tests;
using order_kind = exporter_order::kind;
using place = backends::start_config::place;

namespace {

struct orders_fixture : fixture {
  exporter_status status() const {
    for (const auto& status : exporter_board::instance().all())
      if (status.exporter == backend)
        return status;
    return {};
  }

  void obey(const exporter_order& order) {
    uut->obey(order, now);
    pump();
  }

  void stop_and_start() {
    kill();
    start();
  }

  std::uint64_t letters_left() const { return plan.letters->left(); }

  // What the ledger says is still owed.
  std::uint64_t owed() const {
    const ledger_page page(*disk, ledger_key("traces", backend), exporter_counts);
    const ledger_page logged(*disk, ledger_key("traces", "log"), log_counts);
    return logged[appended_items] - exporter_ended(page);
  }

  // Three letters of one item, at positions 0 to 2.
  void give_up_three() {
    one_item_a_request(1);
    fill(3);
    answers = [](const auto&) { return answer_of(kind::refused, "400: no such index"); };
    start();
    pass(2 * second_ns);
    BOOST_REQUIRE_EQUAL(letters_left(), 3u);
    BOOST_REQUIRE_EQUAL(counted(dead_items), 3u);
    answers = [](const auto&) { return delivered(); };
  }

  exporter_order send_all() const {
    return {order_kind::send_letters, {backend, 0, disk->dead_letters(traces).next}};
  }

  std::int64_t seek(const backends::start_config& target) {
    kill();
    storage::batch changes;
    const auto moved = seek_exporter(*disk, {traces, "traces"}, backend, target, changes);
    disk->commit(changes, true);
    start();
    return moved.value();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(exporter_orders_test, orders_fixture)

// Scenario: paused by hand while blocks come, killed and started again, then resumed. Guarantee:
// nothing is sent meanwhile, also after the start; it is shown, with since when; then all goes.
BOOST_AUTO_TEST_CASE(a_pause_holds_over_restarts) {
  start();
  obey({order_kind::pause, {}});
  settle();
  BOOST_TEST(uut->settled());
  const auto since = now.wall;
  fill(3);
  stop_and_start();
  pass(5 * second_ns);
  BOOST_TEST(requests == 0u);
  BOOST_TEST((status().health == exporter_health::paused));
  BOOST_TEST(status().since == since);
  BOOST_TEST(status().oldest_waiting > 0u);
  obey({order_kind::resume, {}});
  pass(2 * second_ns);
  BOOST_TEST(taken == 3u);
  BOOST_TEST((status().health == exporter_health::sending));
  stop_and_start();
  fill(1);
  stop_and_start();
  pass(2 * second_ns);
  BOOST_TEST(taken == 4u);
}

// Scenario: letters are sent once more, and the back end takes them. Guarantee: each is delivered
// once, is no letter any more, and the ledger adds up before and after.
BOOST_AUTO_TEST_CASE(letters_are_sent_once_more) {
  give_up_three();
  BOOST_TEST(owed() == 0u);
  obey(send_all());
  pass(3 * second_ns);
  BOOST_TEST(taken == 3u);
  BOOST_TEST(letters_left() == 0u);
  BOOST_TEST(disk->dead_letters(traces).first == 3u);
  BOOST_TEST(counted(delivered_items) == 3u);
  BOOST_TEST(owed() == 0u);
  stop_and_start();
  pass(3 * second_ns);
  BOOST_TEST(taken == 3u);
}

// Scenario: the same, and the back end refuses them again. Guarantee: they are letters again, none
// is lost.
BOOST_AUTO_TEST_CASE(letters_that_are_refused_again_are_letters_again) {
  give_up_three();
  answers = [](const auto&) { return answer_of(kind::refused, "still not"); };
  obey(send_all());
  pass(3 * second_ns);
  BOOST_TEST(letters_left() == 3u);
  BOOST_TEST(letter(3).reason == "still not");
  BOOST_TEST(counted(dead_items) == 6u);
  BOOST_TEST(owed() == 0u);
}

// Scenario: letters of two exporters; one of them sends its own. Guarantee: the other's stay, in
// the middle of those that are gone.
BOOST_AUTO_TEST_CASE(letters_of_others_stay) {
  give_up_three();
  storage::batch batch;
  auto other = letter(1);
  other.exporter = "otlp/other";
  batch.put_dead_letter(traces, plan.letters->take_place(), encode(other));
  disk->commit(batch, true);
  answers = nullptr;
  obey(send_all());
  for (int i = 0; i < 4; ++i) {
    pass(second_ns);
    while (!sent.empty())
      answer_one(delivered());
  }
  BOOST_TEST(taken == 3u);
  BOOST_TEST(letters_left() == 1u);
  BOOST_TEST(!plan.letters->is_gone(3));
}

// Scenario: seeds 1 to 200: letters are sent once more while the process is killed between any two
// writes and answers. Guarantee: each letter is delivered; once more at most for each kill that
// found it delivered and not written; in the end none is left, and the ledger adds up.
BOOST_AUTO_TEST_CASE(a_kill_loses_no_letter) {
  give_up_three();
  const auto disk_before = *disk;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::mt19937_64 random(seed);
      kill();
      disk = std::make_shared<test::model_disk>(disk_before);
      writer = model_writer(disk);
      plan.letters = std::make_shared<letter_box>(disk, traces, "traces");
      taken = 0;
      writes = false;
      answers = nullptr;
      start();
      obey(send_all());
      std::uint64_t repeats = 0;
      std::uint64_t unwritten = 0;
      for (int step = 0; step < 60; ++step) {
        switch (random() % 8) {
        case 0:
          repeats += std::exchange(unwritten, 0);
          stop_and_start();
          break;
        case 1:
        case 2:
          if (!sent.empty()) {
            ++unwritten;
            answer_one(delivered());
          }
          break;
        case 3:
        case 4:
          if (writer.write_one(now.steady) && writer.waiting() == 0)
            unwritten = std::min<std::uint64_t>(unwritten, 3);
          break;
        default:
          pass(500 * millisecond_ns);
          break;
        }
      }
      writes = true;
      answers = [](const auto&) { return delivered(); };
      if (letters_left() > 0
          && read_letter_order(disk->meta(letter_order_key("traces", backend)).value().value_or(""))
                     .below
                 == 0)
        obey(send_all()); // The order itself may have been lost with the first kill.
      pass(5 * second_ns);
      BOOST_TEST(letters_left() == 0u);
      BOOST_TEST(taken >= 3u);
      BOOST_TEST(taken <= 3u + repeats);
      BOOST_TEST(owed() == 0u);
      BOOST_TEST(counted(delivered_items) == 3u);
    }
  }
}

// Scenario: of a request of five items the back end refuses the second and the fourth, for two
// reasons, and wants the fifth again. Guarantee: two letters with one item each and its reason; the
// fifth comes again alone; three are delivered in the end.
BOOST_AUTO_TEST_CASE(only_items_that_are_refused_are_letters) {
  fill(1, 5);
  answers = nullptr;
  start();
  pass(second_ns);
  BOOST_REQUIRE_EQUAL(sent.size(), 1u);
  backends::outcome by_item;
  by_item.items = {{1, 2, false, "mapping"}, {3, 4, false, "too old"}, {4, 5, true, "429"}};
  answer_one(by_item);
  pass(3 * second_ns);
  BOOST_REQUIRE_EQUAL(sent.size(), 1u);
  BOOST_TEST(sent.front().request.items == 1u);
  answer_one(delivered());
  pass(2 * second_ns);
  BOOST_TEST(letters_left() == 2u);
  BOOST_TEST(letter(0).items == 1u);
  BOOST_TEST(letter(0).reason == "mapping");
  BOOST_TEST(letter(1).reason == "too old");
  BOOST_TEST(counted(delivered_items) == 3u);
  BOOST_TEST(counted(dead_items) == 2u);
  BOOST_TEST(owed() == 0u);
}

// Scenario: a back end takes a request of five, and rejects two of them by partial success.
// Guarantee: the two are counted as rejected among the delivered; no letter.
BOOST_AUTO_TEST_CASE(a_partial_success_is_counted) {
  fill(1, 5);
  answers = [](const auto&) {
    auto partly = delivered();
    partly.rejected = 2;
    return partly;
  };
  start();
  pass(2 * second_ns);
  BOOST_TEST(counted(delivered_items) == 5u);
  BOOST_TEST(counted(rejected_items) == 2u);
  BOOST_TEST(letters_left() == 0u);
}

// Scenario: a hand moves the cursor of an exporter that has delivered all back to the beginning, to
// a time in the middle, and forward to the end. Guarantee: just what lies there is sent once more,
// or not at all; the ledger adds up.
BOOST_AUTO_TEST_CASE(a_cursor_is_moved) {
  fill(3, 2);
  now = later(100LL * second_ns, now);
  const auto middle = now.wall;
  fill(2, 2);
  start();
  pass(2 * second_ns);
  BOOST_TEST(taken == 10u);
  BOOST_TEST(seek({.where = place::beginning}) == -10);
  BOOST_TEST(owed() == 10u);
  pass(2 * second_ns);
  BOOST_TEST(taken == 20u);
  BOOST_TEST(seek({.where = place::time, .time = middle}) == -4);
  pass(2 * second_ns);
  BOOST_TEST(taken == 24u);
  answers = nullptr;
  fill(2, 2);
  BOOST_TEST(seek({.where = place::end}) == 4);
  pass(2 * second_ns);
  BOOST_TEST(sent.empty());
  BOOST_TEST(owed() == 0u);
}

// Scenario: an exporter that is new to a log of ten items begins at its end, its beginning, and a
// time in the middle. Guarantee: it is owed none, all, and those since.
BOOST_AUTO_TEST_CASE(a_new_exporter_begins_where_it_says) {
  fill(3, 2);
  now = later(100LL * second_ns, now);
  const auto middle = now.wall;
  fill(2, 2);
  const auto owed_to = [&](const backends::start_config& start_at) {
    storage::batch changes;
    place_exporter(*disk, {traces, "traces"}, backend, start_at, changes);
    disk->commit(changes, true);
    taken = 0;
    start();
    pass(2 * second_ns);
    BOOST_TEST(owed() == 0u);
    kill();
    return taken;
  };
  BOOST_TEST(owed_to({.where = place::end}) == 0u);
  BOOST_TEST(owed_to({.where = place::beginning}) == 10u);
  BOOST_TEST(owed_to({.where = place::time, .time = middle}) == 4u);
}

// Scenario: an exporter is renamed while ten items wait for it; its heir begins at the end and
// delivers four that came since; then it adopts the old one. Guarantee: it delivers the ten, the
// four not again; nothing is owed to the old one.
BOOST_AUTO_TEST_CASE(an_heir_adopts_what_is_owed) {
  constexpr auto old = "otlp/old";
  const named_log log{traces, "traces"};
  storage::batch before;
  before.put_cursor(old, traces, {0, 0});
  disk->commit(before, true);
  fill(5, 2);
  storage::batch renamed;
  note_orphans(*disk, {{traces, {backend}}}, now.wall, renamed);
  place_exporter(*disk, log, backend, {}, renamed);
  disk->commit(renamed, true);
  fill(2, 2);
  start();
  pass(2 * second_ns);
  BOOST_TEST(taken == 4u);
  kill();
  storage::batch changes;
  BOOST_TEST(adopt_exporter(*disk, log, old, backend, changes).value() == 10u);
  disk->commit(changes, true);
  BOOST_TEST(owed() == 10u);
  start();
  pass(2 * second_ns);
  BOOST_TEST(taken == 14u);
  BOOST_TEST(owed() == 0u);
  BOOST_TEST(find_orphans(*disk, {{traces, {backend}}}, now.wall, 1'000).value().empty());
}

// Scenario: a drain, newest first, of sixty blocks, with kills at random. Guarantee: everything is
// delivered; what is sent twice is no more than what was in flight or unwritten at the kills; a
// block that comes goes at once.
BOOST_AUTO_TEST_CASE(a_drain_survives_kills) {
  plan.config.drain.order = backends::drain_order::newest_first;
  plan.cursor_interval = std::chrono::milliseconds(100);
  one_item_a_request(2);
  fill(60);
  std::mt19937_64 random(7);
  answers = nullptr;
  std::uint64_t may_repeat = 0;
  start();
  for (int i = 0; i < 2000 && cursor() < 60; ++i) {
    if (random() % 40 == 0) {
      may_repeat += sent.size() + 5;
      stop_and_start();
    } else if (!sent.empty()) {
      answer_one(delivered());
    }
    if (i % 5 == 0)
      pass(50 * millisecond_ns);
  }
  pass(second_ns);
  BOOST_TEST(cursor() == 60u);
  BOOST_TEST(taken >= 60u);
  BOOST_TEST(taken <= 60u + may_repeat);
  BOOST_TEST(counted(delivered_items) == 60u);
}

BOOST_AUTO_TEST_SUITE_END()
