#include "storage/sizing.hpp"
#include "storage/store.hpp"

#include "faulty_file_system.hpp"
#include "small_store.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace weir;
using namespace weir::storage;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

struct fixture : store_fixture {
  fixture() : store_fixture(64 << 10, 320 << 10) {}

  void open() {
    reopen();
    pipeline = database->pipeline("traces").value();
    BOOST_REQUIRE(database->open_log(pipeline));
  }

  void append(unsigned blocks, std::size_t bytes) {
    for (unsigned i = 0; i < blocks; ++i) {
      auto b = batch();
      const auto index = database->log(pipeline).next;
      b.append_block(pipeline, index, 1000 + index, std::string(bytes, 'x'));
      BOOST_REQUIRE(database->commit(std::move(b), false));
    }
  }

  void add_letters(unsigned letters, std::size_t bytes) {
    for (unsigned i = 0; i < letters; ++i) {
      auto b = batch();
      b.put_dead_letter(pipeline, database->dead_letters(pipeline).next, std::string(bytes, 'x'));
      BOOST_REQUIRE(database->commit(std::move(b), false));
    }
  }

  pipeline_id pipeline = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(room_test, fixture)

// Scenario: quotas from the least on. Guarantee: what is given up on a full disk is more than what
// must be free for a write (all memtables, a commit of one), and no more than a tenth of the quota;
// log, ballast and reserve together leave more than half of it.
BOOST_AUTO_TEST_CASE(sizes_fit_every_quota) {
  for (const auto quota : {64 * mebibyte, 100 * mebibyte, 256 * mebibyte, 448 * mebibyte,
                           1024 * mebibyte, 2048 * mebibyte, 3000 * mebibyte, 500'000 * mebibyte}) {
    auto asked = options();
    asked.max_bytes = quota;
    const auto fits = fitted(asked);
    BOOST_TEST(ballast_bytes(fits) >= 4 * fits.memtable_bytes + 5 * fits.memtable_bytes / 4);
    BOOST_TEST(ballast_bytes(fits) <= quota / 10);
    BOOST_TEST(ballast_bytes(fits) + 2 * fits.memtable_bytes + 2 * fits.max_wal_bytes < quota / 2);
    BOOST_TEST(fits.memtable_bytes >= mebibyte);
  }
}

// Scenario: a store of 2 GiB. Guarantee: its ballast is there, and large enough for a write on a
// full disk.
BOOST_AUTO_TEST_CASE(the_ballast_is_large_enough) {
  settings = options();
  settings.directory = directory.file("data");
  settings.max_bytes = 2048 * mebibyte;
  open();
  database->maintain();
  BOOST_TEST(database->usage().at("ballast") >= 160 * mebibyte + mebibyte);
}

// Scenario: dead letters that are in the write-ahead log alone. Guarantee: what they take is said,
// and is not counted twice.
BOOST_AUTO_TEST_CASE(what_is_in_the_log_counts_where_it_belongs) {
  settings.memtable_bytes = 16 << 20;
  settings.max_wal_bytes = 64 << 20;
  open();
  add_letters(100, 10'000);
  database->maintain();
  const auto usage = database->usage();
  BOOST_TEST(usage.at("dead_letters/traces") > 900'000u);
  BOOST_TEST(usage.at("dead_letters/traces") < 2'000'000u);
  auto logs = std::uint64_t{0};
  for (const auto& file : fs::directory_iterator(settings.directory + "/db"))
    logs += file.path().extension() == ".log" ? file.file_size() : 0;
  BOOST_TEST(usage.at("wal") + usage.at("dead_letters/traces") <= logs + 100'000);
}

// Scenario: the quota is filled, then raised, then lowered under what the write buffers need.
// Guarantee: clients are refused for that reason, with who holds what; served again at once; an
// error that says why, and the quota stays.
BOOST_AUTO_TEST_CASE(the_quota_can_change) {
  settings.max_bytes = 4 << 20;
  open();
  append(100, 50'000);
  database->maintain();
  BOOST_TEST(!database->accepts_data());
  const auto room = database->room();
  BOOST_TEST((room.why == refusal::quota));
  BOOST_TEST(room.used >= room.limit);
  BOOST_TEST(room.over > 0u);
  const auto text = describe(room, database->usage());
  BOOST_TEST(text.find("storage.max_bytes is reached: ") == 0u);
  BOOST_TEST(text.find("of 4 MiB") != text.npos);
  BOOST_TEST(text.find("log/traces 5 MiB") != text.npos, text);
  BOOST_REQUIRE(database->set_max_bytes(64 << 20));
  BOOST_TEST(database->accepts_data());
  BOOST_TEST(database->room().max_bytes == 64u << 20);

  settings = options();
  settings.directory = directory.file("other");
  settings.max_bytes = 1024 * mebibyte; // Memtables of 16 MiB.
  open();
  const auto set = database->set_max_bytes(512 * mebibyte);
  BOOST_REQUIRE(!set);
  BOOST_TEST((set.error().code == errc::invalid_argument));
  BOOST_TEST(set.error().message.find("storage.max_bytes: 512 MiB are too few") == 0u);
  BOOST_TEST(database->room().max_bytes == 1024 * mebibyte);
}

// Scenario: a disk that has less than the reserve, far below the quota. Guarantee: it is told from
// the quota.
BOOST_AUTO_TEST_CASE(a_full_disk_is_told_from_a_full_quota) {
  const auto disk = std::make_shared<faulty_file_system>(directory.path());
  settings.file_system = disk;
  open();
  append(4, 50'000);
  disk->set_quota(disk->used() + 300'000);
  database->maintain();
  BOOST_TEST((database->room().why == refusal::disk));
  BOOST_TEST(describe(database->room(), database->usage()).find("the disk is full: ") == 0u);
}

// Scenario: blocks in several tables and in memory, then trims. Guarantee: segments follow each
// other without a gap, from the first position held to the last, older ones first; trimming up to
// the end of one gives its bytes back at once.
BOOST_AUTO_TEST_CASE(segments_cover_the_log) {
  open();
  append(60, 10'000);
  for (int i = 0; i < 30; ++i) {
    database->maintain();
    usleep(1000);
  }
  append(2, 100);
  auto segments = database->log_segments(pipeline);
  BOOST_REQUIRE(segments.size() > 3);
  auto next = database->log(pipeline).first;
  auto age = std::uint64_t{0};
  for (const auto& each : segments) {
    BOOST_TEST(each.first == next);
    BOOST_TEST(each.age > age);
    BOOST_TEST(each.in_memory == (&each == &segments.back()));
    next = each.next;
    age = each.age;
  }
  BOOST_TEST(next == database->log(pipeline).next);
  const auto before = database->usage().at("log/traces");
  BOOST_REQUIRE(database->trim_log(pipeline, segments[1].next));
  database->give_back();
  BOOST_TEST(database->usage().at("log/traces") + segments[0].bytes + segments[1].bytes
             <= before + 20'000); // What is in memory came later.
  BOOST_TEST(database->log_segments(pipeline).size() == segments.size() - 2);
}

// Scenario: a store whose directory, and the directory above, are missing; files of all kinds in
// it. Guarantee: they are made, and nobody else can read them.
BOOST_AUTO_TEST_CASE(a_directory_is_made_for_its_user_alone) {
  settings.directory = directory.path() + "/missing/parent/data";
  open();
  append(60, 10'000);
  database->set_aside("log", 7, "x");
  database->maintain();
  database.reset();
  auto looked_at = 0;
  const auto is_private = [&](const fs::path& path) {
    ++looked_at;
    struct stat found {};
    BOOST_REQUIRE(stat(path.c_str(), &found) == 0);
    BOOST_TEST((found.st_mode & (S_IRWXG | S_IRWXO)) == 0u, path);
  };
  is_private(settings.directory);
  for (const auto& file : fs::recursive_directory_iterator(settings.directory))
    is_private(file.path());
  BOOST_TEST(looked_at > 10);
}

// Scenario: a directory that was made before, open to all; another that its group may enter.
// Guarantee: others are shut out, the group stays.
BOOST_AUTO_TEST_CASE(others_are_shut_out) {
  fs::create_directory(settings.directory);
  BOOST_REQUIRE(chmod(settings.directory.c_str(), 0775) == 0);
  open();
  struct stat found {};
  BOOST_REQUIRE(stat(settings.directory.c_str(), &found) == 0);
  BOOST_TEST((found.st_mode & 0777) == 0770u);
}

// Scenario: more is set aside than may be kept. Guarantee: the oldest goes, the newest stays, and
// what is left is within its bound.
BOOST_AUTO_TEST_CASE(what_is_set_aside_is_bounded) {
  settings.max_damaged_bytes = 25'000;
  open();
  const auto name = [&](int i) { return settings.directory + "/damaged/log-" + std::to_string(i); };
  for (int i = 0; i < 10; ++i) {
    database->set_aside("log", static_cast<std::uint64_t>(i), std::string(5000, 'x'));
    const auto time = fs::file_time_type::clock::now() - std::chrono::hours(20 - i);
    fs::last_write_time(name(i), time);
  }
  database->maintain();
  database->maintain();
  BOOST_TEST(!fs::exists(name(0)));
  BOOST_TEST(!fs::exists(name(4)));
  BOOST_TEST(fs::exists(name(5)));
  BOOST_TEST(fs::exists(name(9)));
  BOOST_TEST(database->usage().at("damaged") <= 25'000u);
}

BOOST_AUTO_TEST_SUITE_END()
