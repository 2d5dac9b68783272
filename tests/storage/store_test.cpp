#include "storage/store.hpp"

#include "faulty_file_system.hpp"
#include "small_store.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <unistd.h>

using namespace weir;
using namespace weir::storage;

namespace {

struct fixture : store_fixture {
  fixture() : store_fixture(256 << 10, 1 << 20) { reopen(); }

  void commit(batch batch, bool sync = true) {
    const auto done = database->commit(std::move(batch), sync);
    BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().message));
  }

  std::vector<std::pair<journal_position, std::string>> journal(journal_position begin = 0) {
    auto all = std::vector<std::pair<journal_position, std::string>>();
    BOOST_REQUIRE(
        database->scan_journal(begin, [&](journal_position position, std::string_view entry) {
          all.emplace_back(position, entry);
          return true;
        }));
    return all;
  }

  std::uint64_t used(const std::string& part) { return database->usage()[part]; }
};

std::string bytes(std::size_t size, unsigned seed) {
  auto result = std::string(size, '\0');
  auto state = seed * 2654435761u + 1;
  for (auto& c : result) {
    state = state * 1664525u + 1013904223u;
    c = static_cast<char>(state >> 24);
  }
  return result;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(store_test, fixture)

// Scenario: every kind of record is committed and the database opened again. Guarantee: all of it
// is there, under its own position, and bounds go on where they were.
BOOST_AUTO_TEST_CASE(what_was_committed_is_read_back) {
  BOOST_TEST(database->recovery().fresh);
  const auto pipeline = database->pipeline("traces/main").value();
  BOOST_REQUIRE(database->open_log(pipeline));
  const auto id = entry_id{database->node(), database->epoch(), 7};
  auto b = batch();
  b.put_entry(0, std::string_view("zero"));
  b.put_entry(1, shared_bytes(std::string("one")));
  b.put_progress(id, "done");
  b.put_settled(id, "reported");
  b.put_decisions(pipeline, 3, "kept");
  b.append_block(pipeline, 0, 1000, std::string_view("block"));
  b.put_cursor("otlp/a", pipeline, {4, 2});
  b.put_dead_letter(pipeline, 0, "refused");
  b.put_meta("key", "value");
  BOOST_TEST(b.bytes() > 30u);
  commit(std::move(b));

  const auto node = database->node();
  const auto epoch = database->epoch();
  reopen();
  BOOST_TEST(!database->recovery().fresh);
  BOOST_TEST(database->node() == node);
  BOOST_TEST(database->epoch() != epoch);
  BOOST_TEST(database->pipeline("traces/main").value() == pipeline);
  BOOST_TEST(database->pipeline("traces/other").value() != pipeline);
  BOOST_REQUIRE_EQUAL(journal().size(), 2u);
  BOOST_TEST(database->read_entry(1).value() == "one");
  BOOST_TEST(database->journal().next == 2u);
  auto progress = std::string();
  BOOST_REQUIRE(database->scan_progress([&](const entry_id& entry_id, std::string_view value) {
    BOOST_TEST((entry_id == id));
    progress = value;
    return true;
  }));
  BOOST_TEST(progress == "done");
  auto settled = std::string();
  BOOST_REQUIRE(database->scan_settled([&](const entry_id& entry_id, std::string_view value) {
    BOOST_TEST((entry_id == id));
    settled += value;
    return true;
  }));
  BOOST_TEST(settled == "reported");
  BOOST_REQUIRE(
      database->scan_decisions(pipeline, [&](std::uint64_t chunk, std::string_view value) {
        BOOST_TEST(chunk == 3u);
        BOOST_TEST(value == "kept");
        return true;
      }));
  BOOST_TEST(database->read_block(pipeline, 0).value() == "block");
  BOOST_TEST((database->cursors(pipeline).value().at("otlp/a") == log_place{4, 2}));
  BOOST_TEST(database->read_dead_letter(pipeline, 0).value() == "refused");
  BOOST_TEST(database->meta("key").value().value() == "value");
  BOOST_TEST(!database->meta("other").value());
}

// Scenario: entries are erased and trimmed. Guarantee: they are gone for readers at once and for
// ever; positions are not used again, even if nothing is left.
BOOST_AUTO_TEST_CASE(trimmed_entries_stay_gone) {
  for (unsigned i = 0; i < 10; ++i) {
    auto b = batch();
    b.put_entry(i, bytes(100, i));
    commit(std::move(b));
  }
  auto b = batch();
  b.erase_entry(6);
  commit(std::move(b));
  BOOST_REQUIRE(database->trim_journal(5));
  BOOST_TEST((database->read_entry(4).error().code == errc::not_found));
  // Who knows where it was can read it, until the head has passed it.
  BOOST_TEST(database->read_entry(6).has_value());
  BOOST_TEST(database->journal_gone() == 0u);
  BOOST_TEST(journal().size() == 4u);
  BOOST_TEST(journal(8).size() == 2u);
  database->maintain();
  BOOST_TEST(database->journal_gone() == 5u);
  reopen();
  BOOST_TEST(database->journal_gone() == 5u);
  BOOST_TEST(database->journal().first == 5u);
  BOOST_TEST(journal().size() == 4u);
  BOOST_REQUIRE(database->trim_journal(100));
  database->maintain();
  reopen();
  BOOST_TEST(database->journal().first == 10u);
  BOOST_TEST(database->journal().next == 10u);
}

// Scenario: the disk fails while nothing is committed. Guarantee: the store says so by itself:
// intake is stopped, so no commit may come that would find out.
BOOST_AUTO_TEST_CASE(a_failed_disk_is_said_without_a_commit) {
  const auto disk = std::make_shared<faulty_file_system>(directory.path());
  settings.file_system = disk;
  reopen();
  auto b = batch();
  b.put_entry(0, std::string_view("zero"));
  commit(std::move(b));
  BOOST_REQUIRE(database->trim_journal(1));
  BOOST_TEST(!database->failure());
  disk->fail_sync(1);
  database->maintain();
  BOOST_TEST(!database->accepts_data());
  BOOST_REQUIRE(database->failure());
  BOOST_TEST((database->failure()->code == errc::fatal));
  BOOST_TEST(!database->failure()->message.empty());
}

// Scenario: many blocks over several files, the log trimmed, then nothing more is written.
// Guarantee: the space comes back, on an idle node all of it.
BOOST_AUTO_TEST_CASE(trimmed_space_comes_back) {
  const auto pipeline = database->pipeline("traces").value();
  BOOST_REQUIRE(database->open_log(pipeline));
  for (unsigned i = 0; i < 120; ++i) {
    auto b = batch();
    b.append_block(pipeline, i, i * 10, bytes(64 << 10, i));
    commit(std::move(b), false);
  }
  database->maintain();
  BOOST_TEST(used("log/traces") + used("wal") > (6u << 20));
  BOOST_REQUIRE(database->trim_log(pipeline, 100));
  for (int i = 0; i < 40; ++i) {
    database->maintain();
    usleep(2000);
  }
  BOOST_TEST(used("log/traces") < (2u << 20));
  BOOST_TEST(database->read_block(pipeline, 100).value() == bytes(64 << 10, 100));
  BOOST_REQUIRE(database->trim_log(pipeline, 120));
  for (int i = 0; i < 40; ++i) {
    database->maintain();
    usleep(2000);
  }
  BOOST_TEST(used("log/traces") < (64u << 10));
  BOOST_TEST(used("wal") <= settings.memtable_bytes * 9 / 8); // One log, which is written over.
  BOOST_TEST(used("spare") == 0u);
}

// Scenario: blocks whose times overlap and jump back. Guarantee: the time index names the first
// block that holds data of that time or later.
BOOST_AUTO_TEST_CASE(a_time_is_found) {
  const auto pipeline = database->pipeline("traces").value();
  BOOST_REQUIRE(database->open_log(pipeline));
  const unix_ns last_times[] = {100, 300, 200, 400};
  for (unsigned i = 0; i < 4; ++i) {
    auto b = batch();
    b.append_block(pipeline, i, last_times[i], std::string_view("x"));
    commit(std::move(b));
  }
  BOOST_TEST(database->find_time(pipeline, 0).value() == 0u);
  BOOST_TEST(database->find_time(pipeline, 101).value() == 1u);
  BOOST_TEST(database->find_time(pipeline, 250).value() == 1u);
  BOOST_TEST(database->find_time(pipeline, 301).value() == 3u);
  BOOST_TEST(database->find_time(pipeline, 401).value() == 4u);
  BOOST_REQUIRE(database->trim_log(pipeline, 3));
  BOOST_TEST(database->find_time(pipeline, 0).value() == 3u);
  reopen();
  auto b = batch();
  b.append_block(pipeline, 4, 50, std::string_view("clock went back"));
  commit(std::move(b));
  BOOST_TEST(database->find_time(pipeline, 400).value() == 3u);
}

// Scenario: a clock that was a year ahead for some blocks is right again; the node starts again.
// Guarantee: blocks that came after it are found by their own times, those before it go with them,
// and the index keeps nothing of what was trimmed.
BOOST_AUTO_TEST_CASE(a_clock_that_jumped_ahead_is_forgotten) {
  const auto pipeline = database->pipeline("traces").value();
  BOOST_REQUIRE(database->open_log(pipeline));
  constexpr unix_ns minute = 60ULL * second_ns;
  constexpr unix_ns year = 365ULL * 24 * 60 * minute;
  const unix_ns times[] = {100 * minute,        101 * minute, year + 102 * minute,
                           year + 103 * minute, 104 * minute, 130 * minute};
  for (unsigned i = 0; i < 6; ++i) {
    auto b = batch();
    b.append_block(pipeline, i, times[i], std::string_view("x"));
    commit(std::move(b));
    if (i == 3)
      reopen();
  }
  BOOST_TEST(database->find_time(pipeline, 101 * minute).value() == 1u);
  BOOST_TEST(database->find_time(pipeline, 104 * minute).value() == 2u);
  BOOST_TEST(database->find_time(pipeline, 120 * minute).value() == 5u);
  BOOST_TEST(database->find_time(pipeline, 140 * minute).value() == 6u);
  BOOST_REQUIRE(database->trim_log(pipeline, 5));
  database->maintain();
  BOOST_TEST(database->find_time(pipeline, 2 * year).value() == 6u);
  BOOST_TEST(database->find_time(pipeline, 120 * minute).value() == 5u);
}

// Scenario: blocks that came a little out of order, a clock that was set back by an hour, blocks
// that were trimmed. Guarantee: what is indexed at a time or later comes by time and position; those
// out of order stand at the time before them; what was trimmed does not come.
BOOST_AUTO_TEST_CASE(times_are_scanned) {
  const auto pipeline = database->pipeline("traces").value();
  BOOST_REQUIRE(database->open_log(pipeline));
  constexpr unix_ns minute = 60ULL * second_ns;
  const unix_ns times[] = {100 * minute, 102 * minute, 101 * minute, 40 * minute, 103 * minute};
  for (unsigned i = 0; i < 5; ++i) {
    auto b = batch();
    b.append_block(pipeline, i, times[i], std::string_view("x"));
    commit(std::move(b));
  }
  using found = std::vector<std::pair<unix_ns, log_position>>;
  const auto scanned = [&](unix_ns begin, std::size_t most = 100) {
    found all;
    BOOST_REQUIRE(database->scan_times(pipeline, begin, [&](unix_ns time, log_position position) {
      all.emplace_back(time / minute, position);
      return all.size() < most;
    }));
    return all;
  };
  BOOST_TEST((scanned(0) == found{{40, 3}, {100, 0}, {102, 1}, {102, 2}, {103, 4}}));
  BOOST_TEST((scanned(100 * minute + 1) == found{{102, 1}, {102, 2}, {103, 4}}));
  BOOST_TEST((scanned(0, 2) == found{{40, 3}, {100, 0}}));
  BOOST_TEST(scanned(104 * minute).empty());
  BOOST_REQUIRE(database->trim_log(pipeline, 2));
  BOOST_TEST((scanned(0) == found{{40, 3}, {102, 2}, {103, 4}}));
}

// Scenario: progress, settled records and decisions are trimmed. Guarantee: gone at once, and after
// a restart; records of another epoch stay.
BOOST_AUTO_TEST_CASE(small_records_are_trimmed) {
  auto b = batch();
  for (sequence s = 1; s <= 20; ++s) {
    b.put_progress({1, 2, s}, "p");
    b.put_settled({1, 2, s}, "s");
    b.put_decisions(1, s, std::to_string(s));
  }
  b.put_settled({1, 3, 4}, "s");
  commit(std::move(b));
  BOOST_REQUIRE(database->trim_progress(1, 2, 11));
  BOOST_REQUIRE(database->trim_decisions(1, 16));
  const auto left = [&] {
    auto seen = std::pair<int, std::string>();
    BOOST_REQUIRE(database->scan_progress([&](const entry_id&, std::string_view) {
      ++seen.first;
      return true;
    }));
    BOOST_REQUIRE(database->scan_settled([&](const entry_id&, std::string_view) {
      seen.first += 100;
      return true;
    }));
    BOOST_REQUIRE(database->scan_decisions(1, [&](std::uint64_t, std::string_view value) {
      seen.second += std::string(value) + ' ';
      return true;
    }));
    return seen;
  };
  BOOST_TEST((left() == std::pair(1110, std::string("20 19 18 17 16 "))));
  database->maintain();
  reopen();
  BOOST_TEST((left() == std::pair(1110, std::string("20 19 18 17 16 "))));
}

// Scenario: a commit names a log that is not open. Guarantee: an error, nothing written, the batch
// still whole; and the way there is open afterwards.
BOOST_AUTO_TEST_CASE(a_refused_batch_is_kept) {
  auto b = batch();
  b.put_entry(0, std::string_view("x"));
  b.append_block(9, 0, 1, std::string_view("y"));
  BOOST_TEST((database->commit(std::move(b), true).error().code == errc::invalid_argument));
  BOOST_TEST(journal().empty());
  BOOST_REQUIRE(database->open_log(9));
  BOOST_REQUIRE(database->commit(std::move(b), true));
  BOOST_TEST(b.empty());
  BOOST_TEST(journal().size() == 1u);
}

// Scenario: a second store on the directory of a first. Guarantee: refused with the holder's pid;
// the first goes on.
BOOST_AUTO_TEST_CASE(a_directory_has_one_user) {
  const auto second = store::open(settings);
  BOOST_REQUIRE(!second);
  BOOST_TEST((second.error().code == errc::unavailable));
  BOOST_TEST(second.error().message.find(std::to_string(getpid())) != std::string::npos);
  auto b = batch();
  b.put_meta("still", "here");
  commit(std::move(b));
}

// Scenario: the directory cannot be made, or not be written. Guarantee: errc::io that names it.
BOOST_AUTO_TEST_CASE(a_directory_that_cannot_be_is_an_error) {
  auto elsewhere = settings;
  std::ofstream(directory.path() + "/file") << "x";
  elsewhere.directory = directory.path() + "/file/parent/data";
  const auto opened = store::open(elsewhere);
  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == errc::io));
  BOOST_TEST(opened.error().message.find("file/parent") != std::string::npos);
  elsewhere.directory = directory.path() + "/file";
  BOOST_TEST((store::open(elsewhere).error().code == errc::io));
}

BOOST_AUTO_TEST_SUITE_END()
