#pragma once

#include "actors/exporter_health.hpp"
#include "actors/ledger.hpp"
#include "actors/log_tail.hpp"
#include "actors/messages.hpp"
#include "actors/sabotage.hpp"
#include "backends/client_groups.hpp"
#include "backends/config.hpp"
#include "backends/delivery.hpp"
#include "backends/request_builder.hpp"
#include "backends/sender.hpp"
#include "codec/compression.hpp"
#include "core/metrics.hpp"
#include "core/passing.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>

namespace weir::actors {

/// One exporter on one pipeline. @pre its cursor is in the store
struct exporter_plan {
  backends::exporter_config config;
  std::optional<backends::batch_config> batch; ///< Of the pipeline; the exporter's own wins.
  pipeline_id pipeline = 0;
  std::string pipeline_name;
  weir::signal signal = weir::signal::traces;
  std::chrono::milliseconds cursor_interval{1000};
  /// The next free place among the pipeline's dead letters; its exporters share it.
  std::shared_ptr<std::atomic<log_position>> letters;
  sabotage broken;
};

class exporter_state {
public:
  static inline const char* name = "exporter";
  exporter_state() = default;
  ~exporter_state();

  void start(exporter_actor::pointer self, exporter_plan plan,
             std::shared_ptr<storage::store> store, std::shared_ptr<log_tail> tail,
             writer_actor writer, std::shared_ptr<backends::sender> sender);
  void pump();
  void on_look_timer();
  void finished(const delivery_report& report);
  void tick();
  caf::result<stopped_atom> stop();
  void stall() const { plan_.broken.stall(name); }

private:
  void start_delivery();
  void look();
  void feed(steady_ns now);
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
  void skip_damaged(log_position position, const error& why);

  // -- what is made durable (exporter_saving.cpp) --
  std::string finished_key() const;
  bool save();
  void save_when_due();
  void save_letters(storage::batch& into);
  void settle_damage();
  void stop_when_idle();

  // -- requests that are set aside (exporter_aside.cpp) --
  void resume_aside();
  void save_aside(storage::batch& into);
  std::string aside_key(std::uint64_t copy) const;
  result<shared_bytes> read_aside(std::uint64_t copy) const;

  // -- what is said (exporter_saying.cpp) --
  void start_saying();
  void say(const std::optional<exporter_health_log::line>& line) const;
  std::uint64_t waiting_items() const;
  exporter_health_log::backlog backlog() const;
  void show_status();

  exporter_actor::pointer self_ = nullptr;
  exporter_plan plan_;
  std::shared_ptr<storage::store> store_;
  std::shared_ptr<log_tail> tail_;
  std::uint64_t subscription_ = 0;
  writer_actor writer_;
  std::shared_ptr<backends::sender> sender_;
  std::optional<backends::delivery> delivery_;
  bool sends_on_ = false; ///< Headers of clients: a request holds what came with the same ones.
  std::optional<backends::request_builder> builder_;
  std::optional<ledger_page> ledger_;
  backends::delivery::totals in_ledger_;
  log_position next_block_ = 0; ///< The next that the delivery does not know of.
  bool behind_ = false;         ///< The log had more than the delivery wanted.
  bool look_timer_set_ = false;
  bool gives_way_ = false; ///< pump() goes on when the messages that wait have had their turn.
  backends::place saved_;
  std::vector<backends::place_range> saved_ahead_;
  std::map<std::uint64_t, std::uint64_t> aside_; ///< Bytes of what is set aside, by its number.

  /// What is set aside by the batch that is being written; number 0: nothing is.
  struct fresh_copy {
    std::uint64_t number = 0;
    shared_bytes message;
  };
  fresh_copy fresh_copy_;
  std::optional<std::pair<log_position, std::uint64_t>> rest_; ///< Log and count a tick ago.
  bool ledger_changed_ = false; ///< Without the cursor having moved.
  bool saving_ = false;
  std::vector<backends::block_part> parts_;    ///< Of what was built last ...
  std::vector<log_position> part_positions_;   ///< ... and the blocks that they are of.
  std::map<log_position, log_block> loaded_; ///< A few blocks that requests are being cut from.
  steady_ns timer_at_ = 0;
  codec::packer packer_;
  std::shared_ptr<std::atomic<bool>> wake_pending_ = std::make_shared<std::atomic<bool>>(false);
  std::vector<caf::typed_response_promise<stopped_atom>> stopping_;
  prometheus::Counter* sent_ = nullptr;
  prometheus::Counter* failed_ = nullptr;
  prometheus::Gauge* in_flight_ = nullptr;
  prometheus::Gauge* waiting_ = nullptr;
  std::optional<exporter_health_log> health_;
};

/// Spawn detached: it reads blocks from disk.
exporter_actor::behavior_type exporter(exporter_actor::stateful_pointer<exporter_state> self,
                                       exporter_plan plan, std::shared_ptr<storage::store> store,
                                       std::shared_ptr<log_tail> tail, writer_actor writer,
                                       std::shared_ptr<backends::sender> sender);

} // namespace weir::actors
