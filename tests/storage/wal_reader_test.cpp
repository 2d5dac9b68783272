#include "storage/wal_reader.hpp"

#include "records.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <rocksdb/db.h>
#include <set>

using namespace weir;
using namespace weir::storage;
namespace fs = std::filesystem;

namespace {

// A log as RocksDB writes it, of records from a few bytes to more than a block of 32 KiB.
struct fixture {
  fixture() {
    auto method = rocksdb::Options();
    method.create_if_missing = true;
    rocksdb::DB* made = nullptr;
    BOOST_REQUIRE(rocksdb::DB::Open(method, directory.path() + "/db", &made).ok());
    const auto database = std::unique_ptr<rocksdb::DB>(made);
    for (unsigned i = 0; i < records; ++i) {
      const auto size = i % 40 == 39 ? 10'000 : 20 + i % 90;
      BOOST_REQUIRE(database->Put({}, std::to_string(i), noise(size, i)).ok());
    }
    for (const auto& file : fs::directory_iterator(directory.path() + "/db"))
      if (file.path().extension() == ".log")
        log = file.path();
    auto input = std::ifstream(log, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(input), {});
  }

  std::set<std::uint64_t> sequences() const {
    auto found = std::set<std::uint64_t>();
    const auto disk = files(rocksdb::FileSystem::Default());
    auto reader = wal_reader(disk, log);
    while (const auto record = reader.next())
      if (record->is_batch())
        found.insert(record->sequence());
    return found;
  }

  static constexpr unsigned records = 200;
  test::temporary_directory directory;
  std::string log;
  std::string bytes;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(wal_reader_test, fixture)

// Scenario: a log without damage. Guarantee: every record.
BOOST_AUTO_TEST_CASE(all_is_read) {
  BOOST_TEST(sequences().size() == records);
  BOOST_TEST(bytes.size() > 64u << 10); // More than one block.
}

// Scenario: one byte of the log is another, any of them: of a payload, a checksum, a type, a
// length. Guarantee: one record is missing, its neighbours are there.
BOOST_AUTO_TEST_CASE(one_byte_takes_one_record) {
  for (std::size_t position = 0; position < bytes.size();
       position += position % 10'000 < 4'000 ? 1 : 13) {
    auto io = std::fstream(log, std::ios::in | std::ios::out | std::ios::binary);
    io.seekp(static_cast<std::streamoff>(position));
    io.put(static_cast<char>(bytes[position] ^ (1 << position % 8)));
    io.close();
    const auto found = sequences();
    BOOST_TEST(found.size() >= records - 1,
               "byte " << position << ": " << found.size() << " are left");
    if (!found.empty())
      BOOST_TEST((*found.rbegin() <= records && *found.begin() > 0), "byte " << position);
    io.open(log, std::ios::in | std::ios::out | std::ios::binary);
    io.seekp(static_cast<std::streamoff>(position));
    io.put(bytes[position]);
  }
  BOOST_TEST(sequences().size() == records);
}

BOOST_AUTO_TEST_SUITE_END()
