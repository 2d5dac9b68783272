#include "faulty_file_system.hpp"
#include "records.hpp"
#include "small_store.hpp"

#include "core/metrics.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace weir;
using namespace weir::storage;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t piece_bytes = 100'000;

struct fixture : store_fixture {
  fixture() : store_fixture(256 << 10, 1 << 20) { reopen(); }

  std::uint64_t spill(std::string_view bytes) {
    const auto place = database->spill(bytes);
    BOOST_REQUIRE_MESSAGE(place, (place ? "" : place.error().message));
    return *place;
  }

  // Until it is refused; the places.
  std::deque<std::uint64_t> fill() {
    auto places = std::deque<std::uint64_t>();
    for (;;) {
      const auto place = database->spill(noise(piece_bytes, places.size()));
      if (!place) {
        BOOST_TEST((place.error().code == errc::full), place.error().message);
        return places;
      }
      places.push_back(*place);
      BOOST_REQUIRE(places.size() < 10'000);
    }
  }

  void commit(journal_position position, std::size_t bytes = 1000) {
    auto b = batch();
    b.put_entry(position, noise(bytes, position));
    const auto done = database->commit(std::move(b), true);
    BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().message));
  }

  errc read_error(std::uint64_t place) {
    const auto found = database->read_spilled(place);
    BOOST_REQUIRE(!found);
    return found.error().code;
  }

  std::uint64_t used() { return database->usage()["spill"]; }
  std::string spilled_files() const { return settings.directory + "/spill"; }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(spill_test, fixture)

// Scenario: pieces of many sizes, none and more than a file among them, are spilled and read in
// another order. Guarantee: each is what was spilled, under a place of its own that is not 0; no
// other place is taken for one.
BOOST_AUTO_TEST_CASE(what_was_spilled_is_read_back) {
  auto places = std::vector<std::uint64_t>();
  const std::size_t sizes[] = {0, 1, 31, 32, 33, 1000, 300'000, 5, 2'000'000, 70'000};
  for (const auto size : sizes)
    places.push_back(spill(noise(size, size)));
  for (auto i = std::size(sizes); i-- > 0;) {
    BOOST_TEST(places[i] != 0u);
    BOOST_TEST((database->read_spilled(places[i]).value() == noise(sizes[i], sizes[i])));
  }
  BOOST_TEST((read_error(0) == errc::not_found));
  BOOST_TEST((read_error(places.back() + 10'000'000) == errc::not_found));
  BOOST_TEST((read_error(places.back() + 1) == errc::corrupt));
  database->maintain();
  BOOST_TEST(used() > 2'300'000u);
}

// Scenario: a store with spilled pieces is opened again, after it was closed, and after its process
// was killed. Guarantee: nothing of them is there, nothing else is missing, and it spills again.
BOOST_AUTO_TEST_CASE(a_restart_drops_everything) {
  const auto disk = std::make_shared<faulty_file_system>(directory.path());
  settings.file_system = disk;
  reopen();
  commit(0);
  const auto place = spill(noise(1000, 1));
  commit(1);
  database.reset();
  BOOST_TEST(!fs::exists(spilled_files()));
  reopen();
  BOOST_TEST((read_error(place) == errc::not_found));
  spill(noise(1000, 2));
  commit(2);
  database->maintain();
  disk->cut_power();
  database.reset();
  disk->restore_power();
  fs::create_directory(spilled_files());
  std::ofstream(spilled_files() + "/17") << "of a process before";
  reopen();
  BOOST_TEST(!fs::exists(spilled_files()));
  BOOST_TEST(used() == 0u);
  BOOST_TEST(!database->recovery().salvaged);
  BOOST_TEST(database->recovery().records_lost == 0u);
  BOOST_TEST(database->recovery().text == "");
  BOOST_TEST(database->journal().next == 3u);
  BOOST_TEST((database->read_spilled(spill(noise(1000, 3))).value() == noise(1000, 3)));
}

// Scenario: another process tries the directory of a store that has spilled. Guarantee: it is
// refused and takes nothing away.
BOOST_AUTO_TEST_CASE(a_second_process_removes_nothing) {
  const auto place = spill("held");
  BOOST_REQUIRE(!store::open(settings));
  BOOST_TEST(fs::exists(spilled_files()));
  BOOST_TEST(database->read_spilled(place).value() == "held");
}

