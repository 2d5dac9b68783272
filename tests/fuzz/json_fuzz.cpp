// Any bytes as OTLP/JSON of each signal: what is taken must be well-formed protobuf that comes
// back.
#include "otlp/json.hpp"
#include "otlp/scan.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  using namespace weir::otlp;
  const std::string_view json{reinterpret_cast<const char*>(data), size};
  for (const auto kind : {signal::traces, signal::metrics, signal::logs}) {
    std::string wire;
    const auto read = from_json(kind, json, wire);
    if (!read) {
      if (read.error().offset > size || !wire.empty())
        std::abort();
      continue;
    }
    std::string canonical;
    std::string again;
    std::string last;
    if (!to_json(kind, wire, canonical) || !from_json(kind, canonical, again)
        || !to_json(kind, again, last) || canonical != last)
      std::abort();
  }
  return 0;
}
