#include "stages/compressor.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"
#include "sampling/decision_cache.hpp"
#include "sampling/decision_chunk.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

constexpr unsigned max_commits_in_flight = 4;

// Measured on blocks of 1 MiB (benchmarks/codec): level 3 costs 36 % more CPU for 2 % fewer bytes.
constexpr int block_level = 1;

// A chunk of decisions that is smaller than this is written again with what comes next, so that at
// low traffic there are not as many as there are traces.
constexpr std::size_t small_chunk = 4 << 10;

// Decisions of another node that wait for no company on their way to the disk: there are more to
// come, and decisions here wait for the last of them.
constexpr std::size_t large_hand_over = 16 << 10;

} // namespace

compressor::compressor(compressor_config config, std::shared_ptr<storage::disk> disk,
                       std::shared_ptr<log_tail> tail, compressor_ports& ports)
    : config_(std::move(config)), disk_(std::move(disk)), tail_(std::move(tail)), ports_(ports),
      ledger_(*disk_, ledger_key(config_.name, "log"), log_counts),
      next_block_(disk_->log(config_.pipeline).next),
      copies_(config_.name, disk_->node(), disk_->epoch(), config_.shards, ports_) {
  change(config_);
}

void compressor::change(const compressor_config& wanted) {
  config_.edits = wanted.edits;
  editor_.reset();
  if (config_.edits)
    editor_.emplace(config_.edits, config_.edit_time);
}

void compressor::load(const recovered_progress& records) {
  for (const auto& [entry, bytes] : records.records)
    (void)progress_.load(entry, bytes); // The origin has read it before.
}

void compressor::forget(const cluster::low_water& mark) {
  progress_.forget(mark.node, mark.epoch, mark.below);
}

void compressor::take(decided& message, moment now) {
  count(message);
  settle(message);
  for (std::size_t next = 0; next < message.kept.spans();) {
    note_times(message.kept);
    next = append(message.kept, next, now);
    if (builder_.full(config_.max_block_bytes))
      close_block();
  }
  if (!message.decisions.empty())
    remember(message);
  if (!config_.broken.keep_copies)
    gathered_.copied.append(copies_.gather(message));
  gathered_.tickets.emplace_back(message.shard, message.ticket);
  gathered_.taken_over.insert(gathered_.taken_over.end(), message.taken_over.begin(),
                              message.taken_over.end());
  gathered_.any = true;
  const bool is_large = !message.taken_over.empty() && message.decisions.size() >= large_hand_over;
  if (!gathered_.blocks.empty() || is_large)
    flush();
  else
    flush_soon();
}

void compressor::flush_soon() {
  if (std::exchange(timer_set_, true))
    return;
  ports_.time_out_after(config_.timeout / std::chrono::nanoseconds(1));
}

void compressor::note_times(const sampling::kept_spans& kept) {
  first_received_ = first_received_ == 0 ? kept.first_received()
                                         : std::min(first_received_, kept.first_received());
  last_received_ = std::max(last_received_, kept.last_received());
}

std::size_t compressor::append(const sampling::kept_spans& kept, std::size_t first, moment now) {
  if (!editor_)
    return kept.append_to(builder_, first, config_.max_block_bytes);
  const auto next =
      editor_->append_to(kept, builder_, first, config_.max_block_bytes, now.wall, [&] {
        close_block();
        note_times(kept);
      });
  ledger_[removed_items] += editor_->removed();
  return next;
}

void compressor::settle(decided& message) {
  std::vector<bool> settled; // Empty: none was before.
  for (std::size_t i = 0; i < message.slots.size(); ++i) {
    const auto& [entry, slot, trace, spans] = message.slots[i];
    const auto& touched = message.entries[entry];
    if (progress_.settle(touched.id, touched.slots, slot, message.traces[trace].verdict.keep))
      continue;
    settled.resize(message.slots.size());
    settled[i] = true;
  }
  if (!settled.empty())
    leave_out(message, settled);
  for (const auto& entry : message.entries)
    gathered_.touched.push_back(entry.id);
}

