// The deciding half of the window.
#include "sampling/window.hpp"

#include <algorithm>

namespace weir::sampling {

namespace {

constexpr std::uint32_t none = number_index::none;

} // namespace

// In the order they came.
template <class Each>
void window::for_each_ref(const trace& trace, Each each) const {
  auto index = trace.last_ref;
  do {
    index = refs_[index].next;
    each(refs_[index].slot);
  } while (index != trace.last_ref);
}

void window::forget(std::uint32_t number) {
  auto& gone = traces_[number];
  by_id_.erase(fingerprint_of(gone.id), number,
               [this](std::uint32_t other) { return fingerprint_of(traces_[other].id); });
  wheel_.erase(traces_, number);
  spans_ -= gone.spans;
  gone.too_large = 0;
  for (auto number = refs_[gone.last_ref].next;;) {
    const auto next = refs_[number].next;
    refs_.give_back(number);
    if (number == gone.last_ref)
      break;
    number = next;
  }
  traces_.give_back(number);
}

void window::decide_one(std::uint32_t number, steady_ns now, std::uint8_t flags, ending cause,
                        decided_batch& out) {
  const auto& trace = traces_[number];
  const auto print = fingerprint_of(trace.id);
  decision verdict;
  if (const auto known = follows_ ? cache_.find(print) : std::nullopt) {
    verdict = *known;
    flags |= decided_late;
  } else if (trace.too_large != 0) {
    flags |= decided_too_large;
    ++counts_.too_large;
  } else if (cause == ending::decide) {
    verdict = policies_.decide(trace.id, features_of(number), now);
    if (verdict.policy != no_policy)
      verdict.policy = policy_numbers_[verdict.policy];
    if (verdict.composite_part != no_policy)
      verdict.composite_part = part_numbers_[verdict.composite_part];
  }
  const auto first_ref = static_cast<std::uint32_t>(out.refs.size());
  for_each_ref(trace, [&](const slot_ref& each) { out.refs.push_back(each); });
  const auto refs = static_cast<std::uint32_t>(out.refs.size()) - first_ref;
  out.traces.push_back(
      {trace.id, verdict, flags, trace.spans, trace.bytes, trace.arrival, first_ref, refs, 0});

  cache_.insert(print, verdict, true);
  ++counts_.decided;
  counts_.decided_keep += verdict.keep ? 1 : 0;
  counts_.decided_early += (flags & decided_early) != 0 ? 1 : 0;
  counts_.decided_incomplete += (flags & decided_incomplete) != 0 ? 1 : 0;
  forget(number);
}

std::size_t window::decide_too_large(steady_ns now, std::size_t max_traces, decided_batch& out) {
  std::size_t decided = 0;
  for (; !too_large_.empty() && decided < max_traces; too_large_.pop_back()) {
    const auto& [number, id] = too_large_.back();
    // It may have been decided since, and its number be another trace's.
    if (traces_[number].too_large == 0 || traces_[number].id != id)
      continue;
    decide_one(number, now, 0, ending::drop, out);
    ++decided;
  }
  return decided;
}

std::size_t window::decide(steady_ns now, steady_ns complete_until, std::size_t max_traces,
                           decided_batch& out, std::uint64_t max_kept_bytes) {
  auto decided = decide_too_large(now, max_traces, out);
  complete_until = std::min(complete_until, now);
  const auto due_before = std::max(complete_until, now - settings_.incomplete_after);
  ++batch_;
  for (std::uint64_t kept = 0; decided < max_traces; ++decided) {
    std::uint8_t flags = 0;
    auto number = wheel_.due(traces_, due_before);
    if (number != none && traces_[number].deadline > complete_until)
      flags = decided_incomplete;
    if (number == none && over_limits()) {
      number = wheel_.front();
      flags = decided_early;
    }
    if (number == none)
      break;
    const auto [brought, guess] = brought_by(traces_[number]);
    if (kept >= max_kept_bytes && brought > 0)
      break;
    decide_one(number, now, flags, ending::decide, out);
    if (!out.traces.back().verdict.keep)
      continue;
    kept += guess;
    note_kept(out, brought);
  }
  return decided;
}

// Bytes by which a trace makes the batch in hand larger. Where a large resource is around thousands
// of traces it counts once: each for itself they would be put together a few at a time, and their
// entry unpacked as often.
window::added_bytes window::brought_by(const trace& trace) const {
  bool large = false;
  if (entries_.large() > 0)
    for_each_ref(trace,
                 [&](const slot_ref& each) { large |= entries_[each.entry].large_envelopes; });
  if (!large)
    return {trace.bytes, trace.bytes};
  std::uint64_t bytes = 0;
  for_each_ref(trace, [&](const slot_ref& each) {
    if (each.entry >= in_batch_.size() || in_batch_[each.entry] != batch_)
      bytes += entries_[each.entry].unpacked_bytes;
  });
  // Not all of an entry is kept.
  constexpr std::uint64_t likely_part = 8;
  return {bytes, bytes / likely_part};
}

void window::note_kept(decided_batch& out, std::uint64_t brought) {
  if (entries_.large() == 0)
    return;
  auto& kept = out.traces.back();
  kept.repeated =
      static_cast<std::uint32_t>(kept.bytes - std::min<std::uint64_t>(kept.bytes, brought));
  for (std::uint32_t i = 0; i < kept.refs; ++i) {
    const auto entry = out.refs[kept.first_ref + i].entry;
    if (entry >= in_batch_.size())
      in_batch_.resize(entry + 1);
    in_batch_[entry] = batch_;
  }
}

void window::abandon() {
  abandon([](fingerprint) { return true; }, [](const window_entry&, slot) {});
}

void window::abandon(const std::function<bool(fingerprint)>& goes, const slot_sink& dropped) {
  std::vector<std::uint32_t> going;
  by_id_.for_each([&](std::uint32_t number) {
    if (goes(fingerprint_of(traces_[number].id)))
      going.push_back(number);
  });
  for (const auto number : going) {
    for_each_ref(traces_[number], [&](const slot_ref& each) {
      dropped(entries_[each.entry], each.slot);
      entries_.release(each.entry, each.slot);
    });
    forget(number);
  }
}

void window::release(const decided_batch& batch) {
  for (const auto& trace : batch.traces)
    cache_.unpin(fingerprint_of(trace.id));
  for (const auto& ref : batch.refs)
    entries_.release(ref.entry, ref.slot);
}

void window::moved(const entry_id& id, journal_position position) {
  entries_.moved(id, position);
}

void window::replace_policies(policy_set policies, const window_settings& settings,
                              const entry_scanner& scan) {
  settings_ = settings;
  use(std::move(policies));
  by_id_.for_each([this](std::uint32_t number) {
    traces_[number].min_start_ns = std::numeric_limits<std::uint64_t>::max();
    traces_[number].max_end_ns = 0;
    std::fill_n(words_of(number), words_, 0);
  });
  otlp::span_index index;
  entries_.for_each([&](entry_number number) {
    std::string_view unpacked;
    index.clear();
    if (scan(number, unpacked, index))
      rescan(number, unpacked, index);
  });
}

void window::scan_again(const entry_id& id, const entry_scanner& scan) {
  const auto number = entries_.find(id);
  std::string_view unpacked;
  otlp::span_index index;
  if (number != no_entry && scan(number, unpacked, index))
    rescan(number, unpacked, index);
}

void window::rescan(entry_number number, std::string_view unpacked, const otlp::span_index& index) {
  slots_.assign(index.traces.size(), {});
  std::vector<std::uint32_t> owners(slots_.size(), none);
  for (slot slot = 0; slot < slots_.size(); ++slot) {
    if (!entries_.holds(number, slot))
      continue;
    // What was decided, but is not durable yet, is held too.
    owners[slot] = find(index.traces[slot], fingerprint_of(index.traces[slot]));
    if (owners[slot] != none)
      slots_[slot].is = slot_state::kind::open;
  }
  observe(unpacked, index);
  for (slot slot = 0; slot < slots_.size(); ++slot) {
    if (owners[slot] != none)
      add_features(owners[slot], slots_[slot].features);
  }
}

} // namespace weir::sampling
