#include "tests/support/model_disk.hpp"

#include "codec/block.hpp"

#include <algorithm>
#include <cstring>

namespace weir::test {

namespace {

using storage::keys::kind;

tl::unexpected<error> refused() {
  return fail(errc::io, "an error of this test's disk");
}

disk_witness nobody;

void turn_a_bit(shared_bytes& bytes) {
  std::string turned(bytes.view());
  turned.back() = static_cast<char>(turned.back() ^ 1);
  bytes = shared_bytes(std::move(turned));
}

} // namespace

void tables::apply(const storage::operation& record) {
  const std::string value(record.value.view());
  switch (record.kind) {
  case kind::entry:
    entries[record.number] = record.value;
    journal.next = std::max(journal.next, record.number + 1);
    break;
  case kind::erased:
    erased.insert(record.number);
    break;
  case kind::block:
    blocks[{record.pipeline, record.number}] = record.value;
    logs[record.pipeline].next = record.number + 1;
    break;
  case kind::letter:
    letters[{record.pipeline, record.number}] = value;
    letter_logs[record.pipeline].next = record.number + 1;
    break;
  case kind::progress:
    progress[storage::keys::parse(record.key)->id] = value;
    break;
  case kind::settled:
    settled[storage::keys::parse(record.key)->id] = value;
    break;
  case kind::decisions:
    decisions[{record.pipeline, record.number}] = value;
    break;
  case kind::cursor:
    cursors[record.pipeline][std::string(storage::keys::parse(record.key)->text)] =
        storage::decode_cursor(value);
    break;
  default:
    meta[std::string(storage::keys::parse(record.key)->text)] = value;
  }
}

model_disk::model_disk(std::uint64_t seed, disk_witness& witness, node_id node)
    : random_(seed), witness_(witness), node_(node) {
  measure();
}

model_disk::model_disk() : model_disk(1, nobody) {}

bool model_disk::refuses() const {
  const bool this_one = until_refused_ > 0 && --until_refused_ == 0;
  const bool refused = this_one || (refused_ > 0 && random_() % refused_ == 0);
  refused_reads_ += refused ? 1 : 0;
  return refused;
}

void model_disk::damage_entry(journal_position position) {
  for (auto* each : {&durable_, &now_})
    turn_a_bit(each->entries.at(position));
}

void model_disk::damage_block(log_position position) {
  for (auto* each : {&durable_, &now_})
    turn_a_bit(each->blocks.at({1, position}));
}

void model_disk::set_quota(std::uint64_t bytes) {
  quota_ = bytes;
  measure();
}

void model_disk::set_full(bool full) {
  full_ = full;
  measure();
}

void model_disk::commit(const storage::batch& batch, bool sync_now) {
  for (const auto& record : batch.operations())
    now_.apply(record);
  unsynced_.push_back(batch.operations());
  if (sync_now)
    sync();
}

void model_disk::sync() {
  for (const auto& records : std::exchange(unsynced_, {}))
    for (const auto& record : records) {
      durable_.apply(record);
      witness_.became_durable(record);
    }
}

void model_disk::crash() {
  unsynced_.resize(unsynced_.empty() ? 0 : random_() % (unsynced_.size() + 1));
  sync();
  now_ = durable_;
  trimmed_records_.clear();
  trimmed_decisions_.clear();
  spilled_.clear();
  epoch_ += keeps_epoch_ ? 0 : 1;
}

// Heads become durable behind everything before them; only then is anything gone.
void model_disk::maintain() {
  sync();
  if (now_.journal.first > durable_.journal.first) {
    witness_.journal_goes(durable_, now_.journal.first);
    durable_.journal.first = now_.journal.first;
    for (auto* each : {&durable_, &now_}) {
      each->entries.erase(each->entries.begin(), each->entries.lower_bound(durable_.journal.first));
      each->erased.erase(each->erased.begin(), each->erased.lower_bound(durable_.journal.first));
    }
  }
  for (auto& [pipeline, bounds] : durable_.logs) {
    bounds.first = now_.logs[pipeline].first;
    for (auto* each : {&durable_, &now_})
      each->blocks.erase(each->blocks.lower_bound({pipeline, 0}),
                         each->blocks.lower_bound({pipeline, bounds.first}));
  }
  give_letters_back();
  for (const auto& [first, below] : std::exchange(trimmed_records_, {}))
    for (auto* each : {&durable_.progress, &durable_.settled})
      each->erase(each->lower_bound(first), each->lower_bound(below));
  for (const auto& [pipeline, below] : std::exchange(trimmed_decisions_, {}))
    durable_.decisions.erase(durable_.decisions.lower_bound({pipeline, 0}),
                             durable_.decisions.lower_bound({pipeline, below}));
  measure();
}

void model_disk::give_letters_back() {
  for (auto& [pipeline, bounds] : durable_.letter_logs) {
    bounds.first = now_.letter_logs[pipeline].first;
    for (auto* each : {&durable_, &now_})
      each->letters.erase(each->letters.lower_bound({pipeline, 0}),
                          each->letters.lower_bound({pipeline, bounds.first}));
  }
}

// What stands there, trimmed or not: as a store, which frees nothing before it has given it back.
void model_disk::measure() {
  usage_.clear();
  for (const auto& [position, bytes] : now_.entries)
    usage_["journal"] += bytes.size();
  for (const auto& [key, bytes] : now_.blocks)
    usage_["log/traces"] += bytes.size();
  for (const auto& [key, bytes] : now_.letters)
    usage_["dead_letters/traces"] += bytes.size();
  for (const auto& [place, bytes] : spilled_)
    usage_["spill"] += bytes.size();
  room_ = {.limit = quota_, .max_bytes = quota_};
  for (const auto& [part, bytes] : usage_)
    room_.used += bytes;
  if (full_)
    room_.why = storage::refusal::disk;
  const auto wanted = quota_ - quota_ / 8;
  room_.excess = room_.used - std::min(room_.used, wanted);
  if (room_.used < quota_)
    return;
  room_.why = storage::refusal::quota;
  room_.over = room_.used - quota_ + 1;
}

result<std::string> model_disk::read_entry(journal_position position) const {
  if (refuses())
    return refused();
  const auto found = now_.entries.find(position);
  if (found == now_.entries.end() || position < now_.journal.first)
    return fail(errc::not_found, "no entry there");
  return std::string(found->second.view());
}

result<void> model_disk::scan_journal(
    journal_position position,
    const std::function<bool(journal_position, std::string_view)>& each) const {
  for (auto found = now_.entries.lower_bound(std::max(position, now_.journal.first));
       found != now_.entries.end(); ++found) {
    if (refuses())
      return refused();
    if (!now_.erased.contains(found->first) && !each(found->first, found->second.view()))
      break;
  }
  return {};
}

result<void> model_disk::trim_journal(journal_position below) {
  now_.journal.first = std::max(now_.journal.first, below);
  return {};
}

result<void> model_disk::scan_by_entry(
    const records& all, const std::function<bool(const entry_id&, std::string_view)>& each) const {
  for (const auto& [entry, bytes] : all) {
    if (refuses())
      return refused();
    if (!each(entry, bytes))
      break;
  }
  return {};
}

result<void> model_disk::scan_progress(
    const std::function<bool(const entry_id&, std::string_view)>& each) const {
  return scan_by_entry(now_.progress, each);
}

result<void>
model_disk::scan_settled(const std::function<bool(const entry_id&, std::string_view)>& each) const {
  return scan_by_entry(now_.settled, each);
}

result<void> model_disk::trim_progress(node_id node, weir::epoch epoch, sequence below) {
  witness_.progress_goes(durable_, node, epoch, below);
  const auto trim = [&](records& all) {
    all.erase(all.lower_bound({node, epoch, 0}), all.lower_bound({node, epoch, below}));
  };
  trim(now_.progress);
  trim(now_.settled);
  if (random_() % 2 == 0) { // It may be gone at once, or come back after a crash.
    trim(durable_.progress);
    trim(durable_.settled);
  } else {
    trimmed_records_.emplace_back(entry_id{node, epoch, 0}, entry_id{node, epoch, below});
  }
  return {};
}

result<std::vector<std::uint64_t>> model_disk::decision_chunks(pipeline_id pipeline) const {
  if (refuses())
    return refused();
  std::vector<std::uint64_t> chunks;
  for (auto found = now_.decisions.lower_bound({pipeline, 0});
       found != now_.decisions.end() && found->first.first == pipeline; ++found)
    chunks.push_back(found->first.second);
  return chunks;
}

result<std::string> model_disk::read_decisions(pipeline_id pipeline, std::uint64_t chunk) const {
  if (refuses())
    return refused();
  return now_.decisions.at({pipeline, chunk});
}

result<void> model_disk::trim_decisions(pipeline_id pipeline, std::uint64_t below) {
  now_.decisions.erase(now_.decisions.lower_bound({pipeline, 0}),
                       now_.decisions.lower_bound({pipeline, below}));
  trimmed_decisions_.emplace_back(pipeline, below);
  return {};
}

storage::bounds model_disk::log(pipeline_id pipeline) const {
  const auto found = now_.logs.find(pipeline);
  return found == now_.logs.end() ? storage::bounds{} : found->second;
}

result<std::string> model_disk::read_block(pipeline_id pipeline, log_position position) const {
  if (refuses())
    return refused();
  const auto found = now_.blocks.find({pipeline, position});
  if (found == now_.blocks.end() || position < log(pipeline).first)
    return fail(errc::not_found, "no block there");
  return std::string(found->second.view());
}

result<void> model_disk::trim_log(pipeline_id pipeline, log_position below) {
  auto& first = now_.logs[pipeline].first;
  first = std::max(first, below);
  return {};
}

result<log_position> model_disk::find_time(pipeline_id pipeline, unix_ns begin) const {
  const auto held = log(pipeline);
  for (auto position = held.first; position < held.next; ++position)
    if (const auto bytes = now_.blocks.at({pipeline, position});
        codec::read_block(bytes.view())->header.last_time >= begin)
      return position;
  return held.next;
}

result<void> model_disk::scan_times(pipeline_id pipeline, unix_ns begin,
                                    const std::function<bool(unix_ns, log_position)>& each) const {
  if (refuses())
    return refused();
  std::set<std::pair<unix_ns, log_position>> index;
  unix_ns last = 0;
  const auto held = log(pipeline);
  for (auto position = held.first; position < held.next; ++position) {
    const auto block = now_.blocks.find({pipeline, position});
    if (block == now_.blocks.end())
      continue;
    // As the header has it, whether or not the block is sound.
    const auto bytes = block->second.view();
    unix_ns time = 0;
    std::memcpy(&time, bytes.data() + 40, sizeof time);
    last = time < last && last - time <= storage::index_slack ? last : time;
    index.emplace(last, position);
  }
  for (auto found = index.lower_bound({begin, 0}); found != index.end(); ++found)
    if (!each(found->first, found->second))
      break;
  return {};
}

std::vector<storage::segment> model_disk::log_segments(pipeline_id pipeline) const {
  std::vector<storage::segment> segments;
  const auto held = log(pipeline);
  for (auto position = held.first; position < held.next; ++position)
    segments.push_back(
        {position, position + 1, now_.blocks.at({pipeline, position}).size(), position + 1, false});
  return segments;
}

// Refused at a start, a node says so and is started again: the world does not go there.
result<std::map<std::string, log_place>> model_disk::cursors(pipeline_id pipeline) const {
  if (meta_refused_)
    return refused();
  const auto found = now_.cursors.find(pipeline);
  return found == now_.cursors.end() ? std::map<std::string, log_place>() : found->second;
}

storage::bounds model_disk::dead_letters(pipeline_id pipeline) const {
  const auto found = now_.letter_logs.find(pipeline);
  return found == now_.letter_logs.end() ? storage::bounds{} : found->second;
}

result<std::string> model_disk::read_dead_letter(pipeline_id pipeline,
                                                 log_position position) const {
  if (refuses())
    return refused();
  if (lost_letters_.contains(position))
    return fail(errc::corrupt, "damage on this test's disk");
  const auto found = now_.letters.find({pipeline, position});
  if (found == now_.letters.end())
    return fail(errc::not_found, "no letter there");
  return found->second;
}

result<void> model_disk::trim_dead_letters(pipeline_id pipeline, log_position below) {
  auto& first = now_.letter_logs[pipeline].first;
  first = std::max(first, below);
  return {};
}

std::vector<storage::segment> model_disk::dead_letter_segments(pipeline_id pipeline) const {
  std::vector<storage::segment> segments;
  const auto held = dead_letters(pipeline);
  for (auto position = held.first; position < held.next; ++position)
    segments.push_back({position, position + 1, now_.letters.at({pipeline, position}).size(),
                        position + 1, false});
  return segments;
}

result<std::uint64_t> model_disk::spill(std::string_view bytes) {
  auto held = bytes.size();
  for (const auto& [place, each] : spilled_)
    held += each.size();
  if (held > max_spill_ || !accepts_data())
    return fail(errc::full, "no room to spill on this test's disk");
  spilled_.emplace(next_spilled_, bytes);
  return next_spilled_++;
}

result<std::string> model_disk::read_spilled(std::uint64_t place) const {
  if (refuses())
    return refused();
  const auto found = spilled_.find(place);
  if (found == spilled_.end())
    return fail(errc::not_found, "nothing is spilled there");
  return found->second;
}

result<std::optional<std::string>> model_disk::meta(std::string_view key) const {
  if (meta_refused_)
    return refused();
  const auto found = now_.meta.find(std::string(key));
  if (found == now_.meta.end())
    return std::optional<std::string>();
  return std::optional(found->second);
}

} // namespace weir::test
