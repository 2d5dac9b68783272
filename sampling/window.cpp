#include "sampling/window.hpp"

#include "editing/work.hpp"

#include <algorithm>
#include <utility>

namespace weir::sampling {

namespace {

constexpr std::uint32_t none = number_index::none;
constexpr std::size_t rows_in_chunk = 4096;

/// Tag and length of a span, a ScopeSpans or a ResourceSpans message on the wire.
constexpr std::uint32_t message_overhead = 3;

/// Envelopes of these bytes are not counted for each trace again when traces are put together.
constexpr std::uint32_t large_envelope = 16 << 10;

// Whether two scopes lie in one resource: it is looked at once for both.
bool shares_resource(const otlp::span_index& index, std::uint32_t a, std::uint32_t b) {
  const auto& one = index.groups[a];
  const auto& other = index.groups[b];
  return one.first_resource_slice == other.first_resource_slice
         && one.resource_slices == other.resource_slices;
}

std::uint32_t saturated(std::uint64_t bytes) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::min(bytes, most));
}

} // namespace

window_settings window_settings::from(const tail_sampling_config& config, std::size_t memory,
                                      std::size_t shards) {
  window_settings settings;
  settings.decision_wait = config.decision_wait_ns;
  settings.wait_after_root = config.decision_wait_after_root_ns;
  settings.max_traces = (config.num_traces + shards - 1) / shards;
  settings.max_trace_bytes = config.maximum_trace_size_bytes;
  settings.memory = memory;
  return settings;
}

void additions::clear() {
  entry = no_entry;
  taken = 0;
  already_held = 0;
  late.clear();
}

window::window(const window_settings& settings, policy_set policies, decision_cache& cache)
    : settings_(settings), cache_(cache), wheel_(settings.decision_wait) {
  use(std::move(policies));
}

void window::use(policy_set policies) {
  policies.take_over(policies_);
  policies_ = std::move(policies);
  policy_numbers_.clear();
  for (const auto& name : policies_.names())
    policy_numbers_.push_back(cache_.number_of(name));
  part_numbers_.clear();
  for (const auto& name : policies_.part_names())
    part_numbers_.push_back(cache_.number_of(name));
  words_ = (policies_.predicate_count() + 63) / 64;
  predicate_rows_.clear();
}

std::uint64_t* window::words_of(std::uint32_t number) {
  const auto chunk = number / rows_in_chunk;
  while (predicate_rows_.size() <= chunk)
    predicate_rows_.emplace_back(rows_in_chunk * words_);
  return predicate_rows_[chunk].data() + (number % rows_in_chunk) * words_;
}

const std::uint64_t* window::words_of(std::uint32_t number) const {
  return predicate_rows_[number / rows_in_chunk].data() + (number % rows_in_chunk) * words_;
}

std::uint32_t window::find(const trace_id& id, fingerprint print) const {
  return by_id_.find(print, [&](std::uint32_t number) { return traces_[number].id == id; });
}

std::uint32_t window::new_trace(const trace_id& id, fingerprint print, steady_ns received,
                                steady_ns now) {
  trace fresh;
  fresh.id = id;
  fresh.arrival = received;
  fresh.deadline = received + settings_.decision_wait;
  fresh.min_start_ns = std::numeric_limits<std::uint64_t>::max();
  fresh.last_ref = none;
  const auto number = traces_.take(fresh);
  std::fill_n(words_of(number), words_, 0);
  by_id_.insert(print, number,
                [this](std::uint32_t other) { return fingerprint_of(traces_[other].id); });
  wheel_.insert(traces_, number, now);
  ++counts_.new_traces;
  return number;
}

void window::add_ref(trace& trace, const slot_ref& slot) {
  const auto number = refs_.take({slot, none});
  if (trace.last_ref == none) {
    refs_[number].next = number;
  } else {
    refs_[number].next = refs_[trace.last_ref].next;
    refs_[trace.last_ref].next = number;
  }
  trace.last_ref = number;
}

void window::add_features(std::uint32_t number, const trace_features& features) {
  auto& trace = traces_[number];
  trace.min_start_ns = std::min(trace.min_start_ns, features.min_start_ns);
  trace.max_end_ns = std::max(trace.max_end_ns, features.max_end_ns);
  auto* words = words_of(number);
  for (std::size_t i = 0; i < words_; ++i)
    words[i] |= features.seen.word(i);
}

