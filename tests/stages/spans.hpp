#pragma once

#include "otlp/wire.hpp"
#include "tests/storage/records.hpp"

namespace weir::stages {

inline std::string field(std::uint32_t number, std::string_view body) {
  std::string out;
  otlp::wire::append_tag(out, number, otlp::wire::type::bytes);
  otlp::wire::append_varint(out, body.size());
  return out.append(body);
}

/// An export request with `count` spans of one trace (its id: sixteen times `trace`), each with
/// `noise` bytes that do not pack.
inline std::string some_spans(std::uint64_t seed, unsigned count, std::size_t noise,
                              char trace = 'a') {
  std::string spans;
  for (unsigned i = 0; i < count; ++i) {
    const auto bytes = storage::noise(noise, seed * count + i);
    const auto attribute = field(1, "noise") + field(2, field(7, bytes));
    const auto ids = field(1, std::string(16, trace)) + field(2, std::string(8, 'a'));
    spans += field(2, ids + field(9, attribute));
  }
  return field(1, field(2, spans));
}

} // namespace weir::stages
