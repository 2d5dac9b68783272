#pragma once

#include "backends/client_groups.hpp"
#include "backends/config.hpp"
#include "backends/delivery.hpp"
#include "backends/request_builder.hpp"
#include "backends/sender.hpp"
#include "codec/compression.hpp"
#include "core/metrics.hpp"
#include "core/passing.hpp"
#include "stages/defaults.hpp"
#include "stages/exporter_health.hpp"
#include "stages/exporter_orders.hpp"
#include "stages/ledger.hpp"
#include "stages/letter_box.hpp"
#include "stages/log_tail.hpp"
#include "stages/messages.hpp"
#include "stages/sabotage.hpp"
#include "storage/disk.hpp"

#include <atomic>
#include <deque>
#include <map>

namespace weir::stages {

/// One exporter on one pipeline. @pre its cursor is in the store
struct exporter_plan {
  backends::exporter_config config;
  std::optional<backends::batch_config> batch; ///< Of the pipeline; the exporter's own wins.
  pipeline_id pipeline = 0;
  std::string pipeline_name;
  weir::signal signal = weir::signal::traces;
  std::chrono::milliseconds cursor_interval = defaults::cursor_interval;
  std::shared_ptr<letter_box> letters;    ///< Of the pipeline; its exporters share it.
  std::optional<std::uint32_t> seed = {}; ///< Of the jitter of pauses; nothing: any.
  sabotage broken;
};

/// Where what an exporter says goes.
class exporter_ports {
public:
  virtual ~exporter_ports() = default;

  /// To the back end. Answered by exporter::finished().
  virtual void send(std::uint64_t id, backends::export_request request) = 0;
  /// exporter::finished() is to be called with this.
  virtual void send_report(delivery_report report) = 0;
  /// Answered by exporter::written().
  virtual void write(const commit_ptr& work) = 0;
  /// exporter::pump() is to be called, after so long.
  virtual void pump_after(steady_ns pause) = 0;
  /// exporter::on_look_timer() is to be called, after so long.
  virtual void look_after(steady_ns pause) = 0;
};

/// Delivers one pipeline's log to one back end: reads blocks from its cursor on, cuts and joins
/// them to requests, sends, tries again, and makes durable how far it has come.
///
/// Owns its cursor, what is finished ahead of it, and its page of the ledger; dead letters go into
/// the log of these. Bounded by requests in flight, by the blocks it knows of, and by what is set
/// aside. What was in flight at its death, or delivered since the cursor was written, is sent
/// again.
///
/// Pure; one thread. `now` comes with each message.
class exporter {
public:
  static inline const char* name = "exporter";

  exporter(exporter_plan plan, std::shared_ptr<storage::disk> disk, std::shared_ptr<log_tail> tail,
           exporter_ports& ports, moment now);
  ~exporter();

  /// Sends the next request that is due. True: there may be more. Costs a request at most, so that
  /// what waits in a mailbox can have its turn in between.
  bool pump(moment now);
  void on_look_timer() noexcept { look_timer_set_ = false; }
  void finished(const delivery_report& report, moment now);
  void written(moment now);
  /// Set while the log's growth is to wake nobody: pump() or a timer is on its way. Who finds it
  /// unset as the log grows sets it and sees to it that pump() is called. Any thread.
  const std::shared_ptr<std::atomic<bool>>& wake_pending() const noexcept { return wake_pending_; }
  /// Each exporter_plan::cursor_interval.
  void tick(moment now);
  /// What a hand asks. Durable once settled() says so.
  void obey(const exporter_order& order, moment now);
  /// What hands asked is durable.
  bool settled() const noexcept { return !saving_ && !orders_changed_; }
  /// Sends no more.
  void stop(moment now);
  /// Nothing is in flight, and everything is written. @pre stop()
  bool idle() const noexcept { return idle_; }

private:
  void start_delivery();
  void look();
  void feed();
  void follow_trim();
  void set_timer();
  void measure(const backends::delivery::totals& before);

  // -- requests (exporter_requests.cpp) --
  void send(const backends::planned_request& planned);
  void on_unreadable(const backends::planned_request& planned, const error& why);
  void separate(const backends::planned_request& planned, std::string_view message);
  std::vector<backends::item_set> sets_of(const std::vector<backends::client_group>& groups,
                                          bool named);
  result<log_block> load(log_position position);
  result<shared_bytes> build(const backends::item_set& items);
  result<shared_bytes> gather(const backends::item_set& items);
  void keep_loaded(const log_block& block);
  void skip_damaged(log_position position, const error& why);

