#pragma once

#include <cstdint>
#include <rocksdb/iterator.h>
#include <string>

namespace weir::storage {

/// Records that are on the disk but not what was written.
void count_damaged(std::uint64_t records);

/// Moves an iterator that stopped at damage to the first readable record behind it: doubles the
/// distance until something can be read, then narrows it down. Keys must end in a number that
/// rises. False: nothing more. @param last the key before the damage
bool pass_damage(rocksdb::Iterator& iterator, const std::string& last);

} // namespace weir::storage
