#include "stages/disk_keeping.hpp"

#include "codec/dead_letter.hpp"
#include "core/metrics.hpp"
#include "spans.hpp"
#include "stages/housekeeper.hpp"
#include "stages/ledger.hpp"
#include "stages/log_group.hpp"
#include "storage/store.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <optional>

using namespace weir;
using namespace weir::stages;

namespace {

constexpr pipeline_id traces = 1;
constexpr auto backend = "otlp/backend";

// A disk keeper over a real store with a small quota; time is the test's.
struct fixture {
  fixture() {
    settings.directory = directory.path() + "/data";
    settings.memtable_bytes = 64 << 10;
    settings.max_wal_bytes = 320 << 10;
    settings.max_bytes = 8 << 20;
    auto opened = storage::store::open(settings);
    BOOST_REQUIRE(opened);
    store = std::move(*opened);
    BOOST_REQUIRE(store->pipeline("traces"));
    BOOST_REQUIRE(store->open_log(traces));
    keeper.emplace(store);
    config.logs.push_back({traces, "traces", {backend}});
    place(backend, 0);
  }

  void place(const std::string& exporter, log_position begin) {
    storage::batch b;
    b.put_cursor(exporter, traces, {begin, 0});
    BOOST_REQUIRE(store->commit(std::move(b), true));
  }

  // One block of some 40 KB; its items.
  std::uint64_t append(unix_ns time) {
    log_group group(traces, signal::traces, 1, {});
    BOOST_REQUIRE(group.add(some_spans(store->log(traces).next, 10, 4000), time));
    const auto closed = group.take();
    BOOST_REQUIRE(closed.size() == 1U);
    storage::batch b;
    b.append_block(traces, store->log(traces).next, closed[0].header.last_time, closed[0].bytes);
    logged += closed[0].header.items;
    ledger_page page(*store, ledger_key("traces", "log"), log_counts);
    page[appended_items] = logged;
    page.write(b);
    BOOST_REQUIRE(store->commit(std::move(b), false));
    return closed[0].header.items;
  }

  void add_letter(unix_ns time, std::size_t bytes) {
    storage::batch b;
    b.put_dead_letter(
        traces, store->dead_letters(traces).next,
        codec::encode({signal::traces, time, 5, backend, "no", std::string(bytes, 'x')}));
    BOOST_REQUIRE(store->commit(std::move(b), false));
  }

  void keep() {
    store->maintain();
    keeper->keep(config, now);
  }

  // Whether data is accepted; RocksDB's own threads, where they lag behind, may take room until the next look.
  bool goes_on() {
    for (const auto until = steady_now() + 10 * second_ns;
         !store->accepts_data() && steady_now() < until;)
      keep();
    return store->accepts_data();
  }

  static double counted(const metrics::counter_metric& counter_metric) {
    return counter_metric.with({{"pipeline", "traces"}}).Value();
  }

