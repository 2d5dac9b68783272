#pragma once

#include "actors/compressor.hpp"
#include "actors/exporter.hpp"
#include "actors/housekeeper.hpp"
#include "actors/hub.hpp"
#include "actors/inbox.hpp"
#include "actors/intake.hpp"
#include "actors/link_ends.hpp"
#include "actors/metrics_at_start.hpp"
#include "actors/node.hpp"
#include "actors/origin.hpp"
#include "actors/replays.hpp"
#include "actors/shard.hpp"
#include "actors/writer.hpp"
#include "core/log.hpp"
#include "net/link/addresses.hpp"
#include "net/link/server.hpp"
#include "sampling/rate_board.hpp"

#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <set>

namespace weir::actors {

struct node_system_config : caf::actor_system_config {
  node_system_config();
};

/// One exporter on one pipeline, running.
struct running_exporter {
  backends::exporter_config config;
  std::optional<backends::batch_config> batch; ///< Of its pipeline.
  exporter_actor actor;
};

/// The clients' gate, which the housekeeper opens and closes; nobody's once the server goes.
struct admission {
  std::mutex mutex;
  net::otlp_server* server = nullptr; ///< Guarded.

  bool leaving = false; ///< Guarded: refused for good.

  void set(bool accepting, std::string reason) {
    const std::lock_guard guard(mutex);
    if (server != nullptr && !leaving)
      server->set_accepting(accepting, std::move(reason));
  }
  void leave() {
    const std::lock_guard guard(mutex);
    leaving = true;
    if (server != nullptr)
      server->set_accepting(false, "the node leaves its cluster");
  }
  void belongs_to(net::otlp_server* now) {
    const std::lock_guard guard(mutex);
    server = now;
  }
};

/// The parts of a node, and what each is told.
struct node::impl {
  /// An exporter's place: pipeline and id.
  using place = std::pair<pipeline_id, std::string>;
  using sender_ptr = std::shared_ptr<backends::sender>;

  node_plan plan;
  std::shared_ptr<storage::store> store;
  std::vector<pipeline_id> ids; ///< Of plan.pipelines.
  std::map<pipeline_id, std::shared_ptr<stages::log_tail>> tails;
  std::map<pipeline_id, std::shared_ptr<stages::letter_box>> letters;
  node_system_config config;
  caf::actor_system system{config};
  writer_actor writer;
  /// By pipeline; their numbers rise over all.
  struct running_compressor {
    stages::compressor_number number = 0;
    compressor_actor actor;
  };
  std::map<pipeline_id, running_compressor> compressors;
  stages::compressor_number next_compressor = 1;
  std::vector<shard_actor> shards;
  std::map<place, running_exporter> exporters;
  std::set<std::string> files; ///< That exporters have written to since the start.
  /// Entries between the intake and the origin. What does not fit the origin reads from the
  /// journal.
  std::shared_ptr<net::byte_budget> handed = std::make_shared<net::byte_budget>(max_handed_bytes);
  origin_actor origin;
  intake_actor intake;
  housekeeper_actor housekeeper;
  replays_actor replays;
  // -- none of these where it is alone --
  hub_actor hub;
  inbox_actor inbox;
  std::shared_ptr<cluster_state> cluster_place = std::make_shared<cluster_state>();
  /// Of the budgets that the members share; only in a cluster.
  std::shared_ptr<sampling::rate_board> rates;
  std::unique_ptr<net::link_server> links;
  std::shared_ptr<const net::link_credentials> credentials; ///< Of all links.
  std::unique_ptr<net::seed_lookup> seeds;
  /// Who looks holds it: handles are not taken away meanwhile.
  mutable std::mutex look_mutex;
  std::vector<stages::replayed_pipeline> readable_logs; ///< Guarded by it.
  std::unique_ptr<net::otlp_server> server;
  std::shared_ptr<admission> gate = std::make_shared<admission>();
  std::atomic<bool> serving{false};
  std::shared_ptr<std::atomic<bool>> ending = std::make_shared<std::atomic<bool>>(false);

  /// Whoever goes through the exporters, or changes them.
  mutable std::mutex hands_mutex;

