// What has to be so when all has come to rest.
#include "cluster_world.hpp"
#include "node.hpp"

#include "stages/ledger.hpp"
#include "storage/keys.hpp"

#include <algorithm>

namespace weir::simulation {

void cluster_world::check_end() {
  std::optional<std::uint64_t> digest;
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    const auto& seat = seats_[i];
    if (seat.left)
      continue;
    if (!seat.process)
      throw violation(fmt::format("at rest n{} does not run", i + 1));
    seat.process->check_rest();
    const auto held = seat.disk->journal();
    if (held.first != held.next)
      throw violation(
          fmt::format("at rest the journal of n{} holds {} to {}", i + 1, held.first, held.next));
    const auto& ring = seat.process->hub().present_ring();
    const auto own = ring ? ring->digest() : 0;
    if (digest.value_or(own) != own)
      throw violation(fmt::format("at rest n{} has another ring", i + 1));
    digest = own;
  }
  for (const auto& [trace, spans] : clients_.traces())
    check_trace(trace, spans);
  if (!options_.faults.excuse_doubles())
    check_ledger();
}

// From the disks alone: what was taken in was kept or dropped, and what was kept was appended and
// delivered. Where nothing is excused, exactly.
void cluster_world::check_ledger() const {
  std::uint64_t accepted = 0;
  std::uint64_t decided = 0;
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    const auto& disk = *seats_[i].disk;
    const auto page = [&](const char* stage, std::size_t counts) {
      return *stages::ledger_page::look(disk, stages::ledger_key("traces", stage), counts);
    };
    const auto taken = page("intake", stages::intake_counts);
    const auto logged = page("log", stages::log_counts);
    const auto sent = page(node::backend, stages::exporter_counts);
    accepted += taken[stages::accepted_spans];
    decided += logged[stages::kept_items] + logged[stages::dropped_items];
    if (logged[stages::kept_items] != logged[stages::appended_items]
        || logged[stages::appended_items] != stages::exporter_ended(sent))
      throw violation(fmt::format("n{} has kept {} spans, appended {}, and is done with {}", i + 1,
                                  logged[stages::kept_items], logged[stages::appended_items],
                                  stages::exporter_ended(sent)));
  }
  if (decided != accepted)
    throw violation(fmt::format("{} spans were taken in, and {} decided", accepted, decided));
}

// A trace is decided once: all of it is kept, or none; and what came in time had its say.
void cluster_world::check_trace(span_number trace, const std::vector<span_number>& spans) {
  ++report_.traces;
  std::size_t logged = 0;
  std::vector<span_number> missing;
  bool error = false;
  for (const auto span : spans) {
    error = error || workload::is_error(span);
    if (!witness_.logged(span)) {
      missing.push_back(span);
      continue;
    }
    ++logged;
    if (!witness_.was_delivered(span) && !seats_[witness_.first_log(span) - 1].wiped)
      throw violation(fmt::format("at rest span {} is not delivered", span));
  }
  if (logged > 0 && !error)
    throw violation(fmt::format("trace {} is kept, and has no error", trace));
  const bool split = logged != 0 && logged != spans.size();
  const bool missed = logged == 0 && error && clients_.came_in_time(trace);
  if (!split && !missed)
    return;
  ++report_.split;
  if (witness_.is_excused(trace) || (split && lost_with_disks(missing)))
    return;
  // What stood in the journal of one that was away came too late.
  if (missed
      && (witness_.is_incomplete(trace)
          || std::apply([this](auto... times) { return had_trouble(times...); },
                        clients_.time_of(trace))))
    return;
  if (split)
    throw violation(fmt::format("of trace {} {} of {} spans are kept, not {}", trace, logged,
                                spans.size(), fmt::join(missing, " ")));
  throw violation(fmt::format("trace {} is dropped, and its error came in time", trace));
}

} // namespace weir::simulation
