#pragma once

#include "actors/kept_editor.hpp"
#include "actors/ledger.hpp"
#include "actors/log_tail.hpp"
#include "actors/messages.hpp"
#include "actors/sabotage.hpp"
#include "cluster/progress.hpp"
#include "codec/block.hpp"
#include "codec/compression.hpp"
#include "codec/traces_block.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <map>

namespace weir::actors {

struct compressor_config {
  pipeline_id pipeline = 0;
  std::string name;
  std::size_t max_block_bytes = 1 << 20; ///< Unpacked.
  std::chrono::milliseconds timeout{200};
  std::uint64_t decision_cache = 10'000'000; ///< Decisions worth keeping on disk.
  std::shared_ptr<const processors::chain> edits = nullptr; ///< Of what was kept; null: none.
  std::chrono::nanoseconds edit_time = std::chrono::seconds(2); ///< CPU time of edits; 0: no end.
  sabotage broken;
};

class compressor_state {
public:
  static inline const char* name = "compressor";

  void start(compressor_actor::pointer self, compressor_config config,
             std::shared_ptr<storage::store> store, std::shared_ptr<log_tail> tail,
             writer_actor writer);
  void take(const decided_ptr& what);
  void load(const recovered_progress& records);
  void forget(const cluster::low_water& mark);
  void on_timeout();
  void change(const compressor_config& to);
  caf::result<stopped_atom> stop();
  void stall() const { config_.broken.stall(name); }

private:
  /// What waits for the next commit, and who wants to know of it.
  struct gathering {
    storage::batch batch;
    std::vector<log_block> blocks;
    std::vector<std::pair<sampler_actor, std::uint64_t>> tickets;
    std::vector<entry_id> touched;
    bool any = false;
  };

  void settle(decided& what);
  void count(const decided& what);
  void leave_out(decided& what, const std::vector<bool>& settled);
  void remember(const decided& what);
  void note_times(const sampling::kept_spans& kept);
  std::size_t append(const sampling::kept_spans& kept, std::size_t first);
  void close_block();
  void flush();
  void finish(gathering& done);
  void trim_decisions(std::uint64_t chunk, std::size_t decisions);

  compressor_actor::pointer self_ = nullptr;
  compressor_config config_;
  std::shared_ptr<storage::store> store_;
  std::shared_ptr<log_tail> tail_;
  writer_actor writer_;
  cluster::progress progress_;
  std::optional<ledger_page> ledger_;
  log_position next_block_ = 0;
  codec::traces_block_builder builder_;
  std::optional<kept_editor> editor_;
  unix_ns first_received_ = 0;
  unix_ns last_received_ = 0;
  gathering gathered_;
  unsigned commits_in_flight_ = 0;
  bool timer_set_ = false;
  bool flush_due_ = false;
  codec::packer packer_;
  std::map<std::uint64_t, std::size_t> chunks_; ///< Written since the start, and their decisions.
  /// The newest of them, as long as it is small: the next small ones join it.
  std::uint64_t open_chunk_ = 0;
  std::string open_decisions_;
  std::uint64_t decisions_written_ = 0;
  std::vector<caf::typed_response_promise<stopped_atom>> stopping_;
};

/// Scheduled: it packs, the writer blocks. At most four commits are in flight; samplers hold back by
/// what is not durable yet.
compressor_actor::behavior_type compressor(compressor_actor::stateful_pointer<compressor_state> self,
                                           compressor_config config,
                                           std::shared_ptr<storage::store> store,
                                           std::shared_ptr<log_tail> tail, writer_actor writer);

} // namespace weir::actors
