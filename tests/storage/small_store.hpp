#pragma once

#include "storage/store.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>

namespace weir::storage {

/// Options of a store in that directory with write buffers so small that records soon go to tables.
inline options small_options(const test::temporary_directory& directory,
                             std::uint64_t memtable_bytes = 32 << 10,
                             std::uint64_t max_wal_bytes = 256 << 10) {
  options settings;
  settings.directory = directory.file("data");
  settings.memtable_bytes = memtable_bytes;
  settings.max_wal_bytes = max_wal_bytes;
  return settings;
}

inline std::unique_ptr<store> open_store(const options& settings) {
  auto opened = store::open(settings);
  BOOST_REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
  return std::move(*opened);
}

/// A small store that is opened again and again, each time as `settings` have it then.
struct store_fixture {
  store_fixture(std::uint64_t memtable_bytes, std::uint64_t max_wal_bytes)
      : settings(small_options(directory, memtable_bytes, max_wal_bytes)) {}

  void reopen() {
    database.reset();
    database = open_store(settings);
  }

  test::temporary_directory directory;
  options settings;
  std::unique_ptr<store> database;
};

} // namespace weir::storage
