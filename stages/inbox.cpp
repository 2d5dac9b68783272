#include "stages/inbox.hpp"

#include "codec/entry.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::stages {

namespace {

// Unpacked bytes, an eighth of what a link may have on its way: a message for each entry would cost as
// much as the entry's own.
constexpr std::uint64_t credit_step = 1 << 20;

} // namespace

void inbox::take(node_id origin, const cluster::sent_entry& message, moment now) {
  auto entry = unpack(origin, message, now);
  if (!entry)
    return;
  static auto& received = metrics::cluster_received_entries.with();
  received.Increment();
  const auto known = config_.pipelines.find(message.pipeline);
  const bool is_here = known != config_.pipelines.end() && config_.shards > 0;
  if (!is_here || !make_room(*entry, message.entry.view())) {
    give_credit(origin, entry->unpacked.size());
    return turn_away(origin, *entry);
  }
  entry->header.pipeline = known->second;
  for (std::size_t shard = 0; shard < config_.shards; ++shard)
    ports_.send_entry(shard, entry);
}

bool inbox::make_room(durable_entry& entry, std::string_view bytes) {
  if (memory_->take(entry.packed.size())) {
    entry.foreign = std::make_shared<const foreign_bytes>(memory_, entry.packed.size());
    return true;
  }
  const auto place = disk_->spill(bytes);
  if (place)
    entry.foreign = std::make_shared<const foreign_bytes>(disk_, *place);
  else if (log::permit("spill"))
    log::warn("entries of other nodes wait there, as there is no room for them: {}",
              place.error().message);
  return place.has_value();
}

// Its pipeline is not here: it comes, or is gone, with a reload. Or there is no room.
void inbox::turn_away(node_id origin, const durable_entry& entry) {
  cluster::wrong_owner answer;
  auto& refused = answer.entries.emplace_back();
  refused.entry = entry.header.id;
  for (slot s = 0; s < entry.header.slots; ++s)
    if (!entry.settled.contains(s))
      refused.slots.push_back(s);
  metrics::cluster_turned_away_slots.with().Increment(static_cast<double>(refused.slots.size()));
  ports_.answer(origin, std::move(answer));
}

// Null: it is none, and the link is closed.
std::shared_ptr<durable_entry> inbox::unpack(node_id origin, const cluster::sent_entry& message,
                                             moment now) {
  const auto refuse = [&](const std::string& why) {
    ports_.close(origin, fmt::format("an entry that cannot be: {}", why));
    return nullptr;
  };
  const auto view = codec::read_entry(message.entry.view());
  if (!view)
    return refuse(view.error().message);
  const auto& header = view->header;
  if (header.id.node != origin)
    return refuse("it is another node's");
  auto entry = std::make_shared<durable_entry>();
  const auto done =
      packer_.unpack(header.codec, view->payload, header.unpacked_bytes, entry->unpacked);
  if (!done)
    return refuse(done.error().message);
  if (!otlp::index_traces(entry->unpacked, 0, entry->index)
      || entry->index.traces.size() != header.slots
      || (message.left_alone.slots() != 0 && message.left_alone.slots() != header.slots))
    return refuse("its spans do not hold together");
  entry->header = header;
  entry->received = std::min(message.received, now.steady);
  entry->packed = shared_bytes(std::string(view->payload));
  entry->settled =
      message.left_alone.slots() == 0 ? cluster::slot_set(header.slots) : message.left_alone;
  entry->insists = message.insists;
  return entry;
}

void inbox::take(node_id origin, const cluster::sent_until& message, moment now) {
  for (std::size_t shard = 0; shard < config_.shards; ++shard)
    ports_.send_sent_until(shard, origin, std::min(message.moment, now.steady), message.ring);
  give_back(origin);
}

void inbox::take(node_id origin, const cluster::forgotten& message) {
  const cluster::low_water mark{origin, message.epoch, message.below};
  (void)disk_->trim_progress(mark.node, mark.epoch, mark.below);
  ports_.send_low_water(mark);
}

// Of a pipeline that is not here nobody has to know.
void inbox::take(node_id source, cluster::handed_over message) {
  const auto known = config_.pipelines.find(message.pipeline);
  if (known == config_.pipelines.end())
    return taken_over({source, message.ticket});
  auto taken = std::make_shared<stages::taken_over>();
  taken->source = source;
  taken->pipeline = known->second;
  taken->message = std::move(message);
  ports_.send_taken_over(taken);
}

void inbox::taken_over(const handed_ticket& handed) {
  ports_.answer(handed.source, cluster::handed_taken{handed.ticket});
}

void inbox::taken(node_id origin, std::uint64_t bytes) {
  auto& sum = credit_[origin];
  sum += bytes;
  if (sum >= credit_step * config_.shards)
    give_back(origin);
}

// Each shard has looked at each entry.
void inbox::give_back(node_id origin) {
  const auto found = credit_.find(origin);
  const auto shards = std::max<std::size_t>(config_.shards, 1);
  const auto whole = found == credit_.end() ? 0 : found->second / shards;
  if (whole == 0)
    return;
  found->second -= whole * shards;
  give_credit(origin, whole);
}

void inbox::give_credit(node_id origin, std::uint64_t bytes) {
  ports_.answer(origin, cluster::taken{bytes});
}

void inbox::settled(node_id origin, const settled_report& report) {
  ports_.answer(origin, cluster::settled_slots{report.entries});
}

} // namespace weir::stages
