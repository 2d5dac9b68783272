#pragma once

#include "cluster/messages.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::cluster {

/// What this node makes of another's hello.
struct hello_answer {
  std::string refusal = {}; ///< Why they cannot be in one cluster, with both values; "" = they can.
  std::uint32_t protocol = 0; ///< Then: the newest that both speak.

  friend bool operator==(const hello_answer&, const hello_answer&) = default;
};

/// Whether a node of the cluster `name` that speaks the protocols `oldest` to `newest` goes together
/// with the one that said hello: the same name and partition count, and a protocol that both speak.
/// Whether its id is free is membership::refusal_of()'s to say. Pure; any thread.
hello_answer answer_hello(const hello& said, std::string_view name,
                          std::uint32_t oldest = oldest_protocol,
                          std::uint32_t newest = newest_protocol);

} // namespace weir::cluster
