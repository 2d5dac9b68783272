// How an exporter's requests are made: blocks read and unpacked, cut, put together, sent.
#include "stages/exporter.hpp"

#include "backends/carried_items.hpp"
#include "backends/envelope.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::stages {

namespace {

// Blocks held unpacked while requests are cut from them, and their bytes: what is read ahead, of what
// waits and of what is live.
constexpr std::size_t max_loaded = 8;
constexpr std::size_t max_loaded_bytes = 12 << 20;

// Runs of items of one client that one request is taken apart into; it is halved before.
constexpr std::size_t max_runs = 1024;

// Whether all of a block's items that are in the set lie behind each other.
bool is_whole(const std::vector<backends::item_range>& ranges) {
  for (std::size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].position == ranges[i - 1].position && ranges[i].first != ranges[i - 1].last)
      return false;
  return true;
}

} // namespace

result<log_block> exporter::load(log_position position) {
  if (auto held = tail_->find(position))
    return *std::move(held);
  const auto known = std::find_if(loaded_.begin(), loaded_.end(),
                                  [position](const auto& b) { return b.position == position; });
  if (known != loaded_.end())
    return *known;
  const auto bytes = disk_->read_block(plan_.pipeline, position);
  if (!bytes)
    return tl::unexpected(bytes.error());
  const auto view = codec::read_block(*bytes);
  if (!view)
    return tl::unexpected(view.error());
  std::string body;
  if (auto done =
          packer_.unpack(view->header.codec, view->payload, view->header.unpacked_bytes, body);
      !done)
    return tl::unexpected(done.error());
  keep_loaded({position, view->header, shared_bytes(std::move(body))});
  return loaded_.back();
}

void exporter::keep_loaded(const log_block& block) {
  loaded_bytes_ += block.body.size();
  loaded_.push_back(block);
  while (loaded_.size() > max_loaded || (loaded_bytes_ > max_loaded_bytes && loaded_.size() > 1)) {
    loaded_bytes_ -= loaded_.front().body.size();
    loaded_.pop_front();
  }
}

void exporter::skip_damaged(log_position position, const error& why) {
  metrics::log_damaged_blocks.with({{"pipeline", plan_.pipeline_name}}).Increment();
  (*ledger_)[damage_open] = 1; // Written with the cursor that moves over it.
  log::error(
      {{"exporter", plan_.config.id}, {"pipeline", plan_.pipeline_name}, {"block", position}},
      "block {} of pipeline {} is damaged, set aside and skipped by exporter {}: {}", position,
      plan_.pipeline_name, plan_.config.id, why.message);
  if (const auto bytes = disk_->read_block(plan_.pipeline, position))
    disk_->set_aside("log", position, *bytes);
}

void exporter::send(const backends::planned_request& planned) {
  auto message = build(planned);
  in_flight_->Set(static_cast<double>(delivery_->in_flight()));
  if (!message)
    return on_unreadable(planned, message.error());
  std::string bare;
  auto carried = backends::take_carried_of_items(plan_.signal, message->view(), bare);
  if (planned.items > 1 && sends_on_ && carried.mixed)
    return separate(planned, message->view());
  if (carried.any)
    *message = shared_bytes(std::move(bare));
  const auto least = backends::least_item_bytes(plan_.signal, message->view());
  using advice = backends::delivery::advice;
  switch (delivery_->measured(planned.id, message->size(), least)) {
  case advice::send:
    break;
  case advice::halve:
    return delivery_->split(planned.id, now_.steady);
  case advice::give_up:
    return delivery_->give_up(planned.id,
                              fmt::format("a request with one item takes at least {} bytes with "
                                          "what stands around it, and was too large alone",
                                          least),
                              now_.steady);
  }
  ports_.send(planned.id,
              {plan_.signal, std::move(*message), planned.items, std::move(carried.values)});
}

void exporter::on_unreadable(const backends::planned_request& planned, const error& why) {
  using kind = backends::outcome::kind;
  const bool damaged = !is_passing(why) && why.code != errc::not_found;
  if (damaged && planned.ranges.size() > 1) // What is sound beside it is delivered.
    return delivery_->split(planned.id, now_.steady);
  const auto outcome = damaged ? kind::refused : kind::retry;
  ports_.send_report({planned.id, {outcome, 0, std::nullopt, why.message}});
}

// The items of each client go in a request of their own.
void exporter::separate(const backends::planned_request& planned, std::string_view message) {
  const auto groups = backends::group_by_client(plan_.signal, message);
  auto sets = sets_of(groups, is_whole(planned.ranges));
  std::size_t runs = 0;
  std::uint64_t items = 0;
  for (const auto& set : sets) {
    runs += set.ranges.size();
    items += set.items;
  }
  if (items != planned.items || runs > max_runs)
    return delivery_->split(planned.id, now_.steady);
  delivery_->regroup(planned.id, std::move(sets), now_.steady);
}

// Where in the log the items of the groups are. @pre the message was built last
std::vector<backends::item_set> exporter::sets_of(const std::vector<backends::client_group>& groups,
                                                  bool named) {
  const auto order = places_of_parts();
  std::vector<backends::item_set> sets;
  for (const auto& group : groups) {
    std::vector<log_place> items;
    for (const auto& [first, last] : group.runs)
      for (auto i = first; i < last && i < order.size(); ++i)
        items.push_back(order[i]);
    std::sort(items.begin(), items.end());
    sets.push_back({.ranges = backends::ranges_of(items),
                    .items = items.size(),
                    .group = named ? group.name : std::string()});
  }
  return sets;
}

result<shared_bytes> exporter::build(const backends::item_set& items) {
  if (items.copy != 0)
    return read_aside(items.copy);
  auto message = gather(items);
  if (!message || items.group.empty())
    return message;
  std::string own;
  if (backends::append_group(plan_.signal, message->view(), items.group, own) != items.items)
    return fail(errc::corrupt, "the blocks have other items of this client than before");
  return shared_bytes(std::move(own));
}

// Of a group, what lies between the ends of its ranges in each block is built, and what is not of
// it left out: in one go, however many ranges there are.
result<shared_bytes> exporter::gather(const backends::item_set& items) {
  parts_.clear();
  part_positions_.clear();
  for (const auto& range : items.ranges) {
    if (!items.group.empty() && !parts_.empty() && part_positions_.back() == range.position) {
      parts_.back().last = range.last;
      continue;
    }
    const auto block = load(range.position);
    if (!block)
      return tl::unexpected(block.error());
    parts_.push_back(
        {block->header.layout, block->body, block->header.items, range.first, range.last});
    part_positions_.push_back(range.position);
  }
  return builder_->build(parts_);
}

} // namespace weir::stages
