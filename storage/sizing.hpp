#pragma once

#include "storage/store.hpp"

namespace weir::storage {

/// The least quota in which a store can work.
inline constexpr std::uint64_t least_max_bytes = 64 << 20;

/// The sizes that a store works with: as `options` ask, but memtables of at most a 64th and a
/// write-ahead log of at most five 64ths of `max_bytes`, so that what is written next, the ballast
/// (six memtables) and what must be settled fit into every quota.
options fitted(options options);

/// What is given up on a full disk: the files of all memtables and a commit of 1.6 of them.
/// @pre `options` are fitted()
std::uint64_t ballast_bytes(const options& options);

} // namespace weir::storage
