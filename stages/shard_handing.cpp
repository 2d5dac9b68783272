// The shard's far end: what is decided, on its way to the disk; reading spans again where they are
// not in memory any more.
#include "stages/shard.hpp"

#include "codec/entry.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"
#include "core/passing.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

// Between attempts to read what the system refused.
constexpr steady_ns read_again_pause = second_ns;

// How much may wait for entries that cannot be read before nothing more is decided.
constexpr std::size_t most_waiting = 64;
constexpr std::uint64_t most_waiting_bytes = 4 << 20;

// How long decisions wait for entries that new policies could not see.
constexpr steady_ns unseen_patience = 30 * second_ns;

template <class T>
std::uint64_t memory_of(const std::vector<T>& items) {
  return items.size() * sizeof(T);
}

std::uint64_t memory_of(const decided& message) {
  return message.kept.bytes() + memory_of(message.traces) + memory_of(message.entries)
         + memory_of(message.slots) + message.decisions.size() + sizeof(message);
}

std::uint64_t memory_of(const sampling::decided_batch& batch) {
  return memory_of(batch.traces) + memory_of(batch.refs);
}

void add(sampling::decided_trace trace, const sampling::slot_ref* refs,
         sampling::decided_batch& batch) {
  trace.first_ref = static_cast<std::uint32_t>(batch.refs.size());
  batch.refs.insert(batch.refs.end(), refs, refs + trace.refs);
  batch.traces.push_back(trace);
}

} // namespace

bool shard::lane::held_up() const noexcept {
  return !unseen.empty() || waiting.size() >= most_waiting || waiting_bytes >= most_waiting_bytes;
}

// What needs an entry that cannot be read at the moment waits; the rest does not wait for it.
void shard::hand_on(lane& lane, const sampling::decided_batch& batch) {
  const auto* left = &batch;
  sampling::decided_batch others;
  for (;;) {
    const auto first = lane.held_up() && !lane.waiting.empty() ? 0 : hand_on_readable(lane, *left);
    if (first == left->traces.size())
      return;
    const bool all = lane.held_up();
    sampling::decided_batch stuck, next;
    for (auto i = first; i < left->traces.size(); ++i) {
      const auto& trace = left->traces[i];
      const auto* refs = left->refs.data() + trace.first_ref;
      const bool waits =
          all || (trace.verdict.keep && std::any_of(refs, refs + trace.refs, [&](const auto& ref) {
                    return ref.entry == last_read_;
                  }));
      add(trace, refs, waits ? stuck : next);
    }
    set_waiting(lane, std::move(stuck));
    others = std::move(next);
    left = &others;
  }
}

void shard::set_waiting(lane& lane, sampling::decided_batch batch) {
  const auto bytes = memory_of(batch);
  lane.waiting.push_back(std::move(batch));
  lane.waiting_bytes += bytes;
  lane.bytes_in_flight += bytes;
  lane.gauges.in_flight(lane.bytes_in_flight);
}

// In pieces of bounded size; each comes back as durable by its ticket. Returns the first trace that
// is not sent: of the next ones one needs the entry read last, which cannot be read at the moment.
std::size_t shard::hand_on_readable(lane& lane, const sampling::decided_batch& batch) {
  const auto read = [&](sampling::entry_number number) { return unpack(lane, number); };
  std::size_t first = 0;
  while (first < batch.traces.size()) {
    auto message = std::make_shared<decided>();
    const auto next = lane.assembler.collect(batch, first, read, message->kept);
    if (!next) {
      wait_for_disk(lane, next.error());
      return first;
    }
    send(lane, batch, first, *next, std::move(message));
    first = *next;
  }
  return first;
}

void shard::send(lane& lane, const sampling::decided_batch& batch, std::size_t first,
                 std::size_t next, std::shared_ptr<decided> message) {
  flight flight;
  for (auto i = first; i < next; ++i)
    add(batch.traces[i], batch.refs.data() + batch.traces[i].first_ref, flight.batch);
  if (!message->kept.unreadable().empty())
    lane.gauges.damaged(message->kept.unreadable().size());
  message->pipeline = lane.info.id;
  message->shard = config_.index;
  message->ticket = next_ticket_++;
  message->traces = flight.batch.traces;
  message->taken_over = std::exchange(lane.taken_over, {});
  list_slots(lane, flight.batch, *message);
  if (lane.cache->has_news()) {
    message->chunk = lane.info.next_chunk->fetch_add(1);
    lane.cache->write_chunk(message->chunk, message->decisions);
  }
  flight.bytes = memory_of(*message) + memory_of(flight.batch);
  lane.bytes_in_flight += flight.bytes;
  lane.gauges.in_flight(lane.bytes_in_flight);
  lane.in_flight.emplace(message->ticket, std::move(flight));
  ports_.send_decided(lane.info.compressor, message);
}

void shard::list_slots(lane& lane, const sampling::decided_batch& batch, decided& out) {
  std::unordered_map<sampling::entry_number, std::uint32_t> numbers;
  out.slots.reserve(batch.refs.size());
  for (std::uint32_t t = 0; t < batch.traces.size(); ++t) {
    for (std::uint32_t r = 0; r < batch.traces[t].refs; ++r) {
      const auto& ref = batch.refs[batch.traces[t].first_ref + r];
      const auto [it, added] =
          numbers.try_emplace(ref.entry, static_cast<std::uint32_t>(out.entries.size()));
      if (added) {
        const auto& entry = lane.window->entry(ref.entry);
        out.entries.push_back({entry.id, entry.slots});
      }
      out.slots.push_back({it->second, ref.slot, t, ref.spans});
    }
  }
}

