// The body of a traces block: any bytes as a body; then as a row of spans, each with a length of
// one byte in front, which must come back.
#include "traces_block_fuzz.hpp"

#include <vector>

using namespace weir;

namespace {

void try_spans(std::string_view bytes) {
  std::vector<std::string_view> spans;
  while (!bytes.empty()) {
    const auto length = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    spans.push_back(bytes.substr(0, length));
    bytes.remove_prefix(spans.back().size());
  }
  codec::traces_block_builder builder;
  for (const auto span : spans)
    builder.span(builder.resource(span.substr(0, 1)), builder.scope(""), span);
  std::string body;
  builder.finish(body);
  const auto reader = codec::traces_block_reader::open(body);
  fuzz::check(reader && reader->spans() == spans.size(), "what was built can be read");
  std::string span;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    span.clear();
    reader->append_span(i, span);
    fuzz::check(span == spans[i], "a span comes back byte for byte");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::view(data, size);
  fuzz::try_body(bytes);
  try_spans(bytes);
  return 0;
}