// Slots that came again, of an entry that was sent again: their spans are in the log, or dropped,
// and in the ledger.
void compressor::leave_out(decided& message, const std::vector<bool>& settled) {
  metrics::duplicate_slots.with({{"pipeline", config_.name}})
      .Increment(static_cast<double>(std::count(settled.begin(), settled.end(), true)));
  ledger_[kept_items] -= message.kept.leave_out(settled);
  for (std::size_t i = 0; i < settled.size(); ++i)
    if (const auto& each = message.slots[i]; settled[i] && !message.traces[each.trace].verdict.keep)
      ledger_[dropped_items] -= each.spans;
}

void compressor::count(const decided& message) {
  for (const auto& trace : message.traces)
    ledger_[trace.verdict.keep ? kept_items : dropped_items] += trace.spans;
}

void compressor::remember(const decided& message) {
  if (open_decisions_.empty() || open_decisions_.size() + message.decisions.size() > small_chunk
      || !sampling::append_chunk(open_decisions_, message.decisions)) {
    open_chunk_ = message.chunk;
    open_decisions_ = message.decisions;
  }
  gathered_.batch.put_decisions(config_.pipeline, open_chunk_, open_decisions_);
  trim_decisions(open_chunk_,
                 std::max(message.traces.size(), sampling::decisions_in(message.decisions)));
}

void compressor::close_block() {
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
  ledger_[appended_items] += header.items;
  gathered_.blocks.push_back({position, header, shared_bytes(std::move(body))});
}

void compressor::on_timeout() {
  timer_set_ = false;
  flush();
}

void compressor::flush() {
  if (in_flight_.size() == max_commits_in_flight) {
    flush_due_ = true;
    return;
  }
  flush_due_ = false;
  if (!gathered_.any)
    return;
  close_block();
  auto done = std::exchange(gathered_, {});
  std::sort(done.touched.begin(), done.touched.end());
  done.touched.erase(std::unique(done.touched.begin(), done.touched.end()), done.touched.end());
  if (config_.broken.forget_progress)
    done.touched.clear();
  for (const auto& entry : done.touched)
    if (const auto record = progress_.encode(entry); !record.empty()) // Not forgotten meanwhile.
      done.batch.put_progress(entry, record);
  done.copied.take_records(progress_);
  if (done.ring)
    done.handed_over = progress_to_hand_over();
  ledger_.write(done.batch);
  auto work = std::make_shared<commit>();
  work->batch = std::move(done.batch);
  if (config_.broken.report_before_sync)
    report(done);
  in_flight_.push_back(std::move(done));
  ports_.write(work);
}

void compressor::written(moment now) {
  auto done = std::move(in_flight_.front());
  in_flight_.pop_front();
  send_copies(done, now);
  if (!config_.broken.report_before_sync)
    report(done);
  answer_others(done);
  forget_absent(now);
  if (done.ring)
    copies_.begin(done.ring, done.handed_over);
  if (flush_due_ || stopping_)
    flush();
}

void compressor::report(const unwritten& done) {
  for (const auto& [shard, ticket] : done.tickets)
    ports_.send_durable(shard, config_.pipeline, ticket);
}

void compressor::stop() {
  stopping_ = true;
  flush();
}

// On disk stay about as many decisions as memory holds: chunks from before this start go at once
// when the new ones are that many.
void compressor::trim_decisions(std::uint64_t chunk, std::size_t decisions) {
  chunks_[chunk] += decisions;
  decisions_written_ += decisions;
  auto below = std::optional<std::uint64_t>();
  while (decisions_written_ > config_.decision_cache && chunks_.size() > 1) {
    decisions_written_ -= chunks_.begin()->second;
    chunks_.erase(chunks_.begin());
    below = chunks_.begin()->first;
  }
  if (below)
    (void)disk_->trim_decisions(config_.pipeline, *below);
}

} // namespace weir::stages
