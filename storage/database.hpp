#pragma once

#include "storage/files.hpp"
#include "storage/rocks_options.hpp"
#include "storage/status.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <shared_mutex>
#include <string>

namespace weir::storage {

/// Hears of RocksDB's errors in the background, as they happen.
class error_listener final : public rocksdb::EventListener {
public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override {
    if (status->IsCorruption())
      corrupt_ = true;
    if (!is_no_space(*status))
      broken_ = true;
  }

  /// A table turned out to be damaged: the next start has to salvage.
  bool corrupt() const noexcept { return corrupt_; }

  /// Something failed for another reason than a full disk. RocksDB must not be written to any more:
  /// Debian's build aborts where a log that has failed is synced again.
  bool broken() const noexcept { return broken_; }

private:
  std::atomic<bool> corrupt_ = false;
  std::atomic<bool> broken_ = false;
};

/// The open RocksDB with its column families by name. Families are added, never dropped, while it
/// is open. Any thread.
class database {
public:
  /// Opens what is in `directory`, or makes it when nothing is there. Any status of RocksDB.
  static rocksdb::Status open(const options& options, const std::string& directory,
                              rocksdb::Env* env, std::unique_ptr<database>& out);
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  rocksdb::DB& db() const noexcept { return *db_; }
  bool corrupt() const noexcept { return listener_->corrupt(); }
  bool broken() const noexcept { return listener_->broken(); }

  /// @pre it exists
  rocksdb::ColumnFamilyHandle* family(std::string_view name) const;
  using family_map = std::map<std::string, rocksdb::ColumnFamilyHandle*, std::less<>>;
  family_map families() const;
  /// Makes it when it is missing.
  rocksdb::Status add_family(const options& options, const std::string& name);

private:
  database() = default;

  std::shared_ptr<error_listener> listener_ = std::make_shared<error_listener>();
  std::unique_ptr<rocksdb::DB> db_;
  mutable std::shared_mutex mutex_;
  family_map families_;
};

} // namespace weir::storage
