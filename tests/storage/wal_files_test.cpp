#include "storage/wal_files.hpp"

#include "faulty_file_system.hpp"
#include "records.hpp"
#include "small_store.hpp"

#include <boost/test/unit_test.hpp>
#include <core/log.hpp>
#include <fstream>
#include <set>
#include <sys/stat.h>

using namespace weir;
using namespace weir::storage;
namespace fs = std::filesystem;

namespace {

struct fixture : store_fixture {
  fixture() : store_fixture(64 << 10, 256 << 10) { reopen(); }

  void write(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      auto b = batch();
      b.put_entry(next, make_entry({1, 2, next + 1}, 5000));
      BOOST_REQUIRE(database->commit(std::move(b), true));
      if (++next % 5 == 0)
        database->maintain();
    }
  }

  std::set<ino_t> logs() const {
    auto found = std::set<ino_t>();
    for (const auto& file : fs::directory_iterator(settings.directory + "/db"))
      if (struct stat status; file.path().extension() == ".log"
                              && ::stat(file.path().c_str(), &status) == 0 && status.st_size > 0)
        found.insert(status.st_ino);
    return found;
  }

  unsigned readable() {
    auto seen = 0U;
    BOOST_REQUIRE(database->scan_journal(0, [&](journal_position position, std::string_view entry) {
      seen += entry == make_entry({1, 2, position + 1}, 5000);
      return true;
    }));
    return seen;
  }

  journal_position next = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(wal_files_test, fixture)

// Scenario: a store at work over many logs. Guarantee: logs are written over the files of older
// ones, few files in all, and what is in them is read back after a start.
BOOST_AUTO_TEST_CASE(old_logs_are_written_over) {
  auto files = std::set<ino_t>();
  auto again = 0;
  auto before = logs();
  for (int round = 0; round < 60; ++round) {
    write(5);
    const auto now = logs();
    for (const auto inode : now)
      if (!before.contains(inode))
        again += !files.insert(inode).second;
    before = now;
  }
  BOOST_TEST(again > 3);
  reopen();
  BOOST_TEST(readable() == next);
  BOOST_TEST(!database->recovery().salvaged);
  write(20);
  reopen();
  BOOST_TEST(readable() == next);
}

// Scenario: the process is killed with zeros behind the last record, and with a record that breaks
// off into zeros. Guarantee: nothing that was acknowledged is missing, and it is no damage.
BOOST_AUTO_TEST_CASE(zeros_behind_the_end_are_no_damage) {
  write(40);
  const auto copy = directory.path() + "/copy";
  fs::copy(settings.directory, copy, fs::copy_options::recursive);
  database.reset();
  auto newest = fs::path();
  for (const auto& file : fs::directory_iterator(copy + "/db"))
    if (file.path().extension() == ".log" && file.path() > newest)
      newest = file.path();
  const auto size = fs::file_size(newest);
  auto bytes = std::string(size, '\0');
  std::ifstream(newest, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(size));
  const auto end = bytes.find_last_not_of('\0') + 1;
  BOOST_TEST_REQUIRE(end < size);
  // The first half of the log's first record once more: begun, never finished.
  bytes.replace(end, 2000, bytes.substr(0, 2000));
  std::ofstream(newest, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(size));
  settings.directory = copy;
  reopen();
  BOOST_TEST(readable() == next);
  BOOST_TEST(!database->recovery().salvaged);
  BOOST_TEST(database->recovery().records_lost == 0u);
}

// Scenario: a log that nobody synced, the next one with a synced name, and the power is cut.
// Guarantee: the next one has nothing that came after something missing.
BOOST_AUTO_TEST_CASE(a_log_is_safe_before_the_next_begins) {
  const auto root = directory.path() + "/disk";
  const auto disk = std::make_shared<faulty_file_system>(root);
  auto logs = std::make_unique<wal_files>(disk, root + "/spare/");
  auto files = std::vector<std::unique_ptr<rocksdb::FSWritableFile>>(2);
  for (auto i = 0U; i < files.size(); ++i) {
    const auto path = root + "/00000" + std::to_string(i) + ".log";
    BOOST_REQUIRE(logs->NewWritableFile(path, {}, &files[i], nullptr).ok());
    BOOST_REQUIRE(files[i]->Append("commit", {}, nullptr).ok());
  }
  auto names = std::unique_ptr<rocksdb::FSDirectory>();
  BOOST_REQUIRE(disk->NewDirectory(root, {}, &names, nullptr).ok());
  BOOST_REQUIRE(names->Fsync({}, nullptr).ok());
  disk->cut_power();
  files.clear();
  disk->restore_power();
  BOOST_TEST(fs::file_size(root + "/000000.log") == 6u);
  BOOST_TEST(fs::file_size(root + "/000001.log") == 0u);
}

// Scenario: of four logs the third is deleted, as RocksDB does with those it needs no more: the
// newest first; the process is killed there. Guarantee: no older one is left behind, those that
// come after it stay, and RocksDB hears no error when it deletes the older ones too.
BOOST_AUTO_TEST_CASE(the_oldest_log_goes_first) {
  const auto root = directory.path() + "/logs/";
  fs::create_directories(root);
  auto logs = wal_files(rocksdb::FileSystem::Default(), root + "spare/");
  for (const auto* name : {"000009.log", "000010.log", "000011.log", "000012.log", "000008.sst"})
    std::ofstream(root + name) << name;
  BOOST_TEST(logs.DeleteFile(root + "000011.log", {}, nullptr).ok());
  BOOST_TEST(!fs::exists(root + "000009.log"));
  BOOST_TEST(!fs::exists(root + "000010.log"));
  BOOST_TEST(!fs::exists(root + "000011.log"));
  BOOST_TEST(fs::exists(root + "000012.log"));
  BOOST_TEST(fs::exists(root + "000008.sst"));
  BOOST_TEST(logs.DeleteFile(root + "000009.log", {}, nullptr).ok());
  BOOST_TEST(fs::is_empty(root + "spare"));
}

// Scenario: the disk fails as a log is synced before the next. Guarantee: there is no next one, and
// the error stands.
BOOST_AUTO_TEST_CASE(a_log_that_cannot_be_synced_is_the_last) {
  const auto root = directory.path() + "/disk";
  const auto disk = std::make_shared<faulty_file_system>(root);
  auto logs = std::make_unique<wal_files>(disk, root + "/spare/");
  auto file = std::unique_ptr<rocksdb::FSWritableFile>();
  auto next = std::unique_ptr<rocksdb::FSWritableFile>();
  BOOST_REQUIRE(logs->NewWritableFile(root + "/1.log", {}, &file, nullptr).ok());
  disk->fail_sync(1);
  BOOST_TEST(logs->NewWritableFile(root + "/2.log", {}, &next, nullptr).IsIOError());
  BOOST_TEST(!logs->failure().ok());
}

BOOST_AUTO_TEST_SUITE_END()