trace_features window::features_of(std::uint32_t number) const {
  const auto& trace = traces_[number];
  trace_features features;
  features.min_start_ns = trace.min_start_ns;
  features.max_end_ns = trace.max_end_ns;
  features.spans = trace.spans;
  features.bytes = trace.bytes;
  const auto* words = words_of(number);
  for (std::size_t i = 0; i < words_; ++i)
    features.seen.set_word(i, words[i]);
  return features;
}

void window::classify(const window_entry& entry, const otlp::span_index& index,
                      const std::vector<bool>& wanted, additions& out) {
  const auto known = entries_.find(entry.id);
  slots_.assign(index.traces.size(), {});
  for (slot slot = 0; slot < slots_.size(); ++slot) {
    if (!wanted[slot])
      continue;
    if (known != no_entry && entries_.holds(known, slot)) {
      ++out.already_held;
      continue;
    }
    auto& state = slots_[slot];
    state.print = fingerprint_of(index.traces[slot]);
    state.is = slot_state::kind::open;
    if (const auto decided = holds_late_ ? std::nullopt : cache_.find(state.print)) {
      state.is = slot_state::kind::late;
      state.verdict = *decided;
    }
  }
}

const window::group_state& window::group_of(std::uint32_t number, std::string_view unpacked,
                                            const otlp::span_index& index) {
  auto& state = groups_[number];
  if (state.known)
    return state;
  state.known = true;
  const auto& group = index.groups[number];
  const auto* slices = index.slices.data();
  const auto last = std::exchange(last_group_, number);
  state.scope_bytes = message_overhead;
  for (std::uint32_t i = 0; i < group.scope_slices; ++i)
    state.scope_bytes += slices[group.first_scope_slice + i].length;
  if (last < number && shares_resource(index, last, number)) {
    state.resource_bytes = groups_[last].resource_bytes;
    state.features = groups_[last].features;
    return state;
  }
  state.resource_bytes = message_overhead;
  for (std::uint32_t i = 0; i < group.resource_slices; ++i) {
    const auto& slice = slices[group.first_resource_slice + i];
    state.resource_bytes += slice.length;
    policies_.observe_resource(slice.in(unpacked), state.features);
  }
  return state;
}

void window::observe(std::string_view unpacked, const otlp::span_index& index) {
  const editing::work_scope scope{std::chrono::nanoseconds(settings_.max_work_ns)};
  groups_.assign(index.groups.size(), {});
  last_group_ = static_cast<std::uint32_t>(groups_.size());
  auto group_begun = std::numeric_limits<std::uint32_t>::max();
  for (const auto& span : index.spans) {
    auto& state = slots_[span.slot];
    if (state.is == slot_state::kind::unwanted)
      continue;
    const auto& group = group_of(span.group, unpacked, index);
    if (state.is == slot_state::kind::late) {
      ++state.features.spans;
    } else {
      if (group_begun != span.group)
        policies_.begin_group(unpacked, index, span.group,
                              group_begun < span.group
                                  && shares_resource(index, group_begun, span.group));
      group_begun = span.group;
      policies_.observe(span.body.in(unpacked), group.features, state.features);
    }
    state.features.bytes += span.body.length + message_overhead;
    // As large as the trace would be as a message of its own, where an envelope stands once.
    if (state.last_group != span.group)
      state.features.bytes += group.scope_bytes;
    if (state.last_resource != index.groups[span.group].first_resource_slice)
      state.features.bytes += group.resource_bytes;
    state.last_group = span.group;
    state.last_resource = index.groups[span.group].first_resource_slice;
  }
}

void window::add(window_entry entry, std::string_view unpacked, const otlp::span_index& index,
                 const std::vector<bool>& wanted, steady_ns received, steady_ns now,
                 additions& out) {
  received = std::min(received, now);
  classify(entry, index, wanted, out);
  if (std::all_of(slots_.begin(), slots_.end(),
                  [](const auto& slot) { return slot.is == slot_state::kind::unwanted; }))
    return;
  observe(unpacked, index);
  entry.slots = static_cast<std::uint32_t>(index.traces.size());
  entry.large_envelopes = std::any_of(groups_.begin(), groups_.end(), [](const auto& group) {
    return group.resource_bytes + group.scope_bytes > large_envelope;
  });
  auto number = entries_.find(entry.id);
  if (number == no_entry)
    number = entries_.add(std::move(entry));
  out.entry = number;
  for (slot slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].is == slot_state::kind::late) {
      take_late(number, slot, index.traces[slot], received, out.late);
    } else if (slots_[slot].is == slot_state::kind::open) {
      take_slot(number, slot, index.traces[slot], received, now);
      ++out.taken;
    }
  }
  make_room();
}

