#include "storage/store.hpp"

#include "records.hpp"
#include "temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <core/log.hpp>
#include <fstream>
#include <set>
#include <sys/stat.h>

using namespace weir;
using namespace weir::storage;
namespace fs = std::filesystem;

namespace {

struct fixture {
  fixture() {
    how.directory = directory.path() + "/data";
    how.memtable_bytes = 64 << 10;
    how.max_wal_bytes = 256 << 10;
    reopen();
  }

  void reopen() {
    database.reset();
    auto opened = store::open(how);
    BOOST_REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
    database = std::move(*opened);
  }

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
    for (const auto& file : fs::directory_iterator(how.directory + "/db"))
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

  temporary_directory directory;
  options how;
  std::unique_ptr<store> database;
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
  fs::copy(how.directory, copy, fs::copy_options::recursive);
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
  how.directory = copy;
  reopen();
  BOOST_TEST(readable() == next);
  BOOST_TEST(!database->recovery().salvaged);
  BOOST_TEST(database->recovery().records_lost == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
