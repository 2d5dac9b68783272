#include "stages/housekeeper.hpp"

#include "blocks.hpp"
#include "codec/dead_letter.hpp"
#include "core/metrics.hpp"
#include "made_up_time.hpp"
#include "stages/ledger.hpp"
#include "tests/support/model_disk.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::stages;

namespace {

constexpr pipeline_id traces = 1;
constexpr auto backend = "otlp/backend";
constexpr std::size_t block_bytes = 1000;

// A housekeeper over a model of the disk, with what it says to the clients' gate.
struct fixture {
  fixture() {
    config.logs.push_back({traces, "traces", {backend}});
    config.retention_ns = 3600LL * second_ns;
    config.admit = [this](bool accepting, std::string reason) {
      admissions.emplace_back(accepting, std::move(reason));
    };
    place(backend, 0);
  }

  void start() { uut.emplace(config, disk); }

  void place(const std::string& exporter, log_position position) {
    storage::batch batch;
    batch.put_cursor(exporter, traces, {position, 0});
    disk->commit(batch, true);
  }

  // Blocks of some 1,000 bytes and two items each.
  void append(unsigned blocks) {
    ledger_page page(*disk, ledger_key("traces", "log"), log_counts);
    for (unsigned i = 0; i < blocks; ++i) {
      const auto position = disk->log(traces).next;
      const auto made = block_of(some_spans(position, 2, block_bytes / 2), 2, now.wall);
      page[appended_items] += 2;
      storage::batch batch;
      batch.append_block(traces, position, made.header.last_time, made.bytes);
      page.write(batch);
      disk->commit(batch, true);
    }
  }

  void add_letter(std::size_t bytes = 100) {
    codec::dead_letter_record letter;
    letter.time = now.wall;
    letter.items = 5;
    letter.message = std::string(bytes, 'x');
    storage::batch batch;
    batch.put_dead_letter(traces, disk->dead_letters(traces).next, codec::encode(letter));
    disk->commit(batch, true);
  }

  void tick() {
    now = later(second_ns / 5, now);
    BOOST_TEST(uut->tick(now).has_value());
  }

  // Five ticks, the last of which does all there is to do.
  void pass_second() {
    for (int i = 0; i < 5; ++i)
      tick();
  }

  log_position first_block() const { return disk->log(traces).first; }

  static double shown(const metrics::gauge_metric& gauge) {
    return gauge.with({{"pipeline", "traces"}}).Value();
  }
  static double counted(const metrics::counter_metric& counter) {
    return counter.with({{"pipeline", "traces"}}).Value();
  }