  struct next_plan;
  // -- of a plan (`ids` are those of its pipelines) --
  result<std::vector<pipeline_id>> open_logs(const node_plan& plan);
  void place_new_exporters(const node_plan& plan, const std::vector<pipeline_id>& of_ids,
                           storage::batch& cursors) const;
  void make_tail(pipeline_id id);
  void spawn_exporter(const node_plan& plan, std::size_t pipeline, pipeline_id id,
                      const backends::exporter_config& config, sender_ptr sender);
  using shard_pipelines = std::vector<stages::shard_pipeline>;
  std::uint32_t shard_count(const node_plan& wanted) const;
  /// Of each shard; the compressors are filled in later.
  result<std::vector<shard_pipelines>>
  pipelines_of_shards(const node_plan& plan, const std::vector<pipeline_id>& ids) const;
  stages::compressor_config config_of_compressor(std::size_t pipeline) const;
  void spawn_compressors();
  shard_change change_of_shard(shard_pipelines pipelines) const;
  void spawn_shards(std::vector<shard_pipelines> pipelines);
  origin_change_message change_of_origin() const;
  stages::intake_config config_of_intake() const;
  stages::housekeeper_config config_of_housekeeper() const;
  stages::replays_config config_of_replays() const;
  /// The exporters of the plan, by the ids of its pipelines.
  stages::configured_exporters configured() const;
  std::vector<signal> signals_of(std::uint32_t receiver) const;

  // -- start --
  result<void> spawn_exporters();
  void spawn_intake();

  // -- replays (node_replays.cpp) --
  void spawn_replays();
  void change_replays();
  result<std::vector<stages::replay_view>> ask_replays(replay_question::kind hand,
                                                       stages::replay_order order) const;
  result<stages::replay_view> ask_replay(replay_question::kind hand,
                                         stages::replay_order order) const;
  result<void> serve();
  /// Whose data is owed to nobody any more, in the log.
  void say_orphans() const;

  // -- the cluster (node_cluster.cpp) --
  /// Above all before, and in the store with the next commit of `changes`; 0: it is alone.
  result<std::uint64_t> choose_boot(storage::batch& changes) const;
  result<void> join(std::uint64_t boot);
  hub_change_message change_of_hub() const;
  inbox_change_message change_of_inbox() const;
  /// What goes with a reload is not taken from others any more.
  void narrow_inbox(const std::vector<pipeline_id>& staying);
  /// Hub and inbox learn of a reload.
  void change_place();
  std::optional<cluster::cluster_view> look();
  void finish_copies(std::chrono::milliseconds deadline);
  void end_links(std::chrono::milliseconds deadline);

  // -- reload --
  void keep_file(backends::exporter_config& exporter) const;
  result<std::vector<std::string>> reload(node_plan wanted);
  result<next_plan> prepare(node_plan wanted);
  void adopt(next_plan& next, std::vector<std::string>& changes);
  std::vector<place> stop_exporters(const next_plan& next, std::vector<std::string>& changes);
  void start_exporters(next_plan& next, const std::vector<place>& stopped,
                       std::vector<std::string>& changes);
  void change_shards(std::vector<shard_pipelines> pipelines);
  template <class Handle, class Change>
  void change(const Handle& actor, const Change& change);
  void commit(storage::batch changes, std::function<void(storage::batch&)> late);

  // -- hands (node_exporters.cpp, node_letters.cpp) --
  result<void> obey(const exporter_actor& actor, stages::exporter_order order);
  result<std::size_t> pipeline_of(const exporter_filter& which) const;
  result<void> stop_exporter(const place& key);
  result<void> start_exporter(std::size_t pipeline, const std::string& id);
  template <class Value>
  result<Value> move_cursor(std::size_t pipeline, const std::string& id,
                            const std::function<result<Value>(storage::batch&)>& move);
  template <class Visit>
  result<std::uint64_t> each_letter(std::size_t pipeline, const exporter_filter& which,
                                    log_position first, const Visit& visit) const;

  // -- stop --
  template <class Handle>
  void ask_to_stop(const Handle& actor, std::chrono::milliseconds deadline);
  void stop(std::chrono::milliseconds deadline);
  void end_server();
  void end_actors();
};

template <class Handle, class Change>
void node::impl::change(const Handle& actor, const Change& change) {
  caf::scoped_actor self{system};
  self->request(actor, caf::infinite, change)
      .receive([](changed_atom) {},
               [&](const caf::error& why) {
                 log::error("a stage did not take its new plan: {}", system.render(why));
               });
}

template <class Handle>
void node::impl::ask_to_stop(const Handle& actor, std::chrono::milliseconds deadline) {
  if (!actor)
    return;
  caf::scoped_actor self{system};
  self->request(actor, deadline, stop_atom_v)
      .receive([](stopped_atom) {},
               [&](const caf::error& why) {
                 log::warn("a stage did not stop in time: {}", system.render(why));
               });
}

} // namespace weir::actors
