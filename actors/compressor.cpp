#include "actors/compressor.hpp"

#include "actors/last_words.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"
#include "sampling/decision_cache.hpp"

#include <algorithm>

namespace weir::actors {

namespace {

constexpr unsigned max_commits_in_flight = 4;

// Measured on blocks of 1 MiB (benchmarks/codec): level 3 costs 36 % more CPU for 2 % fewer bytes.
constexpr int block_level = 1;

// A chunk of decisions that is smaller than this is written again with what comes next, so that at
// low traffic there are not as many as there are traces.
constexpr std::size_t small_chunk = 4 << 10;

} // namespace

void compressor_state::start(compressor_actor::pointer self, compressor_config config,
                             std::shared_ptr<storage::store> store, std::shared_ptr<log_tail> tail,
                             writer_actor writer) {
  self_ = self;
  config_ = std::move(config);
  store_ = std::move(store);
  tail_ = std::move(tail);
  writer_ = std::move(writer);
  ledger_.emplace(*store_, ledger_key(config_.name, "log"), log_counts);
  next_block_ = store_->log(config_.pipeline).next;
  change(config_);
}

void compressor_state::change(const compressor_config& to) {
  config_.edits = to.edits;
  editor_.reset();
  if (config_.edits)
    editor_.emplace(config_.edits, config_.edit_time);
}

void compressor_state::load(const recovered_progress& records) {
  for (const auto& [entry, bytes] : records.records)
    (void)progress_.load(entry, bytes); // The router has read it before.
}

void compressor_state::forget(const cluster::low_water& mark) {
  progress_.forget(mark.node, mark.epoch, mark.below);
}

void compressor_state::take(const decided_ptr& what) {
  count(*what);
  settle(*what);
  for (std::size_t next = 0; next < what->kept.spans();) {
    note_times(what->kept);
    next = append(what->kept, next);
    if (builder_.full(config_.max_block_bytes))
      close_block();
  }
  if (!what->decisions.empty())
    remember(*what);
  gathered_.tickets.emplace_back(caf::actor_cast<sampler_actor>(self_->current_sender()),
                                 what->ticket);
  gathered_.any = true;
  if (!gathered_.blocks.empty()) {
    flush();
  } else if (!timer_set_) {
    timer_set_ = true;
    self_->delayed_send(self_, config_.timeout, flush_atom_v);
  }
}

void compressor_state::note_times(const sampling::kept_spans& kept) {
  first_received_ = first_received_ == 0 ? kept.first_received()
                                         : std::min(first_received_, kept.first_received());
  last_received_ = std::max(last_received_, kept.last_received());
}

std::size_t compressor_state::append(const sampling::kept_spans& kept, std::size_t first) {
  if (!editor_)
    return kept.append_to(builder_, first, config_.max_block_bytes);
  const auto next
    = editor_->append_to(kept, builder_, first, config_.max_block_bytes, unix_now(), [&] {
        close_block();
        note_times(kept);
      });
  (*ledger_)[removed_items] += editor_->removed();
  return next;
}

void compressor_state::settle(decided& what) {
  std::vector<bool> settled; // Empty: none was before.
  for (std::size_t i = 0; i < what.slots.size(); ++i) {
    const auto& [entry, slot, trace] = what.slots[i];
    const auto& touched = what.entries[entry];
    if (progress_.settle(touched.id, touched.slots, slot, what.traces[trace].verdict.keep))
      continue;
    settled.resize(what.slots.size());
    settled[i] = true;
  }
  if (!settled.empty())
    leave_out(what, settled);
  for (const auto& entry : what.entries)
    gathered_.touched.push_back(entry.id);
}

// Slots that came again, of an entry that was sent again: their spans are in the log, or dropped,
// and in the ledger. Of a dropped trace nobody knows how many each slot has: they share.
void compressor_state::leave_out(decided& what, const std::vector<bool>& settled) {
  metrics::duplicate_slots.with({{"pipeline", config_.name}})
    .Increment(static_cast<double>(std::count(settled.begin(), settled.end(), true)));
  (*ledger_)[kept_items] -= what.kept.leave_out(settled);
  for (const auto& trace : what.traces) {
    if (trace.verdict.keep)
      continue;
    const auto first = settled.begin() + trace.first_ref;
    const auto again = std::count(first, first + trace.refs, true);
    (*ledger_)[dropped_items] -= std::uint64_t{trace.spans} * static_cast<std::uint64_t>(again)
                                 / std::max<std::uint64_t>(trace.refs, 1);
  }
}

void compressor_state::count(const decided& what) {
  for (const auto& trace : what.traces)
    (*ledger_)[trace.verdict.keep ? kept_items : dropped_items] += trace.spans;
}

void compressor_state::remember(const decided& what) {
  if (open_decisions_.empty()
      || open_decisions_.size() + what.decisions.size() > small_chunk
      || !sampling::append_chunk(open_decisions_, what.decisions)) {
    open_chunk_ = what.chunk;
    open_decisions_ = what.decisions;
  }
  gathered_.batch.put_decisions(config_.pipeline, open_chunk_, open_decisions_);
  trim_decisions(open_chunk_, what.traces.size());
}

void compressor_state::close_block() {
  if (builder_.spans() == 0)
    return;
  codec::block_header header;
  header.pipeline = config_.pipeline;
  header.signal = signal::traces;
  header.layout = codec::block_layout::traces;
  header.codec = codec::codec_id::zstd;
  header.items = static_cast<std::uint32_t>(builder_.spans());
  header.traces = static_cast<std::uint32_t>(builder_.traces());
  header.first_time = std::exchange(first_received_, 0);
  header.last_time = std::exchange(last_received_, 0);
  std::string body;
  builder_.finish(body);
  header.unpacked_bytes = static_cast<std::uint32_t>(body.size());
  std::string packed;
  packer_.pack(header.codec, block_level, body, packed);
  header.packed_bytes = static_cast<std::uint32_t>(packed.size());
  std::string bytes;
  codec::write_block(header, packed, bytes);
  const auto position = next_block_++;
  gathered_.batch.append_block(config_.pipeline, position, header.last_time, bytes);
  metrics::log_appended_bytes.with({{"pipeline", config_.name}})
    .Increment(static_cast<double>(bytes.size()));
  (*ledger_)[appended_items] += header.items;
  gathered_.blocks.push_back({position, header, shared_bytes(std::move(body))});
}

void compressor_state::on_timeout() {
  timer_set_ = false;
  flush();
}

void compressor_state::flush() {
  if (commits_in_flight_ == max_commits_in_flight) {
    flush_due_ = true;
    return;
  }
  flush_due_ = false;
  if (!gathered_.any)
    return;
  close_block();
  auto done = std::make_shared<gathering>(std::exchange(gathered_, {}));
  std::sort(done->touched.begin(), done->touched.end());
  done->touched.erase(std::unique(done->touched.begin(), done->touched.end()), done->touched.end());
  if (config_.broken.forget_progress)
    done->touched.clear();
  for (const auto& entry : done->touched)
    done->batch.put_progress(entry, progress_.encode(entry));
  ledger_->write(done->batch);
  auto work = std::make_shared<commit>();
  work->what = std::move(done->batch);
  ++commits_in_flight_;
  self_->request(writer_, caf::infinite, std::move(work))
    .then([this, done](stored_atom) { finish(*done); });
}

void compressor_state::finish(gathering& done) {
  --commits_in_flight_;
  for (auto& block : done.blocks)
    tail_->append(std::move(block));
  for (const auto& [sampler, ticket] : done.tickets)
    self_->send(sampler, durable_atom_v, config_.pipeline, ticket);
  if (flush_due_ || !stopping_.empty())
    flush();
  if (commits_in_flight_ == 0 && !gathered_.any)
    for (auto& promise : std::exchange(stopping_, {}))
      promise.deliver(stopped_atom_v);
}

// On disk stay about as many decisions as memory holds: chunks from before this start go at once when
// the new ones are that many.
void compressor_state::trim_decisions(std::uint64_t chunk, std::size_t decisions) {
  chunks_[chunk] += decisions;
  decisions_written_ += decisions;
  auto below = std::optional<std::uint64_t>();
  while (decisions_written_ > config_.decision_cache && chunks_.size() > 1) {
    decisions_written_ -= chunks_.begin()->second;
    chunks_.erase(chunks_.begin());
    below = chunks_.begin()->first;
  }
  if (below)
    (void)store_->trim_decisions(config_.pipeline, *below);
}

caf::result<stopped_atom> compressor_state::stop() {
  flush();
  if (commits_in_flight_ == 0 && !gathered_.any)
    return stopped_atom_v;
  auto promise = self_->make_response_promise<stopped_atom>();
  stopping_.push_back(promise);
  return promise;
}

compressor_actor::behavior_type compressor(compressor_actor::stateful_pointer<compressor_state> self,
                                           compressor_config config,
                                           std::shared_ptr<storage::store> store,
                                           std::shared_ptr<log_tail> tail, writer_actor writer) {
  end_process_where_it_throws(self);
  self->state.start(self, std::move(config), std::move(store), std::move(tail), std::move(writer));
  return {
    [self](const decided_ptr& what) {
      self->state.stall();
      self->state.take(what);
    },
    [self](const progress_ptr& records) { self->state.load(*records); },
    [self](const cluster::low_water& mark) { self->state.forget(mark); },
    [self](flush_atom) { self->state.on_timeout(); },
    [self](const compressor_change& to) -> caf::result<changed_atom> {
      self->state.change(*to);
      return changed_atom_v;
    },
    [self](stop_atom) { return self->state.stop(); },
  };
}

} // namespace weir::actors
