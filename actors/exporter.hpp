#pragma once

#include "actors/messages.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <optional>

namespace weir::actors {

/// An exporter in its mailbox.
class exporter_state : public stages::exporter_ports {
public:
  static inline const char* name = stages::exporter::name;
  exporter_state() = default;
  ~exporter_state() override;

  void start(exporter_actor::pointer self, stages::exporter_plan plan,
             std::shared_ptr<storage::disk> disk, std::shared_ptr<stages::log_tail> tail,
             writer_actor writer, std::shared_ptr<backends::sender> sender);
  /// Sends what is due, then what waits in the mailbox has its turn.
  void pump();
  void finished(const stages::delivery_report& report);
  void tick();
  caf::result<changed_atom> obey(const stages::exporter_order& order);
  caf::result<stopped_atom> stop();

  stages::exporter& stage() { return *stage_; }
  void stall() const { broken_.stall(name); }

  void send(std::uint64_t id, backends::export_request request) override;
  void send_report(stages::delivery_report report) override;
  void write(const commit_ptr& work) override;
  void pump_after(steady_ns pause) override;
  void look_after(steady_ns pause) override;

private:
  void written();
  void stop_when_idle();

  exporter_actor::pointer self_ = nullptr;
  std::shared_ptr<stages::log_tail> tail_;
  std::uint64_t subscription_ = 0;
  writer_actor writer_;
  std::shared_ptr<backends::sender> sender_;
  std::chrono::milliseconds interval_{};
  stages::sabotage broken_;
  std::vector<caf::typed_response_promise<stopped_atom>> stopping_;
  std::vector<caf::typed_response_promise<changed_atom>> obeying_;
  std::optional<stages::exporter> stage_;
};

/// Spawn detached: it reads blocks from disk.
exporter_actor::behavior_type exporter(exporter_actor::stateful_pointer<exporter_state> self,
                                       stages::exporter_plan plan,
                                       std::shared_ptr<storage::disk> disk,
                                       std::shared_ptr<stages::log_tail> tail, writer_actor writer,
                                       std::shared_ptr<backends::sender> sender);

} // namespace weir::actors
