#pragma once

#include "stages/defaults.hpp"
#include "stages/replay_lane.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace weir::stages {

/// A pipeline whose log can be replayed.
struct replayed_pipeline {
  pipeline_id id = 0;
  std::string name;
  weir::signal signal = weir::signal::traces;
  std::optional<backends::batch_config> batch;
  std::shared_ptr<letter_box> letters; ///< As replay_plan::letters.
};

/// Makes what picks and marks of an order; null: all as it is. errc::invalid_argument: it has a
/// condition, an id or a mark that cannot be.
using selection_maker = std::function<result<selection_ptr>(const replay_order&, weir::signal)>;

struct replays_config {
  std::vector<replayed_pipeline> pipelines;
  std::vector<backends::exporter_config> exporters; ///< All of the file.
  selection_maker select;
  std::uint32_t max = defaults::max_replays;               ///< That have not ended.
  std::chrono::milliseconds keep = defaults::keep_replays; ///< Ended ones are shown so long.
  std::chrono::milliseconds cursor_interval = defaults::cursor_interval;
  std::optional<std::uint32_t> seed = {};
};

/// A replay as it is shown.
struct replay_view {
  replay_record record;
  std::uint64_t blocks = 0; ///< Of its range; of those that have ended 0.
  std::uint64_t blocks_done = 0;
  double bytes_a_second = 0;
  double blocks_a_second = 0;
  bool yields = false;      ///< To live traffic.
  std::string trouble = {}; ///< The back end's last words, while nothing gets through.
};
using replay_answer = std::function<void(result<replay_view>)>;

/// Where what the replays say goes.
class replays_ports {
public:
  virtual ~replays_ports() = default;

  /// A way to a back end, until close(). Errors as backends::make_sender().
  virtual result<void> open(replay_id replay, const backends::exporter_config& exporter) = 0;
  virtual void close(replay_id replay) = 0;
  /// Answered by replays::finished().
  virtual void send(replay_id replay, std::uint64_t request, backends::export_request message) = 0;
  /// replays::finished() is to be called with this.
  virtual void send_report(replay_id replay, delivery_report report) = 0;
  /// `written` is to be called on the same thread once it is durable.
  virtual void write(const commit_ptr& work, std::function<void()> written) = 0;
  /// replays::pump() is to be called, after so long.
  virtual void pump_after(steady_ns pause) = 0;
};

/// The replays of a node: each is begun, paused, gone on with, cancelled, ends, and is forgotten
/// after a while; what runs goes on after a restart.
///
/// Owns their records. Bounded by replays_config::max and by max_kept_replays, the ended ones with
/// them: of these the oldest goes first.
///
/// Pure; one thread. `now` comes with each message.
class replays {
public:
  static inline const char* name = "replays";

  replays(replays_config config, std::shared_ptr<storage::disk> disk, replays_ports& ports,
          moment now);
  ~replays();

  /// Whether an order could be begun here; what start() would say.
  result<void> would_start(const replay_order& order) const;
  /// Begins it; `answer` comes once that is durable. One that is known by its id is as it was.
  /// errc::not_found: no such pipeline or exporter; errc::full: too many, or the disk is;
  /// errc::invalid_argument.
  void start(const replay_order& order, moment now, const replay_answer& answer);
  /// The newest first.
  std::vector<replay_view> all() const;
  /// `answer` comes once it is durable. errc::not_found; errc::unsupported: not in this state.
  void pause(replay_id replay, moment now, const replay_answer& answer);
  /// One that is paused, failed or left.
  void resume(replay_id replay, moment now, const replay_answer& answer);
  void cancel(replay_id replay, moment now, const replay_answer& answer);

  /// Does one piece of work. True: there may be more at once.
  bool pump(moment now);
  /// What the last pump() took.
  void worked(steady_ns duration, moment now);
  void finished(replay_id replay, const delivery_report& report, moment now);
  /// Each replays_config::cursor_interval.
  void tick(const live_load& load, moment now);

  /// Another configuration: what runs goes on by it, or fails with the reason.
  void change(replays_config config, moment now);
  /// The node leaves its cluster: what has not ended is left.
  void leave(moment now);
  /// Sends no more. What ran will go on after a restart.
  void stop(moment now);
  /// Nothing is in flight, and everything is written. @pre stop()
  bool idle() const noexcept;

private:
  struct entry;
  class lane_ports;

  void load_records();
  entry* find(replay_id replay) const;
  result<replay_plan> plan_of(const replay_order& order) const;
  entry* make_room();
  void open(entry& each, moment now);
  void close(entry& each);
  void close_when_idle(entry& each, moment now);
  void look_after(entry& each, moment now);
  void end(entry& each, replay_state state, std::string reason, moment now);
  void set_state(entry& each, replay_state state, std::string reason, moment now,
                 const replay_answer& answer);
  void write(entry& each, std::function<void()> written);
  void forget_old(moment now);
  replay_view view_of(const entry& each) const;
  void show() const;

  replays_config config_;
  std::shared_ptr<storage::disk> disk_;
  replays_ports& ports_;
  std::vector<std::unique_ptr<entry>> entries_;
  std::size_t turn_ = 0; ///< Whose turn it was in pump().
  replay_id worked_on_ = 0;
  live_load load_;
  moment now_; ///< Of the last message.
  unsigned writing_ = 0;
  bool stopping_ = false;
};

/// Records on the disk, at most.
inline constexpr std::size_t max_kept_replays = 64;

} // namespace weir::stages
