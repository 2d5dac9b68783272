// Hands on dead letters.
#include "actors/node_impl.hpp"
#include "core/metrics.hpp"
#include "stages/exporter_records.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::actors {

// Calls `visit(position, letter, bytes)` until it returns false; of what cannot be read `letter` is
// null. @returns how many positions were not looked at
template <class Visit>
result<std::uint64_t> node::impl::each_letter(std::size_t pipeline, const exporter_filter& which,
                                              log_position first, const Visit& visit) const {
  const auto id = ids[pipeline];
  const auto held = store->dead_letters(id);
  const auto& box = *letters.at(id);
  for (auto position = std::max(first, held.first); position < held.next; ++position) {
    if (box.is_gone(position))
      continue;
    const auto bytes = store->read_dead_letter(id, position);
    if (!bytes && bytes.error().code == errc::io)
      return tl::unexpected(bytes.error());
    auto letter = bytes ? codec::read_dead_letter(*bytes) : tl::unexpected(bytes.error());
    if (letter && !which.takes(plan.pipelines[pipeline].name, letter->exporter))
      continue;
    if (!visit(position, letter ? &*letter : nullptr))
      return held.next - position - 1;
  }
  return 0;
}

result<letter_list> node::dead_letters(const exporter_filter& which, log_position first,
                                       std::size_t most) const {
  const auto& parts = *impl_;
  const std::lock_guard guard(parts.hands_mutex);
  letter_list list;
  for (std::size_t p = 0; p < parts.plan.pipelines.size(); ++p) {
    const auto& name = parts.plan.pipelines[p].name;
    if (!which.pipeline.empty() && which.pipeline != name)
      continue;
    const auto more = parts.each_letter(
        p, which, first, [&](log_position position, codec::dead_letter_record* letter) {
          if (letter == nullptr) {
            ++list.unreadable;
            return true;
          }
          letter_view view{name, position, {}, letter->message.size()};
          letter->message.clear();
          view.letter = std::move(*letter);
          list.letters.push_back(std::move(view));
          return list.letters.size() < most;
        });
    if (!more)
      return tl::unexpected(more.error());
    list.more += *more;
    if (list.letters.size() >= most)
      break;
  }
  return list;
}

result<codec::dead_letter_record> node::dead_letter(const std::string& pipeline,
                                                    log_position position) const {
  const auto& parts = *impl_;
  const std::lock_guard guard(parts.hands_mutex);
  for (std::size_t p = 0; p < parts.plan.pipelines.size(); ++p) {
    const auto id = parts.ids[p];
    if (parts.plan.pipelines[p].name != pipeline || parts.letters.at(id)->is_gone(position))
      continue;
    const auto bytes = parts.store->read_dead_letter(id, position);
    if (!bytes)
      return tl::unexpected(bytes.error());
    return codec::read_dead_letter(*bytes);
  }
  return fail(errc::not_found, fmt::format("no dead letter {} of pipeline {}", position, pipeline));
}

result<std::uint64_t> node::send_dead_letters(const exporter_filter& which,
                                              const std::string& target) {
  auto& parts = *impl_;
  const std::lock_guard guard(parts.hands_mutex);
  std::uint64_t count = 0;
  bool any = false;
  for (std::size_t p = 0; p < parts.plan.pipelines.size(); ++p) {
    const auto& name = parts.plan.pipelines[p].name;
    const auto held = parts.store->dead_letters(parts.ids[p]);
    if (!which.pipeline.empty() && which.pipeline != name)
      continue;
    for (const auto& [key, running] : parts.exporters) {
      const auto& id = key.second;
      const bool chosen = target.empty() ? which.takes(name, id) : target == id;
      if (key.first != parts.ids[p] || !chosen)
        continue;
      any = true;
      const auto known = parts.store->meta(stages::letter_order_key(name, id));
      if (!known)
        return tl::unexpected(known.error());
      if (const auto order = stages::read_letter_order(known->value_or(""));
          order.next < order.below)
        return fail(errc::unavailable,
                    fmt::format("exporter {} of pipeline {} is sending dead letters, {} are not "
                                "looked at yet",
                                id, name, order.below - order.next));
      const auto source = target.empty() ? id : which.exporter;
      const auto left = parts.each_letter(p, {name, source}, 0, [&](auto, auto* letter) {
        count += letter != nullptr ? 1 : 0;
        return true;
      });
      if (!left)
        return tl::unexpected(left.error());
      stages::exporter_order order{stages::exporter_order::kind::send_letters,
                                   {source, held.first, held.next}};
      if (auto done = parts.obey(running.actor, std::move(order)); !done)
        return tl::unexpected(done.error());
    }
  }
  if (!any)
    return fail(errc::not_found,
                fmt::format("no exporter {} runs", target.empty() ? which.exporter : target));
  return count;
}

result<std::uint64_t> node::drop_dead_letters(const exporter_filter& which) {
  auto& parts = *impl_;
  const std::lock_guard guard(parts.hands_mutex);
  std::uint64_t dropped = 0;
  for (std::size_t p = 0; p < parts.plan.pipelines.size(); ++p) {
    const auto& name = parts.plan.pipelines[p].name;
    if (!which.pipeline.empty() && which.pipeline != name)
      continue;
    const auto& box = parts.letters.at(parts.ids[p]);
    std::vector<log_position> gone;
    std::uint64_t items = 0;
    const auto read = parts.each_letter(p, which, 0, [&](log_position position, auto* letter) {
      if (letter == nullptr || !box->claim(position))
        return true;
      gone.push_back(position);
      items += letter->items;
      return true;
    });
    if (!gone.empty())
      parts.commit({}, [&](storage::batch& batch) { box->put_gone(gone, batch); });
    if (!gone.empty()) {
      box->trim();
      metrics::dead_letters_dropped_items.with({{"pipeline", name}})
          .Increment(static_cast<double>(items));
      log::warn({{"pipeline", name}, {"items", items}},
                "{} dead letters of pipeline {} with {} items were dropped by hand", gone.size(),
                name, items);
    }
    dropped += gone.size();
    if (!read)
      return tl::unexpected(read.error());
  }
  return dropped;
}

} // namespace weir::actors
