#pragma once

#include "actors/messages.hpp"
#include "backends/sender.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <memory>
#include <optional>

namespace weir::actors {

/// The replays of a node in their mailbox.
class replays_state : public stages::replays_ports {
public:
  static inline const char* name = stages::replays::name;

  void start(replays_actor::pointer self, stages::replays_config config,
             std::shared_ptr<storage::disk> disk, writer_actor writer);
  /// Works for a little while, then what waits in the mailbox has its turn.
  void pump();
  void finished(const replay_report& report);
  void tick();
  void ask(const replay_question& question);
  void change(const stages::replays_config& config);
  void leave();
  caf::result<stopped_atom> stop();

  result<void> open(stages::replay_id replay, const backends::exporter_config& exporter) override;
  void close(stages::replay_id replay) override;
  void send(stages::replay_id replay, std::uint64_t request,
            backends::export_request message) override;
  void send_report(stages::replay_id replay, stages::delivery_report report) override;
  void write(const commit_ptr& work, std::function<void()> written) override;
  void pump_after(steady_ns pause) override;

private:
  stages::live_load look_at_load();
  void stop_when_idle();

  replays_actor::pointer self_ = nullptr;
  writer_actor writer_;
  std::chrono::milliseconds interval_{};
  std::map<stages::replay_id, std::shared_ptr<backends::sender>> senders_;
  bool pumping_ = false; ///< A wake is on its way.
  steady_ns looked_at_ = 0;
  std::int64_t cpu_ns_ = 0; ///< Of the process without this thread, as looked at last.
  double cpus_ = 1;
  std::vector<caf::typed_response_promise<stopped_atom>> stopping_;
  std::optional<stages::replays> stage_;
};

/// Spawn detached: it reads blocks from disk. Its thread gives way to others.
replays_actor::behavior_type replays(replays_actor::stateful_pointer<replays_state> self,
                                     stages::replays_config config,
                                     std::shared_ptr<storage::disk> disk, writer_actor writer);

} // namespace weir::actors