  // -- answers item by item (exporter_items.cpp) --
  bool finish_by_item(const delivery_report& report);
  std::vector<log_place> order_of(const backends::planned_request& planned);
  std::vector<log_place> places_of_parts();

  // -- what is made durable (exporter_saving.cpp) --
  bool save();
  void save_when_due();
  void save_letters(storage::batch& batch);
  void settle_damage();
  void stop_when_idle();

  // -- requests that are set aside (exporter_aside.cpp) --
  void resume_aside();
  void save_aside(storage::batch& batch);
  bool aside_has_room(std::uint64_t more) const;
  std::uint64_t free_copy() const;
  result<shared_bytes> read_aside(std::uint64_t copy) const;

  // -- what hands ask (exporter_orders.cpp) --
  void resume_orders();
  void save_orders(storage::batch& batch);
  void take_letters(commit& work);
  bool take_letter(log_position position, storage::batch& batch);
  void start_letters();

  // -- what is said (exporter_saying.cpp) --
  void start_saying();
  void say(const std::optional<exporter_health_log::line>& line) const;
  std::uint64_t waiting_items() const;
  double room_in_blocks() const;
  exporter_health_log::backlog backlog() const;
  unix_ns oldest_waiting();
  void show_status();

  exporter_plan plan_;
  std::shared_ptr<storage::disk> disk_;
  std::shared_ptr<log_tail> tail_;
  exporter_ports& ports_;
  moment now_; ///< Of the message at hand.
  std::optional<backends::delivery> delivery_;
  bool sends_on_ = false; ///< Headers of clients: a request holds what came with the same ones.
  std::optional<backends::request_builder> builder_;
  std::optional<ledger_page> ledger_;
  backends::delivery::totals in_ledger_;
  bool behind_ = false;                 ///< The log had more than the delivery wanted.
  std::optional<unix_ns> paused_since_; ///< By hand.
  steady_ns paused_at_ = 0;
  letter_order letter_order_;
  bool orders_changed_ = false;

  /// Taken from the dead letters by the batch that is being written.
  struct fresh_letter {
    std::uint64_t copy = 0, items = 0, bytes = 0;
  };
  std::vector<fresh_letter> fresh_letters_;
  std::pair<log_position, unix_ns> oldest_block_; ///< When the block at the cursor came.
  bool look_timer_set_ = false;
  log_place saved_;
  std::vector<backends::place_range> saved_ahead_;
  std::map<std::uint64_t, std::uint64_t> aside_; ///< Bytes of what is set aside, by its number.

  /// What is set aside by the batch that is being written; number 0: nothing is.
  struct fresh_copy {
    std::uint64_t number = 0;
    shared_bytes message;
  };
  fresh_copy fresh_copy_;
  std::optional<std::pair<log_position, std::uint64_t>> rest_; ///< Log and count a tick ago.
  bool ledger_changed_ = false;                                ///< Without the cursor having moved.
  bool saving_ = false;
  std::vector<backends::block_part> parts_;  ///< Of what was built last ...
  std::vector<log_position> part_positions_; ///< ... and the blocks that they are of.
  std::deque<log_block> loaded_;             ///< A few blocks that requests are being cut from.
  std::size_t loaded_bytes_ = 0;
  steady_ns timer_at_ = 0;
  codec::packer packer_;
  std::shared_ptr<std::atomic<bool>> wake_pending_ = std::make_shared<std::atomic<bool>>(false);
  bool stopping_ = false;
  bool idle_ = false;
  prometheus::Counter* sent_ = nullptr;
  prometheus::Counter* failed_ = nullptr;
  prometheus::Gauge* in_flight_ = nullptr;
  prometheus::Gauge* waiting_ = nullptr;
  prometheus::Gauge* capacity_ = nullptr;
  prometheus::Gauge* paused_ = nullptr;
  prometheus::Gauge* places_ = nullptr;
  prometheus::Gauge* backlog_ = nullptr;
  std::optional<exporter_health_log> health_;
};

} // namespace weir::stages
