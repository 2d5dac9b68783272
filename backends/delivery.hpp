#pragma once

#include "backends/backoff.hpp"
#include "backends/config.hpp"
#include "backends/sender.hpp"
#include "core/clock.hpp"
#include "core/ids.hpp"

#include <compare>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir::backends {

/// A place in a log: before item `item` of block `position`.
struct place {
  log_position position = 0;
  std::uint32_t item = 0;

  friend auto operator<=>(const place&, const place&) = default;
};

/// Items [first, last) of one block.
struct item_range {
  log_position position = 0;
  std::uint32_t first = 0;
  std::uint32_t last = 0;

  friend bool operator==(const item_range&, const item_range&) = default;
};

/// What the log has: a block, its items and their unpacked bytes.
struct block_info {
  log_position position = 0;
  std::uint32_t items = 0;
  std::uint64_t bytes = 0;
};

using request_id = std::uint64_t;

/// A request to be built from these ranges and sent. It keeps its id and ranges when it is sent
/// again.
struct planned_request {
  request_id id = 0;
  std::vector<item_range> ranges = {};
  std::uint64_t items = 0;
  std::uint64_t bytes = 0; ///< Estimated from the blocks' averages.
  unsigned attempts = 0;   ///< 1: the first time it is sent.
};

/// Items given up on, for the dead-letter log.
struct dead_letter {
  std::vector<item_range> ranges = {};
  std::uint64_t items = 0;
  std::uint64_t bytes = 0; ///< Estimated.
  std::string reason = {};
};

/// What one exporter owes of one log: which request to send next, what became of it, how far the
/// cursor may go. Pure: no clock, no network, no disk. One thread.
///
///     log   ...[7][8][9][10][11]      available() adds at the back
///               ^     in flight, waiting to be sent again, fresh
///            cursor: everything before it is delivered or in a dead letter
///
/// Every item ends exactly once in `delivered` or `dead` (or `forgotten`, where the log itself let
/// go of it). After a restart from a cursor that was kept, what lay behind it is sent again, so the
/// back end may see again at most what was finished behind an unfinished item.
///
/// While nothing gets through, requests go one at a time, further and further apart (another one
/// each time, so that a request that is the trouble itself holds up nobody). The first that gets
/// through releases the others.
class delivery {
public:
  struct options {
    retry_config retry = {};
    batch_config batch = {};
    std::uint32_t num_consumers = 10; ///< Requests in flight, at most.
  };

  delivery(options o, place start, std::uint64_t seed);

  /// A block that the exporter owes. @pre positions rise; the first one is not before the start
  void available(const block_info& block, steady_ns now);

  /// Whether there is little left to send, so that the next blocks should be read.
  bool wants_blocks() const noexcept;

  /// The requests to send now; each counts as in flight until finished().
  std::vector<planned_request> next(steady_ns now);

  /// When next() has something again although nothing else happens; nothing: not by itself.
  std::optional<steady_ns> next_wakeup() const noexcept;

  /// What became of a request from next().
  void finished(request_id id, const outcome& result, steady_ns now);

  /// A request from next() came out larger than it was estimated and was not sent: its halves come
  /// instead. @pre it has two items or more
  void split(request_id id, steady_ns now);

  /// The oldest letter; null: there is none.
  const dead_letter* first_letter() const noexcept;
  /// The oldest letter is kept elsewhere, durable no later than a cursor that is read after this
  /// call; until then the cursor stays before it. @pre there is one
  void drop_letter();
  bool has_letters() const noexcept { return !letters_.empty(); }

  /// The log no longer has the blocks before `position`: what was not sent of them is let go.
  /// @returns how many items that were
  std::uint64_t forget_before(log_position position);

  /// Everything before it is finished.
  place cursor() const noexcept;

  struct totals {
    std::uint64_t delivered = 0; ///< Items that the back end took, `rejected` included.
    std::uint64_t rejected = 0;  ///< Of these, refused by partial success.
    std::uint64_t dead = 0;      ///< In letters, taken or not.
    std::uint64_t forgotten = 0;
  };
  const totals& counts() const noexcept { return totals_; }

  std::size_t in_flight() const noexcept { return in_flight_; }
  /// True while nothing gets through.
  bool is_down() const noexcept { return down_; }

private:
  struct fresh_block {
    log_position position;
    std::uint32_t first, last;
    std::uint64_t bytes;
    steady_ns since;
  };
  struct open_request {
    planned_request plan = {};
    bool in_flight = false;
    steady_ns not_before = 0;
    steady_ns first_sent = 0;
    steady_ns sent_at = 0;
  };
  using open_map = std::map<request_id, open_request>; // Oldest first.

  bool fresh_ready(steady_ns now) const noexcept;
  std::optional<steady_ns> fresh_due() const noexcept;
  open_map::iterator settle(request_id id);
  open_map::iterator form();
  void take_fresh(planned_request& plan, std::uint64_t max_items, std::uint64_t max_bytes);
  open_map::iterator pick(steady_ns now);
  void expire(steady_ns now);
  void launch(open_request& request, steady_ns now);
  void on_retry(open_map::iterator it, const outcome& result, steady_ns now);
  void on_delivered(open_map::iterator it, const outcome& result);
  void come_back_up(steady_ns now);
  void on_too_large(open_map::iterator it, const outcome& result, steady_ns now);
  void halve(open_map::iterator it, steady_ns now);
  void bury(open_map::iterator it, std::string reason);
  std::uint64_t drop_forgotten(planned_request& plan);
  std::uint64_t bytes_limit() const noexcept;
  std::uint64_t enough_fresh_bytes() const noexcept;
  steady_ns quiet_until() const noexcept;

  options options_;
  backoff backoff_;
  std::map<place, std::uint32_t> unfinished_; ///< Where a piece begins to the item it ends before.
  std::deque<fresh_block> fresh_;             ///< Not in any request yet.
  std::uint64_t fresh_items_ = 0;
  std::uint64_t fresh_bytes_ = 0;
  open_map open_;
  std::deque<dead_letter> letters_;
  request_id next_id_ = 1;
  std::size_t in_flight_ = 0;
  place end_; ///< Behind the last block known.
  log_position trimmed_ = 0;
  std::uint64_t learned_bytes_ = 0; ///< From a back end that said too large; 0: nothing learned.
  totals totals_;

  bool down_ = false;
  unsigned down_failures_ = 0;
  std::optional<request_id> probe_;
  steady_ns probe_at_ = 0;   ///< While down: when the next one may go.
  steady_ns wish_until_ = 0; ///< The back end asked to be left alone until then.
  steady_ns last_answer_;
};

} // namespace weir::backends
