#pragma once

#include "backends/backoff.hpp"
#include "backends/config.hpp"
#include "backends/flight_limit.hpp"
#include "backends/learned_limit.hpp"
#include "backends/pace.hpp"
#include "backends/ranges.hpp"
#include "backends/sender.hpp"
#include "backends/unfinished.hpp"
#include "backends/unread_ranges.hpp"
#include "core/clock.hpp"

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::backends {

/// What the log has: a block, its items, their unpacked bytes, and when the oldest of them came.
struct block_info {
  log_position position = 0;
  std::uint32_t items = 0;
  std::uint64_t bytes = 0;
  unix_ns received = 0;
};

using request_id = std::uint64_t;

/// Items that go together. A group is named where only some of what lies between the ranges' ends
/// belongs to it: whoever builds the request knows by the name which.
struct item_set {
  std::vector<item_range> ranges = {};
  std::uint64_t items = 0;
  std::uint64_t bytes = 0; ///< Estimated from the blocks' averages.
  std::string group = {};
  std::uint64_t copy = 0; ///< Set aside under this number, and in the log no longer; 0: it is not.
};

/// A request to be built from these items and sent. It keeps its id and items when it is sent
/// again.
struct planned_request : item_set {
  request_id id = 0;
  unsigned attempts = 0; ///< 1: the first time it is sent.
};

/// Items given up on, for the dead-letter log.
struct dead_letter : item_set {
  std::string reason = {};
};

/// What one exporter owes of one log: which request to send next, what became of it, how far the
/// cursor may go. Pure: no clock, no network, no disk. One thread.
///
///     log   ...[7][8][9][10][11]...[90][91][92]
///               ^  ^     ^          ^
///               |  |     not read   live: what came since it had nothing more to read
///               |  in flight, waiting to be sent again, fresh
///            cursor: everything before it is delivered or in a dead letter; what is finished
///            beyond it is in finished_ahead()
///
/// What has waited is its backlog: what was there at the start, and what is live no more, as more
/// blocks came than it could read. drain_config says in which order it is read, and what part of
/// the requests in flight, and of the rate, it may have.
///
/// Every item ends exactly once in `delivered` or `dead` (or `forgotten`, where the log itself let
/// go of it). After a restart from a cursor and ranges that were kept, what was finished since is
/// sent again, and what was in flight.
///
/// While nothing gets through, requests go one at a time, further and further apart (another one
/// each time, so that a request that is the trouble itself holds up nobody). The first that gets
/// through releases the others, one more with each answer. While others get through, a request that fails again and again
/// gives its place to fresh ones (up to 64 of them).
///
/// Such a request may be set aside, copied to where it does not hold up the log.
///
/// What is too large is cut, the first part first; the parts of one request take one place in turn
/// with the others, and what all of it costs is bounded.
class delivery {
public:
  struct options {
    retry_config retry = {};
    batch_config batch = {};
    drain_config drain = {};
    std::uint32_t num_consumers = 10; ///< Requests in flight, at most.
  };

  /// @param finished what was finished_ahead() of `start`
  delivery(options o, log_place start, std::vector<place_range> finished, std::uint64_t seed);

  /// The log has all blocks before `next`.
  void reaches(log_position next);
  /// The block to read next; nothing: there is none, or enough to send.
  std::optional<log_position> next_block() const;
  /// There is something live to be read, or of the backlog where that is the same.
  bool is_behind() const;
  /// The block that next_block() named (without items: one that nothing can be read of). What is
  /// finished of it is left out, and what it knows already.
  void available(const block_info& block, steady_ns now);

  /// The requests to send now, `most` at most; each counts as in flight until finished().
  std::vector<planned_request> next(steady_ns now,
                                    std::size_t most = std::numeric_limits<std::size_t>::max());

  /// When next() has something again although nothing else happens; nothing: not by itself.
  std::optional<steady_ns> next_wakeup() const noexcept;

  /// What is to be done with a request from next(), now that it is built.
  enum class advice : std::uint8_t {
    send,
    halve,   ///< It is too large: split() it.
    give_up, ///< No part of it could be small enough: give_up() on it.
  };
  /// @param bytes of the message
  /// @param envelope about what one item of it takes with all that stands around it, at least
  advice measured(request_id id, std::uint64_t bytes, std::uint64_t envelope);

  /// What became of a request from next().
  void finished(request_id id, const outcome& result, steady_ns now);

  /// A request from next() was not sent: its halves come instead. @pre it has two items or more
  void split(request_id id, steady_ns now);
  /// The same, with parts of its items that were chosen elsewhere. @pre together they are its items
  void regroup(request_id id, std::vector<item_set> groups, steady_ns now);
  /// The same, and it never will be.
  void give_up(request_id id, std::string reason, steady_ns now);

  /// What became of a request whose items were answered one by one.
  struct item_answers {
    item_set delivered = {};
    std::vector<dead_letter> refused = {}; ///< By reason.
    item_set again = {};
    std::string reason = {}; ///< Of `again`.
  };
  /// @pre together they are the items of the request, which is not one that was set aside
  void finished_by_item(request_id id, item_answers answers, steady_ns now);
  /// A request from next() that is not finished; null: there is none.
  const planned_request* plan_of(request_id id) const noexcept;

  /// Nothing was sent for so long, by somebody's wish: that counts for nothing.
  void waited(steady_ns pause);

  /// A request that fails again and again while others get through, and is far behind them: copied
  /// elsewhere, it would not hold up the cursor. Null: there is none.
  const planned_request* to_set_aside() const noexcept;
  /// It is copied, durable no later than a cursor that is read after this call. @pre `copy` is not
  /// 0, and no other one's number
  void set_aside(request_id id, std::uint64_t copy);
  /// One that was set aside before the start.
  void resume(std::uint64_t copy, std::uint64_t items, std::uint64_t bytes, steady_ns now);
  /// Copies that are needed no more, once.
  std::vector<std::uint64_t> take_finished_copies() { return std::exchange(finished_copies_, {}); }

  /// The oldest letter; null: there is none.
  const dead_letter* first_letter() const noexcept;
  /// The oldest letter is kept elsewhere, durable no later than a cursor that is read after this
  /// call; until then the cursor stays before it. @pre there is one
  void drop_letter();
  /// So many wait; at 64 nothing is sent until they are taken.
  std::size_t letters() const noexcept { return letters_.size(); }
  bool has_letters() const noexcept { return !letters_.empty(); }

  /// The log no longer has the blocks before `position`: what was not sent of them is let go.
  /// @returns how many items that were
  std::uint64_t forget_before(log_position position);

  /// Everything before it is finished.
  log_place cursor() const noexcept;
  /// What else is finished, in order.
  std::vector<place_range> finished_ahead() const;
  /// When the item at the cursor was received; 0: there is none, or it is not read.
  unix_ns oldest() const noexcept;

  /// Blocks that are not finished.
  std::uint64_t blocks() const;
  /// Whether blocks before `position` are not finished, and were not read.
  bool unread_before(log_position position) const { return unread_.next(0, position).has_value(); }
  /// Blocks of the backlog that are not read.
  std::uint64_t backlog_blocks() const { return unread_.blocks(0, live_from_); }

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
  /// How many requests may be in flight at the moment.
  std::uint32_t places() const noexcept { return flight_.requests(); }

private:
  struct fresh_block {
    log_position position;
    std::uint32_t first, last;
    std::uint64_t bytes;
    steady_ns since;
  };
  /// What is not in any request yet.
  struct fresh_lane {
    std::deque<fresh_block> blocks = {};
    std::uint64_t items = 0;
    std::uint64_t bytes = 0;
    bool backlog = false;
  };
  struct open_request {
    planned_request plan = {};
    std::vector<item_set> rest = {}; ///< The other parts of what was cut, the next one last.
    bool in_flight = false;
    bool is_part = false;
    bool backlog = false;
    steady_ns not_before = 0;
    steady_ns first_sent = 0;
    steady_ns first_failed = 0;
    steady_ns sent_at = 0;
    std::uint64_t bytes = 0;         ///< Of the message; 0: not built yet.
    std::uint64_t envelope = 0;      ///< What one item takes with all that stands around it.
    std::uint64_t whole_bytes = 0;   ///< Of the message before it was cut.
    std::uint64_t refused_bytes = 0; ///< Of all its parts that were too large, together.
    std::uint64_t refused_alone = 0; ///< The envelope with which one item alone was too large.
    bool one_was_taken = false;      ///< One item alone, of those whose envelope is most of it.
  };
  using open_map = std::map<request_id, open_request>; // Oldest first.

  // -- what to send (delivery_plan.cpp) --
  bool may_form(const fresh_lane& lane) const noexcept;
  bool may_launch() const noexcept;
  bool fresh_ready(const fresh_lane& lane, steady_ns now) const noexcept;
  std::optional<steady_ns> fresh_due(const fresh_lane& lane) const noexcept;
  open_map::iterator form(fresh_lane& lane);
  static void cut_front(fresh_lane& lane, std::uint64_t items, std::uint64_t bytes);
  void take_fresh(fresh_lane& lane, item_set& items, std::uint64_t max_items,
                  std::uint64_t max_bytes);
  open_map::iterator pick(steady_ns now);
  open_map::iterator pick_waiting(steady_ns now);
  open_map::iterator pick_while_down(steady_ns now);
  void expire(steady_ns now);
  void launch(open_request& request, steady_ns now);
  std::uint64_t bytes_limit() const noexcept;
  std::uint64_t enough_fresh_bytes() const noexcept;
  steady_ns quiet_until() const noexcept;

  // -- backlog and what is live (delivery_drain.cpp) --
  bool in_turn() const noexcept { return options_.drain.order == drain_order::oldest_first; }
  bool is_backlog(log_position block) const noexcept { return block < live_from_; }
  void move_to_backlog();
  fresh_lane& lane_of(log_position block) noexcept;
  bool wants(const fresh_lane& lane) const noexcept;
  fresh_lane* ready_lane(steady_ns now);
  std::uint32_t backlog_share(std::uint32_t requests) const noexcept;
  bool backlog_may_go() const noexcept;
  void take_turn(const open_request& request, steady_ns now);

  // -- what became of it (delivery.cpp) --
  open_map::iterator settle(request_id id);
  void detach_rest(open_request& request, steady_ns now);
  void way_is_open(const open_request& request, steady_ns now);
  void finish(const item_set& items);
  void on_retry(open_map::iterator it, const outcome& result, steady_ns now);
  void on_delivered(open_map::iterator it, const outcome& result, steady_ns now);
  void come_back_up(steady_ns now);
  void bury(open_map::iterator it, std::string reason, steady_ns now);
  void advance(open_map::iterator it, steady_ns now);
  std::uint64_t drop_forgotten(item_set& set);
  void forget_fresh(fresh_lane& lane, std::uint64_t& dropped);

  // -- parts (delivery_parts.cpp) --
  void on_too_large(open_map::iterator it, const outcome& result, steady_ns now);
  void divide(open_map::iterator it, std::uint64_t first_items, steady_ns now);
  void cut_out(const item_set& items);
  item_set take_front(item_set& whole, std::uint64_t items);

  options options_;
  backoff backoff_;
  unfinished_items unfinished_;
  unread_ranges unread_;
  fresh_lane live_; ///< Where all goes in turn, the backlog too.
  fresh_lane backlog_{.backlog = true};
  open_map open_;
  std::deque<dead_letter> letters_;
  std::vector<std::uint64_t> finished_copies_;
  request_id next_id_ = 1;
  std::size_t in_flight_ = 0;
  bool part_went_last_ = false;
  std::size_t backlog_in_flight_ = 0;
  double backlog_turns_ = 0; ///< That it is owed, as live requests went before it.
  std::optional<log_position> log_next_;
  log_position live_from_ = 0;
  log_position known_ = 0; ///< Behind the last block known.
  log_position trimmed_ = 0;
  learned_limit learned_;
  flight_limit flight_;
  pace pace_;
  totals totals_;

  bool down_ = false;
  unsigned down_failures_ = 0;
  std::optional<request_id> probe_;
  steady_ns probe_at_ = 0;   ///< While down: when the next one may go.
  steady_ns wish_until_ = 0; ///< The back end asked to be left alone until then.
  steady_ns last_answer_;
};

} // namespace weir::backends
