// Blocks: any bytes; then the same with checksums made right, unpacked and read.
#include "codec/block.hpp"
#include "frame_fuzz.hpp"
#include "traces_block_fuzz.hpp"

using namespace weir;

namespace {

void try_block(std::string_view bytes) {
  const auto block = codec::read_block(bytes);
  if (!block)
    return;
  const auto& header = block->header;
  std::string again;
  codec::write_block(header, block->payload, again);
  fuzz::check(codec::read_block(again).has_value(),
              "a block that was read can be written and read");
  const auto body = fuzz::unpacked(header.codec, block->payload, header.unpacked_bytes);
  if (header.layout == codec::block_layout::traces)
    fuzz::try_body(body);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::view(data, size);
  try_block(bytes);
  try_block(fuzz::mended(bytes, codec::block_header_bytes, 28));
  return 0;
}