  test::temporary_directory directory;
  storage::options settings;
  std::shared_ptr<storage::store> store;
  std::optional<disk_keeper> keeper;
  housekeeper_config config;
  std::uint64_t logged = 0;
  const unix_ns now = 1'700'000'000ULL * second_ns;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(disk_keeping_test, fixture)

// Scenario: a back end that keeps up, retention 24h, overflow: refuse, and five times the quota.
// Guarantee: intake is never stopped, delivered blocks go, the newest stay, nothing is lost.
BOOST_AUTO_TEST_CASE(delivered_blocks_do_not_fill_the_quota) {
  const auto lost = counted(metrics::log_dropped_items);
  for (int i = 0; i < 1000; ++i) {
    append(now);
    place(backend, store->log(traces).next);
    if (i % 5 == 4)
      keep();
    BOOST_REQUIRE_MESSAGE(goes_on(), "refused at block " << i);
  }
  BOOST_TEST(store->log(traces).first > 500u);
  BOOST_TEST(store->log(traces).next - store->log(traces).first > 50u);
  BOOST_TEST(store->room().used < settings.max_bytes);
  BOOST_TEST(counted(metrics::log_dropped_items) == lost);
}

// Scenario: a back end that is away until the quota is full, overflow: refuse. Guarantee: nothing
// of what is owed goes, intake stops; it goes on once a part was delivered.
BOOST_AUTO_TEST_CASE(what_is_owed_is_refused_not_dropped) {
  for (int i = 0; i < 400 && (store->accepts_data() || (keep(), store->accepts_data())); ++i) {
    append(now);
    if (i % 5 == 4)
      keep();
  }
  BOOST_TEST(!store->accepts_data());
  BOOST_TEST(store->log(traces).first == 0u);
  place(backend, store->log(traces).next / 2);
  for (int i = 0; i < 40; ++i) {
    keep();
    BOOST_REQUIRE(goes_on());
    append(now);
  }
  BOOST_TEST(store->log(traces).first > 0u);
}

// Scenario: the same with overflow: drop_oldest. Guarantee: the oldest goes, counted to the item,
// and no more than it takes.
BOOST_AUTO_TEST_CASE(the_oldest_is_dropped_and_counted) {
  config.drop_oldest = true;
  const auto lost = counted(metrics::log_dropped_items);
  auto items = std::uint64_t{0};
  for (int i = 0; i < 400; ++i) {
    items = append(now);
    if (i % 5 == 4)
      keep();
  }
  keep();
  BOOST_TEST(goes_on());
  const auto first = store->log(traces).first;
  BOOST_TEST(first > 0u);
  BOOST_TEST(store->room().used > store->room().limit * 3 / 4);
  BOOST_TEST(counted(metrics::log_dropped_items) - lost == static_cast<double>(first * items));
}

// Scenario: dead letters without end, then live data, retention 1 s, drop_oldest. Guarantee:
// letters keep to their part, are the first to go, counted; intake goes on, nothing that is owed is
// dropped.
BOOST_AUTO_TEST_CASE(dead_letters_keep_to_their_part) {
  config.drop_oldest = true;
  config.dead_letter_bytes = 2 << 20;
  const auto gone = counted(metrics::dead_letters_dropped_items);
  const auto lost = counted(metrics::log_dropped_items);
  for (int i = 0; i < 600; ++i) {
    add_letter(now, 40'000);
    if (i % 5 == 4)
      keep();
    BOOST_REQUIRE_MESSAGE(goes_on(), "refused at letter " << i);
  }
  keep();
  const auto held = store->dead_letters(traces);
  BOOST_TEST(held.first > 500u);
  BOOST_TEST(held.next - held.first > 20u);
  BOOST_TEST(store->usage().at("dead_letters/traces") < 3u << 20);
  BOOST_TEST(counted(metrics::dead_letters_dropped_items) - gone
             == static_cast<double>(5 * held.first));
  for (int i = 0; i < 130; ++i) {
    append(now);
    if (i % 5 == 4)
      keep();
  }
  BOOST_TEST(goes_on());
  BOOST_TEST(counted(metrics::log_dropped_items) == lost);
  BOOST_TEST(store->log(traces).first == 0u);
}

// Scenario: letters older and younger than their retention. Guarantee: the older go, counted.
BOOST_AUTO_TEST_CASE(dead_letters_go_with_time) {
  const auto gone = counted(metrics::dead_letters_dropped_items);
  config.dead_letter_retention_ns = 3600LL * second_ns;
  for (int i = 0; i < 10; ++i)
    add_letter(now - (i < 6 ? 4000ULL : 3000ULL) * second_ns, 100);
  keep();
  keep();
  BOOST_TEST(store->dead_letters(traces).first == 6u);
  BOOST_TEST(counted(metrics::dead_letters_dropped_items) - gone == 30.0);
}

// Scenario: an exporter is renamed with blocks that it was owed; its successor delivers; the room
// runs short; the old name comes back meanwhile, or the time is over. Guarantee: what it was owed
// is counted, said with when it goes, is not more with what comes later, stays until it has to go,
// and is counted as dropped then.
BOOST_AUTO_TEST_CASE(what_is_owed_to_nobody_is_counted) {
  for (int i = 0; i < 10; ++i)
    append(now - 1000 * second_ns);
  place(backend, 4);
  place("otlp/new", 10);
  config.logs[0].exporters = {"otlp/new"};
  const configured_exporters configured{{traces, {"otlp/new"}}};
  storage::batch notes;
  note_orphans(*store, configured, now, notes);
  BOOST_REQUIRE(store->commit(std::move(notes), true));
  for (int i = 0; i < 5; ++i)
    append(now);
  place("otlp/new", 15);
  keep();
  BOOST_REQUIRE(keeper->orphans().size() == 1u);
  const auto& orphan = keeper->orphans()[0];
  BOOST_TEST(orphan.exporter == backend);
  BOOST_TEST(orphan.first == 4u);
  BOOST_TEST(orphan.below == 10u);
  BOOST_TEST(orphan.items == 100u); // It had ended none of the ten blocks' items.
  const auto text = describe(orphan);
  BOOST_TEST(text.find("100 items in 6 blocks were not delivered to it and stay until "
                       "2023-11-15T22:13:20Z")
                 != text.npos,
             text);
  BOOST_TEST(store->log(traces).first == 0u);

  storage::batch back;
  note_orphans(*store, {{traces, {backend, "otlp/new"}}}, now, back);
  BOOST_TEST(!back.empty());
  BOOST_TEST(find_orphans(*store, {{traces, {backend, "otlp/new"}}}, now, 1).value().empty());

  const auto lost = counted(metrics::log_dropped_items);
  config.retention_ns = 500LL * second_ns;
  keep();
  BOOST_TEST(store->log(traces).first == 4u); // What is owed stays for its own time.
  BOOST_TEST(!is_forgotten(*store, traces, backend, now, config.cursor_retention_ns).value());
  config.cursor_retention_ns = 0;
  BOOST_TEST(is_forgotten(*store, traces, backend, now + 1, 0).value());
  keep();
  keep();
  BOOST_TEST(store->log(traces).first == 10u);
  BOOST_TEST(keeper->orphans().empty());
  BOOST_TEST(counted(metrics::log_dropped_items) - lost == 60.0);
}

BOOST_AUTO_TEST_SUITE_END()
