#include "codec/hash.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace weir::codec {

std::uint64_t xxh3(std::string_view bytes) noexcept {
  return XXH3_64bits(bytes.data(), bytes.size());
}

partition partition_of(const trace_id& id) noexcept {
  return static_cast<partition>(xxh3(id.view()) % partition_count);
}

} // namespace weir::codec
