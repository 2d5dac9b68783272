#include "storage/database.hpp"

#include <algorithm>
#include <mutex>

namespace weir::storage {

namespace {

// RocksDB would make a new database over the remains of one whose CURRENT is gone.
bool has_remains(rocksdb::Env* env, const std::string& directory) {
  auto names = std::vector<std::string>();
  if (!env->GetChildren(directory, &names).ok())
    return false;
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.ends_with(".sst") || name.ends_with(".log") || name.starts_with("MANIFEST")
           || name == "CURRENT";
  });
}

} // namespace

rocksdb::Status database::open(const options& options, const std::string& directory,
                               rocksdb::Env* env, std::unique_ptr<database>& out) {
  auto result = std::unique_ptr<database>(new database);
  auto db_options = database_options(options, env, result->listener_);
  auto names = std::vector<std::string>(std::begin(fixed_families), std::end(fixed_families));
  db_options.create_if_missing = !has_remains(env, directory);
  if (!db_options.create_if_missing) {
    auto found = std::vector<std::string>();
    if (auto s = rocksdb::DB::ListColumnFamilies(db_options, directory, &found); !s.ok())
      return s;
    for (auto& name : found)
      if (std::find(names.begin(), names.end(), name) == names.end())
        names.push_back(name);
  }
  auto descriptors = std::vector<rocksdb::ColumnFamilyDescriptor>();
  for (const auto& name : names)
    descriptors.emplace_back(name, family_options(options, name));
  auto handles = std::vector<rocksdb::ColumnFamilyHandle*>();
  rocksdb::DB* db = nullptr;
  if (auto s = rocksdb::DB::Open(db_options, directory, descriptors, &handles, &db); !s.ok())
    return s;
  result->db_.reset(db);
  for (auto* handle : handles)
    result->families_.emplace(handle->GetName(), handle);
  out = std::move(result);
  return rocksdb::Status::OK();
}

database::~database() {
  if (!db_)
    return;
  rocksdb::CancelAllBackgroundWork(db_.get(), true);
  for (auto& [name, handle] : families_)
    (void)db_->DestroyColumnFamilyHandle(handle);
  (void)db_->Close();
}

rocksdb::ColumnFamilyHandle* database::family(std::string_view name) const {
  const std::shared_lock guard(mutex_);
  return families_.find(name)->second;
}

database::family_map database::families() const {
  const std::shared_lock guard(mutex_);
  return families_;
}

rocksdb::Status database::add_family(const options& options, const std::string& name) {
  const std::unique_lock guard(mutex_);
  if (families_.contains(name))
    return rocksdb::Status::OK();
  rocksdb::ColumnFamilyHandle* handle = nullptr;
  auto status = db_->CreateColumnFamily(family_options(options, name), name, &handle);
  if (status.ok())
    families_.emplace(name, handle);
  return status;
}

} // namespace weir::storage