  moment now = beginning;
  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  housekeeper_config config;
  std::vector<std::pair<bool, std::string>> admissions;
  std::optional<housekeeper> uut;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(housekeeper_test, fixture)

// -- time --

// Scenario: blocks of two hours, retention 1 h, of which three quarters are delivered. Guarantee:
// what is older and delivered goes, what is owed stays however old; nothing is counted as lost.
BOOST_AUTO_TEST_CASE(delivered_blocks_go_with_time) {
  const auto lost = counted(metrics::log_dropped_items);
  start();
  for (int minute = 0; minute < 120; minute += 10) {
    append(1);
    now = later(600LL * second_ns, now);
  }
  place(backend, 3);
  tick();
  BOOST_TEST(first_block() == 3U);
  place(backend, 9);
  pass_second();
  BOOST_TEST(first_block() == 7U);
  BOOST_TEST(counted(metrics::log_dropped_items) == lost);
}

// Scenario: cursors cannot be read for a while. Guarantee: nothing goes.
BOOST_AUTO_TEST_CASE(nothing_goes_while_nobody_can_say_who_needs_it) {
  start();
  append(5);
  place(backend, 5);
  now = later(2 * 3600LL * second_ns, now);
  disk->refuse_meta(true);
  pass_second();
  BOOST_TEST(first_block() == 0U);
  disk->refuse_meta(false);
  pass_second();
  BOOST_TEST(first_block() == 5U);
}

// Scenario: an exporter is new, and its cursor is not there. Guarantee: everything is kept for it.
BOOST_AUTO_TEST_CASE(an_exporter_without_a_cursor_needs_everything) {
  config.logs[0].exporters.push_back("otlp/new");
  start();
  append(5);
  place(backend, 5);
  now = later(2 * 3600LL * second_ns, now);
  pass_second();
  BOOST_TEST(first_block() == 0U);
}

// Scenario: letters of two hours, retention 1 h, one of the old ones damaged. Guarantee: the old
// ones go, the damaged one with them; items are counted as far as anybody can read them.
BOOST_AUTO_TEST_CASE(dead_letters_go_with_time) {
  config.dead_letter_bytes = 1 << 20;
  config.dead_letter_retention_ns = 3600LL * second_ns;
  const auto gone = counted(metrics::dead_letters_dropped_items);
  start();
  for (int i = 0; i < 4; ++i)
    add_letter();
  now = later(2 * 3600LL * second_ns, now);
  add_letter();
  disk->lose_letter(2);
  pass_second();
  BOOST_TEST(disk->dead_letters(traces).first == 4U);
  BOOST_TEST(counted(metrics::dead_letters_dropped_items) - gone == 15.0);
}

// Scenario: more dead letters than they may have bytes. Guarantee: the oldest go.
BOOST_AUTO_TEST_CASE(dead_letters_keep_to_their_part) {
  config.dead_letter_bytes = 5000;
  start();
  for (int i = 0; i < 20; ++i)
    add_letter(1000);
  pass_second();
  BOOST_TEST(disk->dead_letters(traces).first >= 15U);
  BOOST_TEST(disk->dead_letters(traces).first < 20U);
  BOOST_TEST(disk->usage().at("dead_letters/traces") <= 5000U);
}

// -- room --

// Scenario: the back end is away until the quota is full; then it delivers half. Guarantee: clients
// are told once, with the reason, and again when there is room; nothing that is owed goes.
BOOST_AUTO_TEST_CASE(a_full_quota_closes_the_gate) {
  disk->set_quota(20 * block_bytes);
  start();
  append(25);
  tick();
  pass_second();
  BOOST_REQUIRE(admissions.size() == 1U);
  BOOST_TEST(!admissions[0].first);
  BOOST_TEST(admissions[0].second == storage::short_reason(storage::refusal::quota));
  BOOST_TEST(metrics::refusing.with({{"reason", "quota"}}).Value() == 1.0);
  BOOST_TEST(first_block() == 0U);
  place(backend, 12);
  pass_second();
  BOOST_REQUIRE(admissions.size() == 2U);
  BOOST_TEST(admissions[1].first);
  BOOST_TEST(admissions[1].second.empty());
  BOOST_TEST(metrics::refusing.with({{"reason", "quota"}}).Value() == 0.0);
  BOOST_TEST(first_block() >= 8U);
  BOOST_TEST(first_block() <= 12U);
}

// Scenario: the same with overflow: drop_oldest. Guarantee: the gate stays open; the oldest goes,
// counted to the item, and no more than it takes.
BOOST_AUTO_TEST_CASE(the_oldest_is_dropped_where_that_is_wanted) {
  config.drop_oldest = true;
  const auto lost = counted(metrics::log_dropped_items);
  disk->set_quota(20 * block_bytes);
  start();
  append(25);
  tick();
  BOOST_TEST(admissions.empty());
  BOOST_TEST(first_block() > 0U);
  BOOST_TEST(first_block() < 12U);
  BOOST_TEST(counted(metrics::log_dropped_items) - lost
             == 2.0 * static_cast<double>(first_block()));
}

// Scenario: room runs short within a second. Guarantee: it is looked at with each tick in between,
// too.
BOOST_AUTO_TEST_CASE(room_is_made_within_a_second) {
  disk->set_quota(20 * block_bytes);
  start();
  tick();
  append(25);
  place(backend, 25);
  disk->set_quota(20 * block_bytes); // Measured.
  tick();
  BOOST_TEST(first_block() > 0U);
  BOOST_TEST(disk->room().excess == 0U);
}

// Scenario: the disk itself is full, memory is over its limit, then one after the other is well.
// Guarantee: the reason that clients hear is the disk's; the gate opens when both are well.
BOOST_AUTO_TEST_CASE(the_gate_opens_when_no_reason_is_left) {
  config.memory_limit = 1; // Always over.
  disk->set_full(true);
  start();
  tick();
  BOOST_REQUIRE(admissions.size() == 1U);
  BOOST_TEST(admissions[0].second == storage::short_reason(storage::refusal::disk));
  disk->set_full(false);
  pass_second();
  BOOST_TEST(admissions.size() == 1U);
  BOOST_TEST(metrics::refusing.with({{"reason", "memory"}}).Value() == 1.0);
  auto wanted = config;
  wanted.memory_limit = 0;
  BOOST_TEST(uut->change(wanted, now).has_value());
  BOOST_REQUIRE(admissions.size() == 2U);
  BOOST_TEST(admissions[1].first);
}

// -- what it shows --

// Scenario: items received, kept, logged and delivered, as the pages say; then the pipeline goes in
// a reload. Guarantee: what is under way shows as differences; what is gone shows nothing.
BOOST_AUTO_TEST_CASE(the_ledger_shows_what_is_under_way) {
  const metrics::labels exporter{{"pipeline", "traces"}, {"exporter", backend}};
  append(10);
  ledger_page received(*disk, ledger_key("traces", "intake"), intake_counts);
  received[accepted_spans] = 50;
  received[removed_spans] = 5;
  ledger_page logged(*disk, ledger_key("traces", "log"), log_counts);
  logged[kept_items] = 21;
  logged[dropped_items] = 11;
  ledger_page sent(*disk, ledger_key("traces", backend), exporter_counts);
  sent[delivered_items] = 12;
  sent[dead_items] = 1;
  storage::batch batch;
  for (const auto* page : {&received, &logged, &sent})
    page->write(batch);
  disk->commit(batch, true);
  start();
  tick();
  BOOST_TEST(shown(metrics::ledger_unsettled_items) == 13.0);
  BOOST_TEST(shown(metrics::ledger_unappended_items) == 1.0);
  BOOST_TEST(metrics::ledger_undelivered_items.with(exporter).Value() == 7.0);
  BOOST_TEST(shown(metrics::log_blocks) == 10.0);
  auto wanted = config;
  wanted.logs.clear();
  BOOST_TEST(uut->change(wanted, now).has_value());
  BOOST_TEST(shown(metrics::ledger_unsettled_items) == 0.0);
  BOOST_TEST(shown(metrics::log_blocks) == 0.0);
  BOOST_TEST(metrics::ledger_undelivered_items.with(exporter).Value() == 0.0);
}

// Scenario: an exporter goes with four blocks that it was owed, and comes back. Guarantee: they are
// shown while it is gone, and stay though nobody else needs them.
BOOST_AUTO_TEST_CASE(what_is_owed_to_nobody_is_shown) {
  const metrics::labels gone{{"pipeline", "traces"}, {"exporter", backend}};
  config.logs[0].exporters = {"otlp/new"};
  append(4);
  place("otlp/new", 4);
  storage::batch notes;
  note_orphans(*disk, {{traces, {"otlp/new"}}}, now.wall, notes);
  disk->commit(notes, true);
  start();
  tick();
  BOOST_TEST(metrics::orphaned_items.with(gone).Value() == 8.0);
  BOOST_TEST(first_block() == 0U);
  auto wanted = config;
  wanted.logs[0].exporters = {"otlp/new", backend};
  BOOST_TEST(uut->change(wanted, now).has_value());
  BOOST_TEST(metrics::orphaned_items.with(gone).Value() == 0.0);
}

// -- reload, failure and stop --

// Scenario: another retention, by a reload whose plan has another gate. Guarantee: it holds at
// once; the gate stays the one of the start.
BOOST_AUTO_TEST_CASE(another_plan_holds_at_once) {
  start();
  append(5);
  place(backend, 5);
  now = later(60LL * second_ns, now);
  disk->set_full(true);
  auto wanted = config;
  wanted.retention_ns = second_ns;
  wanted.admit = [](bool, const std::string&) { BOOST_ERROR("the gate of another plan"); };
  BOOST_TEST(uut->change(wanted, now).has_value());
  BOOST_TEST(first_block() == 5U);
  BOOST_TEST(admissions.size() == 1U);
}

// Scenario: the disk has failed. Guarantee: the next full look says so, and so does a reload.
BOOST_AUTO_TEST_CASE(a_failed_disk_is_said) {
  start();
  tick();
  disk->break_down({errc::fatal, "it broke"});
  for (int i = 0; i < 4; ++i)
    tick();
  const auto kept = uut->tick(now);
  BOOST_REQUIRE(!kept.has_value());
  BOOST_TEST(kept.error().message == "it broke");
  BOOST_TEST(!uut->change(config, now).has_value());
}

// Scenario: it stops with blocks trimmed, and the quota full; ticks and a reload come late.
// Guarantee: what was trimmed is durable, and the gate is touched no more, for the server is gone.
BOOST_AUTO_TEST_CASE(a_stopped_housekeeper_admits_nobody) {
  start();
  append(5);
  place(backend, 5);
  tick();
  BOOST_REQUIRE(disk->trim_log(traces, 5));
  disk->set_full(true);
  uut->stop();
  disk->crash();
  BOOST_TEST(first_block() == 5U);
  pass_second();
  BOOST_TEST(uut->change(config, now).has_value());
  BOOST_TEST(admissions.empty());
}

BOOST_AUTO_TEST_SUITE_END()