void window::take_slot(entry_number entry, slot slot, const trace_id& id, steady_ns received,
                       steady_ns now) {
  const auto& state = slots_[slot];
  auto number = find(id, state.print);
  if (number == none)
    number = new_trace(id, state.print, received, now);
  entries_.hold(entry, slot);
  auto& trace = traces_[number];
  add_ref(trace, {entry, slot, state.features.spans});
  add_features(number, state.features);
  trace.spans += state.features.spans;
  trace.bytes = saturated(trace.bytes + state.features.bytes);
  spans_ += state.features.spans;
  advance_deadline(number, state.features.has_root, received, now);
  if (settings_.max_trace_bytes != 0 && trace.bytes > settings_.max_trace_bytes
      && trace.too_large == 0) {
    trace.too_large = 1;
    too_large_.emplace_back(number, id);
  }
}

void window::take_late(entry_number entry, slot slot, const trace_id& id, steady_ns received,
                       decided_batch& out) {
  const auto& state = slots_[slot];
  entries_.hold(entry, slot);
  cache_.pin(state.print);
  const auto first_ref = static_cast<std::uint32_t>(out.refs.size());
  out.refs.push_back({entry, slot, state.features.spans});
  // All of them lie in one entry, and are together no larger than it is.
  const auto bytes = saturated(state.features.bytes);
  const auto repeated = out.traces.empty() ? 0 : bytes;
  out.traces.push_back({id, state.verdict, decided_late, state.features.spans, bytes, received,
                        first_ref, 1, repeated});
  (state.verdict.keep ? counts_.late_spans_kept : counts_.late_spans_dropped) +=
      state.features.spans;
}

void window::advance_deadline(std::uint32_t number, bool has_root, steady_ns received,
                              steady_ns now) {
  auto& trace = traces_[number];
  trace.arrival = std::min(trace.arrival, received);
  auto deadline = trace.arrival + settings_.decision_wait;
  if (has_root && settings_.wait_after_root > 0)
    deadline = std::min(deadline, received + settings_.wait_after_root);
  if (deadline >= trace.deadline)
    return;
  wheel_.erase(traces_, number);
  trace.deadline = deadline;
  wheel_.insert(traces_, number, now);
}

void window::make_room() {
  const auto index = index_bytes();
  counts_.entries_set_down +=
      entries_.set_down(settings_.memory - std::min(settings_.memory, index));
}

std::size_t window::index_bytes() const noexcept {
  // What is in use, not what is held: memory that a peak left behind must not press for ever.
  constexpr std::size_t index_place = 7;
  return traces_.used() * (sizeof(trace) + words_ * sizeof(std::uint64_t) + index_place)
         + refs_.bytes_used() + entries_.bytes();
}

bool window::over_limits() const noexcept {
  if (settings_.max_traces != 0 && traces_.used() > settings_.max_traces)
    return true;
  return static_cast<double>(index_bytes())
         > static_cast<double>(settings_.memory) * settings_.index_share;
}

bool window::pressed() const noexcept {
  return !too_large_.empty() || (traces_.used() != 0 && over_limits());
}

std::size_t window::bytes() const noexcept {
  return index_bytes() + entries_.packed_bytes();
}

window_snapshot window::snapshot() const {
  window_snapshot now;
  now.traces = traces_.used();
  now.spans = spans_;
  now.entries = entries_.size();
  now.packed_bytes = entries_.packed_bytes();
  now.index_bytes = index_bytes();
  now.held_bytes = traces_.bytes_held() + refs_.bytes_held() + by_id_.bytes() + wheel_.bytes()
                   + predicate_rows_.size() * rows_in_chunk * words_ * sizeof(std::uint64_t)
                   + entries_.bytes();
  const auto first = wheel_.peek();
  now.oldest_arrival = first == none ? 0 : traces_[first].arrival;
  now.counts = counts_;
  return now;
}

} // namespace weir::sampling
