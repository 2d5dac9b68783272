#pragma once

#include "backends/config.hpp"

#include <cstdint>
#include <string_view>

namespace weir::backends {

/// How the file exporter writes its records.
enum class record_format : std::uint8_t {
  json,        ///< A line of OTLP/JSON each.
  packed_json, ///< The same by zstd, behind its length: four bytes, big-endian.
  proto,       ///< Protobuf behind its length.
  packed_proto,
};

inline record_format format_of(const file_config& config) {
  const bool proto = config.format == "proto";
  if (config.compression == "zstd")
    return proto ? record_format::packed_proto : record_format::packed_json;
  return proto ? record_format::proto : record_format::json;
}

inline bool is_packed(record_format format) {
  return format == record_format::packed_json || format == record_format::packed_proto;
}

inline std::string_view to_string(record_format format) {
  switch (format) {
  case record_format::json:
    return "lines of JSON";
  case record_format::packed_json:
    return "records of JSON packed by zstd";
  case record_format::proto:
    return "records of protobuf";
  case record_format::packed_proto:
    return "records of protobuf packed by zstd";
  }
  return "";
}

} // namespace weir::backends