void shard::durable(pipeline_id pipeline, std::uint64_t ticket, moment now) {
  now_ = now;
  const auto lane = std::find_if(lanes_.begin(), lanes_.end(), [&](const auto& each) {
    return each.info.id == pipeline && each.in_flight.contains(ticket);
  });
  if (lane == lanes_.end())
    return;
  const auto it = lane->in_flight.find(ticket);
  report(*lane, it->second.batch);
  lane->window->release(it->second.batch);
  lane->bytes_in_flight -= it->second.bytes;
  lane->gauges.in_flight(lane->bytes_in_flight);
  lane->in_flight.erase(it);
  if (lane->leaving && lane->in_flight.empty())
    lanes_.erase(lane);
  else if (lane->window->pressed())
    decide(*lane);
  give_credit();
}

// To each origin the slots of its entries.
void shard::report(const lane& lane, const sampling::decided_batch& batch) {
  std::unordered_map<sampling::entry_number, std::size_t> numbers;
  std::map<node_id, std::shared_ptr<settled_report>> reports;
  for (const auto& ref : batch.refs) {
    const auto& id = lane.window->entry(ref.entry).id;
    auto& to_origin = reports[id.node];
    if (!to_origin)
      to_origin = std::make_shared<settled_report>();
    const auto [found, added] = numbers.try_emplace(ref.entry, to_origin->entries.size());
    if (added)
      to_origin->entries.push_back({id, {}});
    to_origin->entries[found->second].slots.push_back(ref.slot);
  }
  for (const auto& [origin, message] : reports)
    ports_.send_settled(origin, message);
}

// -- reading again --

result<sampling::unpacked_entry> shard::unpack(lane& lane, sampling::entry_number number) {
  last_read_ = number;
  const auto& entry = lane.window->entry(number);
  auto packed = entry.packed.view();
  std::string bytes;
  if (packed.empty()) {
    auto read =
        entry.spilled != 0 ? disk_->read_spilled(entry.spilled) : disk_->read_entry(entry.position);
    if (!read)
      return tl::unexpected(read.error());
    bytes = *std::move(read);
    const auto view = codec::read_entry(bytes);
    if (!view)
      return tl::unexpected(view.error());
    packed = view->payload;
    lane.gauges.read_back(bytes.size());
  }
  if (auto done = packer_.unpack(entry.codec, packed, entry.unpacked_bytes, unpacked_); !done)
    return tl::unexpected(done.error());
  return sampling::unpacked_entry{unpacked_, entry.first_received, entry.last_received};
}

// For new policies. What cannot be read at the moment is noted; what never can counts for nothing.
result<void> shard::scan(lane& lane, sampling::entry_number number, std::string_view& bytes,
                         otlp::span_index& index) {
  auto entry = unpack(lane, number);
  if (entry && otlp::index_traces(entry->bytes, 0, index)) {
    bytes = entry->bytes;
    return {};
  }
  auto why = entry ? error{errc::corrupt, "its spans do not hold together"} : entry.error();
  if (is_passing(why)) {
    if (lane.unseen.empty())
      lane.unseen_since = now_.steady;
    lane.unseen.push_back(lane.window->entry(number).id);
    wait_for_disk(lane, why);
  } else {
    log::error({{"pipeline", lane.info.name}},
               "an entry of pipeline {} could not be read again for the new policies: {}",
               lane.info.name, why.message);
  }
  return tl::unexpected(std::move(why));
}

void shard::wait_for_disk(lane& lane, const error& why) {
  lane.try_again_at = now_.steady + read_again_pause;
  metrics::sampler_reads_retried.with({{"pipeline", lane.info.name}}).Increment();
  if (log::permit("sampler-unreadable"))
    log::error({{"pipeline", lane.info.name}},
               "spans of pipeline {} cannot be read at the moment, it is tried again: {}",
               lane.info.name, why.message);
}

void shard::read_again(lane& lane) {
  if ((lane.waiting.empty() && lane.unseen.empty()) || now_.steady < lane.try_again_at)
    return;
  const auto since = lane.unseen_since;
  for (const auto& id : std::exchange(lane.unseen, {}))
    lane.window->scan_again(
        id, [&](sampling::entry_number number, std::string_view& bytes, otlp::span_index& index) {
          return scan(lane, number, bytes, index);
        });
  if (!lane.unseen.empty() && now_.steady - since >= unseen_patience) {
    log::error(
        {{"pipeline", lane.info.name}, {"entries", lane.unseen.size()}},
        "{} entries of pipeline {} cannot be read: they count for nothing in what new policies "
        "decide",
        lane.unseen.size(), lane.info.name);
    lane.unseen.clear();
  }
  lane.unseen_since = since;
  lane.bytes_in_flight -= std::exchange(lane.waiting_bytes, 0);
  for (const auto& batch : std::exchange(lane.waiting, {}))
    hand_on(lane, batch);
  lane.gauges.in_flight(lane.bytes_in_flight);
}

} // namespace weir::stages
