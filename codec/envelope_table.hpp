#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::codec {

/// Distinct byte strings, numbered by first appearance, in the form in which a block body lists
/// them (each: varint length, bytes). Keeps its capacity over clear(). One thread at a time.
class envelope_table {
public:
  /// The number of `bytes`: its own where it was seen, else the next.
  std::uint32_t number_of(std::string_view bytes);

  std::size_t count() const noexcept { return entries_.size(); }
  /// xxh3 of a byte string. @pre `number < count()`
  std::uint64_t hash_of(std::uint32_t number) const noexcept { return entries_[number].hash; }
  /// All of them, as listed in a body (without the count).
  const std::string& listed() const noexcept { return listed_; }
  void clear() noexcept;

private:
  struct entry {
    std::uint64_t hash;
    std::size_t offset; // of the bytes in listed_
    std::size_t length;
  };

  std::string_view bytes_of(const entry& e) const noexcept {
    return std::string_view(listed_).substr(e.offset, e.length);
  }
  std::uint32_t add(std::uint64_t hash, std::string_view bytes);
  void grow();

  std::string listed_;
  std::vector<entry> entries_;
  std::vector<std::uint32_t> table_; // open addressing: number + 1, 0 is empty; a power of two long
  std::uint32_t last_ = 0;           // what was asked for last is mostly asked for next
};

} // namespace weir::codec