// Scenario: the least quota, nothing else set, and pieces are spilled until one is refused.
// Guarantee: errc::full at a quarter of the quota; it counts in what is used; intake goes on, and
// so do commits; the refusal is counted.
BOOST_AUTO_TEST_CASE(the_default_bound_holds) {
  settings.max_bytes = 64 << 20;
  reopen();
  const auto refused = metrics::storage_refused_spills.with().Value();
  const auto places = fill();
  BOOST_TEST(places.size() * piece_bytes > (15u << 20));
  BOOST_TEST(places.size() * piece_bytes <= (16u << 20));
  BOOST_TEST(metrics::storage_refused_spills.with().Value() == refused + 1);
  database->maintain();
  BOOST_TEST(used() <= 16u << 20);
  BOOST_TEST(database->room().used >= used());
  BOOST_TEST(database->accepts_data());
  commit(0);
  for (std::size_t i = 0; i < places.size(); i += 7)
    BOOST_TEST((database->read_spilled(places[i]).value() == noise(piece_bytes, i)));
}

// Scenario: a bound of its own. Guarantee: it holds, and it is less than one file would be.
BOOST_AUTO_TEST_CASE(a_set_bound_holds) {
  settings.max_spill_bytes = 450'000;
  reopen();
  BOOST_TEST(fill().size() == 4u);
  database->maintain();
  BOOST_TEST(used() <= 450'000u);
}

// Scenario: pieces are spilled to the bound, the first half is dropped, then the rest, then it goes
// on for many times the bound. Guarantee: space comes back as pieces go, all of it at the end, and
// is used again.
BOOST_AUTO_TEST_CASE(dropped_space_comes_back) {
  settings.max_spill_bytes = 4 << 20;
  reopen();
  auto places = fill();
  const auto held = places.size();
  database->maintain();
  const auto before = used();
  for (std::size_t i = 0; i < held / 2; ++i) {
    database->drop_spilled(places.front());
    places.pop_front();
  }
  database->maintain();
  BOOST_TEST(used() < before * 2 / 3);
  for (std::size_t i = held / 2; i < held; ++i, places.pop_front()) {
    BOOST_TEST((database->read_spilled(places.front()).value() == noise(piece_bytes, i)));
    database->drop_spilled(places.front());
  }
  database->maintain();
  BOOST_TEST(used() == 0u);
  BOOST_TEST(fs::is_empty(spilled_files()));
  for (unsigned i = 0; i < 300; ++i) {
    places.push_back(spill(noise(piece_bytes, i)));
    if (i >= 10) {
      BOOST_TEST((database->read_spilled(places.front()).value() == noise(piece_bytes, i - 10)));
      database->drop_spilled(places.front());
      places.pop_front();
    }
    if (i % 10 == 0)
      database->maintain();
  }
}

// Scenario: places that were never given are dropped. Guarantee: nothing happens.
BOOST_AUTO_TEST_CASE(an_unknown_place_is_dropped) {
  database->drop_spilled(5);
  const auto place = spill("held");
  database->drop_spilled(0);
  database->drop_spilled(place + 1'000'000);
  database->maintain();
  BOOST_TEST(database->read_spilled(place).value() == "held");
}

// Scenario: others fill the quota up to where intake is about to stop, and further. Guarantee:
// spilling is refused before intake stops, and goes on when the quota is raised.
BOOST_AUTO_TEST_CASE(a_full_quota_refuses_spills_first) {
  settings.max_bytes = 64 << 20;
  reopen();
  auto next = journal_position{0};
  while (database->spill(noise(1000, 1))) {
    BOOST_REQUIRE(database->accepts_data());
    commit(next++, 500'000);
    database->maintain();
  }
  BOOST_TEST(database->accepts_data());
  BOOST_TEST(used() < 16u << 20);
  while (database->accepts_data())
    commit(next++, 500'000);
  BOOST_TEST((database->spill("x").error().code == errc::full));
  BOOST_REQUIRE(database->set_max_bytes(256 << 20));
  spill("x");
}

// Scenario: pieces are spilled on a disk that has little room. Guarantee: errc::full before the
// reserve is touched: intake goes on, commits go on, the database is not failed and not stuck; when
// pieces are dropped there is room again.
BOOST_AUTO_TEST_CASE(a_disk_with_little_room_refuses_spills) {
  const auto disk = std::make_shared<faulty_file_system>(directory.path());
  settings.file_system = disk;
  reopen();
  commit(0);
  database->maintain();
  disk->set_quota(disk->used() + (6 << 20));
  database->maintain();
  const auto faults = disk->faults();
  const auto places = fill();
  BOOST_TEST(places.size() > 10u);
  database->maintain();
  BOOST_TEST(database->accepts_data());
  BOOST_TEST(!database->room().stuck);
  commit(1, 100'000);
  BOOST_TEST(disk->faults() == faults);
  for (const auto place : places)
    database->drop_spilled(place);
  database->maintain();
  BOOST_TEST(!database->failure());
  BOOST_TEST(fill().size() > 5u);
}

// Scenario: the disk is full at once, or fails, as a piece is written or read. Guarantee: the piece
// is refused with errc::full or errc::io, those before it are there, commits and later pieces go
// on, and nothing is left of the refused ones.
BOOST_AUTO_TEST_CASE(a_failed_spill_does_no_harm) {
  const auto disk = std::make_shared<faulty_file_system>(directory.path());
  settings.file_system = disk;
  reopen();
  const auto before = spill(noise(1000, 1));
  for (std::uint64_t n = 1; n <= 3; ++n) {
    disk->fail_write(n); // The header, the bytes, or those of the next, into a new file.
    auto kept = std::vector<std::uint64_t>();
    for (unsigned i = 0; i < 3; ++i) {
      if (const auto place = database->spill(noise(1000, i)))
        kept.push_back(*place);
      else
        BOOST_TEST((place.error().code == errc::io));
    }
    BOOST_TEST(kept.size() == 2u);
    disk->fail_write(0);
    commit(n);
    for (const auto place : kept) {
      BOOST_TEST(database->read_spilled(place).has_value());
      database->drop_spilled(place);
    }
  }
  disk->fail_read(1);
  BOOST_TEST((read_error(before) == errc::io));
  BOOST_TEST((database->read_spilled(before).value() == noise(1000, 1)));
  BOOST_TEST(!database->failure());
  database->drop_spilled(before);
  database->maintain();
  BOOST_TEST(used() == 0u);
}

// Scenario: a byte of a spilled piece rots, in its head or in its bytes, or the file is cut.
// Guarantee: errc::corrupt, counted; its neighbours are read.
BOOST_AUTO_TEST_CASE(rot_is_found) {
  const auto first = spill(noise(500, 1));
  const auto second = spill(noise(500, 2));
  const auto third = spill(noise(500, 3));
  const auto file = fs::directory_iterator(spilled_files())->path();
  const auto flip = [&](std::uint64_t offset) {
    auto bytes = std::fstream(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekg(static_cast<std::streamoff>(offset));
    const auto byte = static_cast<char>(bytes.get() ^ 0x10);
    bytes.seekp(static_cast<std::streamoff>(offset));
    bytes.put(byte);
  };
  const auto counted = metrics::storage_damaged_records.with().Value();
  for (std::uint64_t offset = 0; offset < 532; offset += 3) {
    flip(second - first + offset);
    BOOST_TEST((read_error(second) == errc::corrupt), "at " << offset);
    flip(second - first + offset);
  }
  BOOST_TEST(metrics::storage_damaged_records.with().Value() > counted);
  BOOST_TEST((database->read_spilled(second).value() == noise(500, 2)));
  fs::resize_file(file, third - first + 400);
  BOOST_TEST((read_error(third) == errc::corrupt));
  BOOST_TEST((database->read_spilled(first).value() == noise(500, 1)));
}

// Scenario: two threads spill, read and drop while one commits and one maintains. Guarantee: every
// piece is what was spilled until it is dropped, every commit is there, and all room comes back.
BOOST_AUTO_TEST_CASE(threads_spill_beside_commits) {
  auto done = std::atomic<bool>(false);
  auto wrong = std::atomic<unsigned>(0);
  const auto work = [&](unsigned seed) {
    auto held = std::deque<std::pair<std::uint64_t, unsigned>>();
    for (unsigned i = 0; i < 1500; ++i) {
      const auto piece = seed * 10'000 + i;
      const auto place = database->spill(noise(100 + piece % 5000, piece));
      if (!place) {
        ++wrong;
        continue;
      }
      held.emplace_back(*place, piece);
      const auto& [middle, number] = held[held.size() / 2];
      const auto found = database->read_spilled(middle);
      wrong += !found || *found != noise(100 + number % 5000, number);
      if (held.size() > 100) {
        database->drop_spilled(held.front().first);
        held.pop_front();
      }
    }
    for (const auto& each : held)
      database->drop_spilled(each.first);
  };
  auto keeper = std::thread([&] {
    while (!done) {
      database->maintain();
      wrong += database->failure().has_value();
    }
  });
  auto threads = std::vector<std::thread>();
  for (unsigned seed = 1; seed <= 2; ++seed)
    threads.emplace_back(work, seed);
  for (journal_position i = 0; i < 300; ++i)
    commit(i);
  for (auto& thread : threads)
    thread.join();
  done = true;
  keeper.join();
  BOOST_TEST(wrong == 0u);
  BOOST_TEST(database->journal().next == 300u);
  database->maintain();
  BOOST_TEST(used() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
