#pragma once

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/signal.hpp"

#include <string>
#include <string_view>

namespace weir::codec {

/// What an exporter gave up on: the OTLP message, and why. Format version 1, little endian:
///
///   magic u32 | version u16 | signal u8 | reserved u8 | time u64 (unix ns) | items u64 |
///   exporter length u32 | reason length u32 | message length u32 | exporter | reason | message |
///   xxh3 of all before u64
struct dead_letter_record {
  weir::signal signal = weir::signal::traces;
  unix_ns time = 0;
  std::uint64_t items = 0;
  std::string exporter;
  std::string reason;
  std::string message;
};

std::string encode(const dead_letter_record& letter);

/// errc::corrupt when it is none, errc::unsupported when a newer Weir wrote it.
result<dead_letter_record> read_dead_letter(std::string_view bytes);

} // namespace weir::codec
