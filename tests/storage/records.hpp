#pragma once

#include "codec/block.hpp"
#include "codec/entry.hpp"
#include "codec/hash.hpp"

#include <string>

namespace weir::storage {

/// Bytes that do not repeat, from a seed.
inline std::string noise(std::size_t size, std::uint64_t seed) {
  auto result = std::string(size, '\0');
  auto state = seed * 0x9e37'79b9'7f4a'7c15ULL + 1;
  for (auto& c : result) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    c = static_cast<char>(state >> 56);
  }
  return result;
}

/// An entry as intake would write it, of about `size` bytes.
inline std::string make_entry(const entry_id& id, std::size_t size) {
  const auto payload = noise(size, id.sequence);
  auto header = codec::entry_header();
  header.id = id;
  header.pipeline = 1;
  header.spans = header.slots = 1;
  header.unpacked_bytes = static_cast<std::uint32_t>(size);
  header.codec = codec::codec_id::none;
  auto out = std::string();
  codec::write_entry(header, payload, out);
  return out;
}

/// A block as the compressor would write it.
inline std::string make_block(pipeline_id pipeline, log_position position, std::size_t size) {
  const auto payload = noise(size, position + 1'000'000);
  auto header = codec::block_header();
  header.pipeline = pipeline;
  header.codec = codec::codec_id::none;
  header.items = 1;
  header.unpacked_bytes = static_cast<std::uint32_t>(size);
  header.first_time = header.last_time = 1000 + position;
  auto out = std::string();
  codec::write_block(header, payload, out);
  return out;
}

} // namespace weir::storage
