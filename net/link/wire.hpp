#pragma once

#include "cluster/messages.hpp"
#include "cluster/ring.hpp"
#include "codec/entry.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"

#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <variant>

// Messages between nodes as bytes (proto/weir/cluster/v1), and back. Pure; any thread.
//
// Whoever decodes trusts nothing: each length and count is checked against what the bytes can hold
// and against the limits below before anything grows by it. An error names the field:
// errc::invalid_argument or, over a limit, errc::too_large. Fields that are not known are passed
// over; a kind that is not known is std::monostate.
namespace weir::net {

/// A name: of a cluster, zone, release, pipeline; an address. Bytes.
inline constexpr std::size_t longest_name = 1024;
/// A reason, a sentence.
inline constexpr std::size_t longest_reason = 4096;
/// Bytes of the token that ties a Data stream to its Control stream.
inline constexpr std::size_t token_bytes = 16;
/// An entry has no more slots, as each of its spans takes at least its trace id's 18 bytes; and no
/// message names more.
inline constexpr std::uint32_t most_slots = codec::largest_entry_unpacked_bytes / 18;
/// Members of one gossip, and whom one of them cannot reach.
inline constexpr std::size_t most_members = cluster::ring::max_members;
/// Pipelines of one member.
inline constexpr std::size_t most_pipelines = 1024;
/// Moments are less than this away from 0, which is 73 years, so that no sum of two overflows.
inline constexpr steady_ns farthest_moment = std::numeric_limits<steady_ns>::max() / 4;
/// Entries, records and texts of one message.
inline constexpr std::size_t most_parts = 1 << 16;
/// A message: an entry, the bits of its slots, and the rest.
inline constexpr std::size_t largest_message =
    codec::largest_entry_bytes + most_slots / 8 + (64 << 10);
/// Messages in one frame.
inline constexpr std::size_t most_messages = 1 << 12;
/// A hello, a data stream's first message.
inline constexpr std::size_t largest_first_message = 8 << 10;

/// Not welcome.
struct refused {
  std::string reason;

  friend bool operator==(const refused&, const refused&) = default;
};

/// With what opens the Data stream.
struct welcome_token {
  cluster::welcome welcome;
  std::string token;

  friend bool operator==(const welcome_token&, const welcome_token&) = default;
};

/// Opens the Data stream.
struct data_token {
  std::string token;

  friend bool operator==(const data_token&, const data_token&) = default;
};

using control_message = std::variant<std::monostate, cluster::hello, cluster::gossip,
                                     cluster::handed_over, cluster::leave_request>;
using control_answer =
    std::variant<std::monostate, welcome_token, refused, cluster::gossip, cluster::handed_taken>;
using data_message = std::variant<std::monostate, data_token, cluster::sent_entry,
                                  cluster::sent_until, cluster::forgotten>;
using data_answer =
    std::variant<std::monostate, cluster::taken, cluster::settled_slots, cluster::wrong_owner>;

/// Slots are given back in rising order, each once. What is over a limit is encoded all the same; the
/// other side refuses it.
std::string encode(const control_message& message);
std::string encode(const control_answer& answer);
std::string encode(const data_message& message);
std::string encode(const data_answer& answer);

/// Puts a message behind another one's bytes; `frame` is not empty.
void append_behind(std::string& frame, std::string_view message);

/// Gives the message and those behind it to `take`, in order, until it says false. False: there are
/// more than one frame may hold, or the bytes cannot be told apart; those before were taken.
bool each_message(std::string_view frame, const std::function<bool(std::string_view)>& take);

result<control_message> decode_control_message(std::string_view bytes);
result<control_answer> decode_control_answer(std::string_view bytes);
result<data_message> decode_data_message(std::string_view bytes);
result<data_answer> decode_data_answer(std::string_view bytes);

} // namespace weir::net
