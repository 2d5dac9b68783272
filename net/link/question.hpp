#pragma once

#include "core/error.hpp"
#include "core/ids.hpp"
#include "net/asker.hpp"

#include <chrono>
#include <functional>
#include <string>

// Questions that people ask of a whole cluster: the node that they ask asks the others (inquiry.hpp)
// over their cluster ports (server.hpp). Proto/weir/cluster/v1 has them as Ask.
namespace weir::net {

struct question {
  std::string cluster;
  node_id node = 0;    ///< Who asks.
  std::string hand;    ///< What: the name of an rpc of the admin API.
  std::string request; ///< Its request.
  std::string peer;    ///< Where the person asked from.
};

/// Of a request, and of all texts beside it.
inline constexpr std::size_t largest_request = 64 << 10;
/// Of one answer to another node.
inline constexpr std::size_t largest_answer = 1 << 20;
/// Questions of other nodes that are answered at once; a further one is refused.
inline constexpr int most_questions = 8;
/// Until the last answer, where it is not said otherwise.
inline constexpr std::chrono::milliseconds question_patience = std::chrono::seconds(5);

/// Answers another node, whose link and cluster were looked at before. errc::not_found: there is no such
/// hand; errc::unavailable: the node starts or stops. Called on several threads at once.
using question_handler = std::function<result<void>(const question& asked, asker& whom)>;

} // namespace weir::net
