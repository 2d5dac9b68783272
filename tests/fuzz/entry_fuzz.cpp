// Entries: any bytes; then the same with checksums made right, unpacked and scanned.
#include "codec/entry.hpp"
#include "frame_fuzz.hpp"
#include "otlp/scan.hpp"

using namespace weir;

namespace {

void try_entry(std::string_view bytes) {
  const auto entry = codec::read_entry(bytes);
  if (!entry)
    return;
  const auto& header = entry->header;
  std::string again;
  codec::write_entry(header, entry->payload, again);
  fuzz::check(codec::read_entry(again).has_value(),
              "an entry that was read can be written and read");
  const auto message = fuzz::unpacked(header.codec, entry->payload, header.unpacked_bytes);
  otlp::span_index index;
  if (!otlp::index_traces(message, 0, index))
    return;
  for (const auto& span : index.spans)
    fuzz::check(span.body.offset + span.body.length <= message.size(), "spans lie in the message");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::view(data, size);
  try_entry(bytes);
  try_entry(fuzz::mended(bytes, codec::entry_header_bytes, 48));
  return 0;
}
