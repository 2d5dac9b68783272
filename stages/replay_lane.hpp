#pragma once

#include "backends/config.hpp"
#include "backends/delivery.hpp"
#include "backends/sender.hpp"
#include "stages/letter_box.hpp"
#include "stages/log_range.hpp"
#include "stages/log_reader.hpp"
#include "stages/messages.hpp"
#include "stages/replay.hpp"
#include "stages/replay_pace.hpp"

#include <functional>
#include <map>
#include <optional>

namespace weir::stages {

/// What one replay needs to run.
struct replay_plan {
  backends::exporter_config exporter;
  std::optional<backends::batch_config> batch; ///< Of the pipeline; the exporter's own wins.
  pipeline_id pipeline = 0;
  weir::signal signal = weir::signal::traces;
  selection_ptr pick;     ///< By the order's condition, trace ids and mark; null: all as it is.
  std::string record_key; ///< Of the family meta.
  /// Of the pipeline; all that write dead letters share it.
  std::shared_ptr<letter_box> letters;
  std::optional<std::uint32_t> seed = {}; ///< Of the jitter of pauses; nothing: any.
};

/// Where what a replay says goes.
class replay_lane_ports {
public:
  virtual ~replay_lane_ports() = default;

  /// To the back end. Answered by replay_lane::finished().
  virtual void send(std::uint64_t request, backends::export_request message) = 0;
  /// replay_lane::finished() is to be called with this.
  virtual void send_report(delivery_report report) = 0;
  /// `written` is to be called on the same thread once it is durable.
  virtual void write(const commit_ptr& work, std::function<void()> written) = 0;
  /// replay_lane::pump() is to be called, after so long.
  virtual void pump_after(steady_ns pause) = 0;
};

/// Sends a range of a log to a back end, once, beside what exporters do: reads its blocks, picks
/// what was asked for, sends, tries again, writes down how far it has come.
///
/// Its record on the disk has the cursor and the counts. Of what was not picked nothing is sent.
/// Bounded by two requests in flight and by the blocks it has read ahead (some MiB). What was in
/// flight at its death, or delivered since the record was written, is sent again. The log is not
/// held back: what is trimmed before it was sent is counted.
///
/// Pure; one thread. `now` comes with each message.
class replay_lane {
public:
  /// Goes on where the record is, which it changes. @pre both outlive it
  replay_lane(replay_plan plan, replay_record& record, std::shared_ptr<storage::disk> disk,
              replay_lane_ports& ports, moment now);

  /// Does one piece of work: reads a block or sends a request. True: there may be more at once.
  bool pump(moment now);
  /// What pump() took.
  void worked(steady_ns duration, moment now) { pace_.worked(duration, now.steady); }
  void finished(const delivery_report& report, moment now);
  /// Once a second.
  void tick(const live_load& load, moment now);

  /// Sends no more.
  void stop(moment now);
  /// Nothing is in flight or being written. @pre stop()
  bool idle() const noexcept { return delivery_->in_flight() == 0 && !saving_; }
  /// Everything of the range is finished, and its record says so.
  bool complete() const noexcept { return complete_; }
  /// Why it cannot go on; "": it can.
  const std::string& failure() const noexcept { return failure_; }

  /// Adds what is to be durable: letters and the record as it is now.
  void save_into(storage::batch& batch);

  // -- for whoever looks --
  /// Of its range; 0: it was not looked at yet.
  std::uint64_t blocks() const noexcept { return range_ ? range_->blocks() : 0; }
  std::uint64_t blocks_done() const noexcept;
  double bytes_a_second() const noexcept { return bytes_a_second_; }
  double blocks_a_second() const noexcept { return blocks_a_second_; }
  bool yields() const noexcept { return pace_.yields() || pace_.holds(); }
  /// The back end's last words, while nothing gets through.
  const std::string& trouble() const noexcept { return trouble_; }

private:
  /// What of a block is not sent.
  struct unsent {
    std::uint64_t left_out = 0;
    std::uint64_t damaged = 0;
  };

  bool find_range();
  bool wants(log_position position);
  bool reads_more() const { return delivery_->next_block() || !delivery_->is_behind(); }
  void follow_trim();
  void read_next(log_position position);
  void take(log_position position, const log_reader::packed_block& packed);
  void skip(log_position position);
  void on_unreadable(log_position position, const error& why);
  void wait_for_disk(const error& why);
  void fail_with(std::string why);
  result<log_block> load(log_position position);
  result<shared_bytes> build(const backends::item_set& items);
  result<shared_bytes> build_what_is_held(const backends::item_set& items);
  void send(const backends::planned_request& planned);
  void on_unbuilt(const backends::planned_request& planned, const error& why);
  void finish_by_item(const delivery_report& report);
  void count(const backends::delivery::totals& before);
  void note(log_position position, const unsent& found);
  void count_passed();
  void set_timer(bool may_send);
  void save_letters(storage::batch& batch);
  bool save();
  void settle();
  void measure(moment now);

  replay_plan plan_;
  replay_record& record_;
  std::shared_ptr<storage::disk> disk_;
  replay_lane_ports& ports_;
  moment now_; ///< Of the message at hand.
  std::optional<log_range> range_;
  log_reader reader_;
  std::optional<backends::delivery> delivery_;
  backends::request_builder builder_;
  replay_pace pace_;
  bool sends_on_ = false; ///< Headers of clients: a request holds what came with the same ones.
  log_position next_ = 0; ///< The next position to look at.
  bool all_read_ = false;
  bool sent_nothing_ = false; ///< Though something waits.
  steady_ns read_again_at_ = 0;
  std::map<log_position, log_block> loaded_; ///< Picked, a few that requests are cut from.
  std::size_t loaded_bytes_ = 0;
  /// Counted once the cursor has passed it: what lies behind is read again after a restart.
  std::map<log_position, unsent> unsent_;
  std::map<std::uint64_t, std::uint64_t> request_bytes_; ///< Of what is in flight.
  replay_record saved_;
  bool saving_ = false;
  bool stopping_ = false;
  bool complete_ = false;
  std::string failure_;
  std::string trouble_;
  steady_ns timer_at_ = 0;
  steady_ns measured_at_ = 0; ///< When what follows was measured.
  std::uint64_t measured_bytes_ = 0;
  std::uint64_t measured_blocks_ = 0;
  double bytes_a_second_ = 0;
  double blocks_a_second_ = 0;
};

} // namespace weir::stages
