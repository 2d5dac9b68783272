#pragma once

#include "storage/store.hpp"

#include <rocksdb/options.h>

// The options of the database, each with its reason (rocks_options.cpp).
namespace weir::storage {

/// How a column family is used.
enum class family_use {
  values, ///< A queue of packed values: journal, log, dead letters.
  small,  ///< Few bytes a key: index, progress, decisions, cursors, meta.
};

rocksdb::DBOptions database_options(const options& options, rocksdb::Env* env,
                                    std::shared_ptr<rocksdb::EventListener> listener);

/// By the family's name.
rocksdb::ColumnFamilyOptions family_options(const options& options, std::string_view name);

family_use use_of(std::string_view name);

/// The families that every database has; those of logs come with their pipelines.
inline constexpr std::string_view fixed_families[] = {"default",   "journal", "progress",
                                                      "decisions", "cursors", "meta"};

} // namespace weir::storage
