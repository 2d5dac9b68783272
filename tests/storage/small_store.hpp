#pragma once

#include "faulty_file_system.hpp"
#include "storage/store.hpp"
#include "temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>

namespace weir::storage {

/// A store on a disk that may be told to fail, with write buffers so small that records soon go to
/// tables.
inline std::shared_ptr<store> small_store(const temporary_directory& directory,
                                          std::shared_ptr<faulty_file_system> disk) {
  options settings;
  settings.directory = directory.path() + "/data";
  settings.memtable_bytes = 32 << 10;
  settings.max_wal_bytes = 256 << 10;
  settings.file_system = std::move(disk);
  auto opened = store::open(settings);
  BOOST_REQUIRE(opened);
  return std::move(*opened);
}

} // namespace weir::storage
