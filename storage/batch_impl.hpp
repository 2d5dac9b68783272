#pragma once

#include "storage/keys.hpp"
#include "storage/store.hpp"

namespace weir::storage {

/// One record of a batch, its key ready.
struct operation {
  keys::kind kind = keys::kind::meta;
  pipeline_id pipeline = 0;
  std::uint64_t number = 0;
  unix_ns time = 0; ///< Of blocks, for the time index.
  std::string key;
  shared_bytes value;
};

struct batch::impl {
  std::vector<operation> operations;
  std::size_t bytes = 0;

  void add(operation what) {
    bytes += what.key.size() + what.value.size();
    operations.push_back(std::move(what));
  }
};

std::string encode(const cursor& place);
/// @pre what encode() made: 12 bytes
cursor decode_cursor(std::string_view value);

} // namespace weir::storage
