#pragma once

#include <cstdint>

// The process's memory, as the allocator and the operating system count it.
namespace weir::memory {

/// Bytes that are in use: allocated and not freed, the store's buffers and caches too. What the
/// allocator keeps for later is not in it. Where the allocator does not say (sanitizers),
/// resident().
std::uint64_t in_use();

/// Bytes that the operating system has given to the process.
std::uint64_t resident();

/// Gives back what the allocator keeps for later. Takes milliseconds, in which others that allocate
/// may wait.
void give_back();

} // namespace weir::memory
