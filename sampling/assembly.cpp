#include "sampling/assembly.hpp"

#include "core/passing.hpp"

#include <algorithm>

namespace weir::sampling {

namespace {

constexpr std::uint32_t none = 0xffff'ffff;

// Whether two scopes lie in one resource, whose envelope need not be looked for again.
bool shares_resource(const otlp::span_group& a, const otlp::span_group& b) {
  return a.first_resource_slice == b.first_resource_slice && a.resource_slices == b.resource_slices;
}

} // namespace

std::size_t kept_spans::bytes() const noexcept {
  return bytes_.held() + pieces_.capacity() * sizeof(piece)
         + envelopes_.capacity() * sizeof(std::string_view)
         + ends_.capacity() * sizeof(std::uint32_t) + runs_.capacity() * sizeof(run);
}

std::uint64_t kept_spans::leave_out(const std::vector<bool>& places) {
  std::uint32_t source = 0;
  std::uint32_t target = 0;
  std::size_t left_runs = 0;
  auto trace = ends_.begin();
  for (const auto run : runs_) {
    for (; trace != ends_.end() && *trace <= source; ++trace)
      *trace = target;
    if (!places[run.place]) {
      std::move(pieces_.begin() + source, pieces_.begin() + run.end, pieces_.begin() + target);
      target += run.end - source;
      runs_[left_runs++] = {run.place, target};
    }
    source = run.end;
  }
  std::fill(trace, ends_.end(), target);
  const auto gone = pieces_.size() - target;
  pieces_.resize(target);
  runs_.resize(left_runs);
  return gone;
}

template <class Full, class Add>
std::size_t kept_spans::fill(std::size_t first, std::size_t max_bytes, const Full& full,
                             const Add& add) const {
  auto trace = std::upper_bound(ends_.begin(), ends_.end(), first);
  bool inside = first != (trace == ends_.begin() ? 0 : *std::prev(trace));
  for (auto index = first; index < pieces_.size(); ++index, inside = true) {
    for (; index == *trace; ++trace)
      inside = false;
    if (full(max_bytes * (inside ? max_trace_share : 1)))
      return index;
    add(pieces_[index]);
  }
  return pieces_.size();
}

std::size_t kept_spans::append_to(codec::traces_block_builder& builder, std::size_t first,
                                  std::size_t max_bytes) const {
  // The builder finds envelopes by content; once each is enough.
  std::vector<std::uint32_t> resources(envelopes_.size(), none);
  std::vector<std::uint32_t> scopes(envelopes_.size(), none);
  const auto full = [&](std::size_t wanted) { return builder.spans() > 0 && builder.full(wanted); };
  return fill(first, max_bytes, full, [&](const piece& piece) {
    auto& resource = resources[piece.resource];
    if (resource == none)
      resource = builder.resource(envelopes_[piece.resource]);
    auto& scope = scopes[piece.scope];
    if (scope == none)
      scope = builder.scope(envelopes_[piece.scope]);
    builder.span(resource, scope, piece.body);
  });
}

// As long as its envelopes are the larger part it goes on, since the next message repeats them.
std::size_t kept_spans::end_of(std::size_t first, std::size_t max_bytes) const {
  std::vector<bool> known(envelopes_.size());
  std::size_t around = 0; // bytes of envelopes
  std::size_t bodies = 0;
  std::size_t spans = 0;
  const auto full = [&](std::size_t wanted) {
    const auto bytes = bodies + around;
    return spans > 0 && (bytes >= most_message_bytes || (bytes >= wanted && bodies >= around));
  };
  return fill(first, max_bytes, full, [&](const piece& piece) {
    for (const auto envelope : {piece.resource, piece.scope}) {
      around += known[envelope] ? 0 : envelopes_[envelope].size();
      known[envelope] = true;
    }
    bodies += piece.body.size();
    ++spans;
  });
}

void kept_spans::append_to(otlp::traces_writer& writer, std::size_t first, std::size_t end) const {
  std::vector<const piece*> order;
  order.reserve(end - first);
  for (auto index = first; index < end; ++index)
    order.push_back(&pieces_[index]);
  std::stable_sort(order.begin(), order.end(), [](const piece* a, const piece* b) {
    return std::pair(a->resource, a->scope) < std::pair(b->resource, b->scope);
  });
  auto resource = none;
  auto scope = none;
  for (const auto* piece : order) {
    if (piece->resource != resource)
      writer.resource(envelopes_[piece->resource]);
    if (piece->resource != resource || piece->scope != scope)
      writer.scope(envelopes_[piece->scope]);
    resource = piece->resource;
    scope = piece->scope;
    writer.span(piece->body);
  }
}

std::size_t assembler::select(const decided_batch& batch, std::size_t first) {
  wanted_.clear();
  traces_ = 0;
  of_traces_.clear();
  std::uint64_t bytes = 0;
  std::uint32_t place = 0;
  auto index = first;
  for (; index < batch.traces.size(); ++index) {
    const auto& trace = batch.traces[index];
    if (!trace.verdict.keep) {
      place += trace.refs;
      continue;
    }
    const auto added = trace.bytes - trace.repeated;
    if (traces_ != 0 && bytes + added > max_bytes_)
      break;
    bytes += added;
    for (std::uint32_t i = 0; i < trace.refs; ++i) {
      const auto& ref = batch.refs[trace.first_ref + i];
      wanted_.push_back({ref.entry, ref.slot, traces_, place++});
    }
    ++traces_;
    of_traces_.push_back(&trace);
  }
  return index;
}

result<std::size_t> assembler::collect(const decided_batch& batch, std::size_t first,
                                       const entry_reader& read, kept_spans& out) {
  out = kept_spans();
  const auto next = select(batch, first);
  std::sort(wanted_.begin(), wanted_.end());
  found_.clear();
  known_.clear();
  recorded_.clear();
  last_recorded_ = {};
  for (std::size_t begin = 0; begin < wanted_.size();) {
    auto end = begin + 1;
    while (end < wanted_.size() && wanted_[end].entry == wanted_[begin].entry)
      ++end;
    if (auto taken = take_entry(begin, end, read, out); !taken) {
      out = kept_spans();
      return tl::unexpected(std::move(taken.error()));
    }
    begin = end;
  }
  arrange(out);
  return next;
}

result<void> assembler::take_entry(std::size_t begin, std::size_t end, const entry_reader& read,
                                   kept_spans& out) {
  const auto lose = [&](std::size_t i) {
    out.unreadable_.push_back({wanted_[i].entry, wanted_[i].slot});
  };
  index_.clear();
  const auto entry = read(wanted_[begin].entry);
  if (!entry && is_passing(entry.error()))
    return tl::unexpected(entry.error());
  if (!entry || !otlp::index_traces(entry->bytes, 0, index_)) {
    for (auto i = begin; i < end; ++i)
      lose(i);
    return {};
  }
  wanted_of_slot_.assign(index_.traces.size(), nullptr);
  for (auto i = begin; i < end; ++i) {
    if (wanted_[i].slot < wanted_of_slot_.size())
      wanted_of_slot_[wanted_[i].slot] = &wanted_[i];
    else
      lose(i);
  }
  take_spans(*entry, out);
  return {};
}

void assembler::take_spans(const unpacked_entry& entry, kept_spans& out) {
  envelopes_of_group_.assign(index_.groups.size(), {none, none});
  auto last = none; // group whose envelopes were looked for
  out.first_received_ = std::min(out.first_received_, entry.first_received);
  out.last_received_ = std::max(out.last_received_, entry.last_received);
  for (const auto& span : index_.spans) {
    const auto* wanted = wanted_of_slot_[span.slot];
    if (wanted == nullptr)
      continue;
    auto& [resource, scope] = envelopes_of_group_[span.group];
    if (resource == none) {
      const auto& group = index_.groups[span.group];
      if (last != none && shares_resource(index_.groups[last], group))
        resource = envelopes_of_group_[last].first;
      else
        resource = envelope(group.first_resource_slice, group.resource_slices, entry.bytes, out);
      last = span.group;
      scope = envelope(group.first_scope_slice, group.scope_slices, entry.bytes, out);
    }
    const auto& kept = *of_traces_[wanted->trace];
    const auto own_scope = names_ == nullptr ? scope : recorded(scope, kept, out);
    auto body = span.body.in(entry.bytes);
    if (kept.verdict.mark != rate_mark::none)
      body = stamp_.put(body, kept.id, kept.verdict);
    found_.push_back({wanted->trace, wanted->place, {resource, own_scope, out.bytes_.copy(body)}});
  }
}

std::uint32_t assembler::envelope(std::uint32_t first, std::uint32_t count,
                                  std::string_view unpacked, kept_spans& out) {
  joined_.clear();
  for (std::uint32_t i = 0; i < count; ++i)
    joined_ += index_.slices[first + i].in(unpacked);
  return envelope(joined_, out);
}

std::uint32_t assembler::envelope(std::string_view content, kept_spans& out) {
  if (const auto known = known_.find(content); known != known_.end())
    return known->second;
  const auto number = static_cast<std::uint32_t>(out.envelopes_.size());
  out.envelopes_.push_back(out.bytes_.copy(content));
  known_.emplace(out.envelopes_.back(), number);
  return number;
}

// A scope is written anew once for all traces that the same policy kept.
std::uint32_t assembler::recorded(std::uint32_t scope, const decided_trace& kept, kept_spans& out) {
  const recorded_scope key{scope, kept.verdict.policy, kept.verdict.composite_part,
                           (kept.flags & decided_late) != 0};
  if (key == last_recorded_)
    return last_envelope_;
  const auto [found, added] = recorded_.try_emplace(key);
  if (added) {
    const kept_by why{names_->policy_name(key.policy), names_->policy_name(key.composite_part),
                      key.late};
    found->second = envelope(policy_stamp_.put(out.envelopes_[scope], why), out);
  }
  last_recorded_ = key;
  return last_envelope_ = found->second;
}

void assembler::arrange(kept_spans& out) {
  std::vector<std::uint32_t> positions(traces_ + 1, 0);
  for (const auto& span : found_)
    ++positions[span.trace + 1];
  for (std::uint32_t i = 0; i < traces_; ++i)
    positions[i + 1] += positions[i];
  out.ends_.assign(positions.begin() + 1, positions.end());
  out.pieces_.resize(found_.size());
  places_.resize(found_.size());
  for (const auto& span : found_) {
    const auto position = positions[span.trace]++;
    out.pieces_[position] = span.piece;
    places_[position] = span.place;
  }
  for (std::uint32_t i = 0; i < places_.size(); ++i) {
    if (i == 0 || places_[i] != places_[i - 1])
      out.runs_.push_back({places_[i], i});
    ++out.runs_.back().end;
  }
}

} // namespace weir::sampling
