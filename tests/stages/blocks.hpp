#pragma once

#include "codec/block.hpp"
#include "codec/compression.hpp"
#include "spans.hpp"

#include <string>

namespace weir::stages {

/// A block of pipeline 1 as the intake makes it, of a message with so many spans.
struct made_block {
  codec::block_header header;
  std::string bytes; ///< As in the log.
};

inline made_block block_of(const std::string& message, std::uint32_t spans, unix_ns time) {
  made_block made;
  made.header = {.pipeline = 1, .items = spans, .first_time = time, .last_time = time};
  made.header.layout = codec::block_layout::otlp;
  made.header.unpacked_bytes = static_cast<std::uint32_t>(message.size());
  std::string packed;
  codec::packer().pack(made.header.codec, 1, message, packed);
  made.header.packed_bytes = static_cast<std::uint32_t>(packed.size());
  codec::write_block(made.header, packed, made.bytes);
  return made;
}

} // namespace weir::stages
