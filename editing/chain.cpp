#include "editing/chain.hpp"

#include "editing/walker.hpp"
#include "editing/work.hpp"

#include <algorithm>

namespace weir::editing {

namespace {

// Whether `after` would see or do something else if it ran span by span together with `before`,
// level by level from the top, instead of behind it.
bool must_wait(const reach& before, const reach& after) noexcept {
  if (before.makes)
    return true;
  const auto edits_above = (after.edits | after.writes) & (before.reads | before.writes);
  return edits_above != 0 || (after.reads & before.writes) != 0;
}

void join(const std::vector<std::string_view>& pieces, std::string& out) {
  std::size_t size = 0;
  for (const auto piece : pieces)
    size += piece.size();
  out.clear();
  out.reserve(size);
  for (const auto piece : pieces)
    out.append(piece);
}

} // namespace

chain::chain(std::vector<part> parts) : parts_(std::move(parts)) {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const auto waits = [&](const part& before) {
      return must_wait(before.processor->reach(), parts_[i].processor->reach());
    };
    const auto part = [&](std::size_t n) {
      return parts_.begin() + static_cast<std::ptrdiff_t>(n);
    };
    if (passes_.empty() || std::any_of(part(passes_.back().first), part(i), waits))
      passes_.push_back({i, i});
    passes_.back().last = i + 1;
  }
}

bool chain::walk(weir::signal kind, std::string_view message, scratch& scratch) const {
  bool changed = false;
  auto& context = *scratch.context_;
  for (const auto& pass : passes_) {
    const auto count = pass.last - pass.first;
    walker walk(kind, context, std::span(parts_).subspan(pass.first, count),
                std::span(scratch.counts_).subspan(pass.first, count), scratch.pieces_,
                scratch.active_);
    if (walk.run(message)) {
      join(scratch.pieces_, scratch.spare_);
      scratch.result_.swap(scratch.spare_); // the message before may lie in what is the spare now
      message = scratch.result_;
      changed = true;
    }
    context.memory_.clear();
  }
  return changed;
}

chain_outcome chain::apply(weir::signal kind, std::string_view message,
                           const request_context& request, scratch& scratch, std::string& out,
                           std::chrono::nanoseconds time) const {
  chain_outcome outcome;
  scratch.counts_.assign(parts_.size(), {});
  auto& context = *scratch.context_;
  context.signal_ = kind;
  context.request_ = &request;
  context.from_request_ = 0;
  context.beside_.begin_message(message.size());
  try {
    const work_scope scope(time);
    outcome.changed = walk(kind, message, scratch);
  } catch (const work_ended& over) {
    context.memory_.clear();
    context.refusal_.clear();
    scratch.counts_.assign(parts_.size(), {});
    outcome.ended = true;
    outcome.refusal =
        over.worker + " took longer than a request may take (service.limits.max_edit_time)";
    return outcome;
  }
  if (outcome.changed && out.empty())
    out.swap(scratch.result_);
  else if (outcome.changed)
    out.append(scratch.result_);
  for (const auto& count : scratch.counts_) {
    outcome.items.dropped += count.dropped;
    outcome.items.made += count.made;
  }
  outcome.refusal.swap(context.refusal_);
  return outcome;
}

} // namespace weir::editing
