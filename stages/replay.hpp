#pragma once

#include "backends/ranges.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::stages {

/// Chosen at random by who asks for a replay; the same on all nodes of a cluster; never 0.
using replay_id = std::uint64_t;

/// As people see it: 16 hexadecimal digits.
std::string text_of_replay(replay_id id);

/// What is to be sent once more, as it was asked for.
struct replay_order {
  replay_id id = 0;
  std::string pipeline;              ///< "traces/main"
  std::string exporter;              ///< "otlp/new"; of any pipeline, or of none.
  unix_ns begin = 0;                 ///< Of what was received from then on ...
  unix_ns end = 0;                   ///< ... and before then.
  std::string where = {};            ///< An OTTL condition; "": all.
  std::vector<trace_id> traces = {}; ///< Only these; none: all.
  std::string mark_key = {};         ///< An attribute of all that is sent; "": none.
  std::string mark_value = {};
  std::uint64_t rate = 0; ///< Unpacked bytes a second; 0: as fast as live traffic leaves room.

  friend bool operator==(const replay_order&, const replay_order&) = default;
};

/// Most that an order may hold; check() says so.
inline constexpr std::size_t max_replay_text_bytes = 16 << 10;
inline constexpr std::size_t max_replay_traces = 1000;

/// errc::invalid_argument, with what is wrong, for an order that nobody could carry out.
result<void> check(const replay_order& order);

/// On disk: never renumber.
enum class replay_state : std::uint8_t {
  running = 1,
  paused = 2, ///< By hand.
  done = 3,
  cancelled = 4, ///< By hand.
  failed = 5,    ///< It cannot go on as things are; `reason` says why. It can be resumed.
  left = 6,      ///< The node left its cluster with it.
};
/// "running", "paused", "done", "cancelled", "failed", "left"
std::string_view to_string(replay_state state) noexcept;

/// Nothing more is sent, and it goes after a while.
constexpr bool has_ended(replay_state state) noexcept {
  return state != replay_state::running && state != replay_state::paused;
}

/// What became of a range so far. Written with the cursor, so that both agree.
struct replay_counts {
  std::uint64_t delivered = 0; ///< Items that the back end took, `rejected` included.
  std::uint64_t rejected = 0;  ///< Of these, refused by partial success.
  std::uint64_t dead = 0;      ///< Items in dead letters.
  std::uint64_t lost = 0;     ///< Items that had been read, and were trimmed before they were sent.
  std::uint64_t left_out = 0; ///< Items that were not asked for.
  std::uint64_t bytes = 0;    ///< Of what was delivered, unpacked.
  std::uint64_t trimmed = 0;  ///< Blocks that were trimmed before they were read.
  std::uint64_t damaged = 0;  ///< Blocks that could not be read.

  friend bool operator==(const replay_counts&, const replay_counts&) = default;
};

/// A replay as it stands on the disk.
struct replay_record {
  replay_order order;
  replay_state state = replay_state::running;
  std::string reason = {}; ///< Why it failed, or left.
  unix_ns created = 0;
  unix_ns ended = 0;      ///< 0: not yet.
  log_position bound = 0; ///< What was written to the log later is not of it.
  unix_ns held_since = 0; ///< Not 0: what was received before, the log did not hold any more.
  log_place cursor = {};  ///< Everything before is finished.
  std::vector<backends::place_range> ahead = {}; ///< What else is finished.
  replay_counts counts = {};
  std::uint64_t sending_ns = 0; ///< It ran for so long.

  friend bool operator==(const replay_record&, const replay_record&) = default;
};

/// Format version 1: version u8, then numbers as varints and texts behind their length, in the order
/// above; `ahead` last, as backends::encode_finished().
std::string encode(const replay_record& record);
/// errc::corrupt when it is none, errc::unsupported when a newer Weir wrote it.
result<replay_record> read_replay(std::string_view bytes);

} // namespace weir::stages
