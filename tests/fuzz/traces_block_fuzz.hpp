#pragma once

#include "codec/traces_block.hpp"
#include "fuzz_check.hpp"

#include <string>

namespace weir::fuzz {

/// Opens the body of a block, builds it again from what it holds, and compares.
inline void try_body(std::string_view body) {
  const auto reader = codec::traces_block_reader::open(body);
  if (!reader)
    return;
  codec::traces_block_builder builder;
  std::string span;
  // A shape of many bytes can stand in many spans: what comes out is bounded here, not by the
  // format.
  std::size_t total = 0;
  std::size_t spans = 0;
  for (; spans < reader->spans() && total < 4 << 20; ++spans) {
    span.clear();
    reader->append_span(spans, span);
    check(span.size() == reader->span_bytes(spans), "a span has the size that was said");
    builder.span(builder.resource(reader->resource(reader->resource_of(spans))),
                 builder.scope(reader->scope(reader->scope_of(spans))), span);
    total += span.size();
  }
  std::string again;
  builder.finish(again);
  const auto second = codec::traces_block_reader::open(again);
  check(second.has_value(), "what was built can be read");
  check(second->spans() == spans, "no span is lost");
  std::string other;
  for (std::size_t i = 0; i < spans; ++i) {
    span.clear();
    other.clear();
    reader->append_span(i, span);
    second->append_span(i, other);
    check(span == other, "a span comes back byte for byte");
    check(reader->resource(reader->resource_of(i)) == second->resource(second->resource_of(i)),
          "a span stays in its resource");
    check(reader->scope(reader->scope_of(i)) == second->scope(second->scope_of(i)),
          "a span stays in its scope");
  }
}

} // namespace weir::fuzz
