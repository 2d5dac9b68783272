#include "cluster/hello.hpp"

#include "core/quote.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::cluster {

hello_answer answer_hello(const hello& said, std::string_view name, std::uint32_t oldest,
                          std::uint32_t newest) {
  if (said.cluster != name)
    return {fmt::format("it is of cluster \"{}\", this node of \"{}\"",
                        without_controls(said.cluster), without_controls(name))};
  if (said.partitions != partition_count)
    return {fmt::format("it has {} partitions, this node {}", said.partitions, partition_count)};
  const auto common = std::min(said.newest_protocol, newest);
  if (common < std::max(said.oldest_protocol, oldest))
    return {fmt::format("it speaks protocols {} to {}, this node {} to {}: none of both",
                        said.oldest_protocol, said.newest_protocol, oldest, newest)};
  return {{}, common};
}

} // namespace weir::cluster
