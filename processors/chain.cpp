#include "processors/chain.hpp"

#include "processors/walker.hpp"
#include "processors/work.hpp"

#include <algorithm>

namespace weir::processors {

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
      return must_wait(before.what->reach(), parts_[i].what->reach());
    };
    const auto at = [&](std::size_t n) { return parts_.begin() + static_cast<std::ptrdiff_t>(n); };
    if (passes_.empty() || std::any_of(at(passes_.back().first), at(i), waits))
      passes_.push_back({i, i});
    passes_.back().last = i + 1;
  }
}

bool chain::walk(weir::signal kind, std::string_view message, scratch& with) const {
  bool changed = false;
  auto& at = *with.context_;
  for (const auto& pass : passes_) {
    const auto count = pass.last - pass.first;
    walker walk(kind, at, std::span(parts_).subspan(pass.first, count),
                std::span(with.counts_).subspan(pass.first, count), with.pieces_, with.active_);
    if (walk.run(message)) {
      join(with.pieces_, with.spare_);
      with.result_.swap(with.spare_); // the message before may lie in what is the spare now
      message = with.result_;
      changed = true;
    }
    at.memory_.clear();
  }
  return changed;
}

chain_outcome chain::apply(weir::signal kind, std::string_view message,
                           const request_context& request, scratch& with, std::string& out,
                           std::chrono::nanoseconds time) const {
  chain_outcome outcome;
  with.counts_.assign(parts_.size(), {});
  auto& at = *with.context_;
  at.signal_ = kind;
  at.request_ = &request;
  at.from_request_ = 0;
  at.beside_.begin_message(message.size());
  try {
    const work_scope scope(time);
    outcome.changed = walk(kind, message, with);
  } catch (const work_ended& over) {
    at.memory_.clear();
    at.refusal_.clear();
    with.counts_.assign(parts_.size(), {});
    outcome.ended = true;
    outcome.refusal
        = over.who + " took longer than a request may take (service.limits.max_edit_time)";
    return outcome;
  }
  if (outcome.changed && out.empty())
    out.swap(with.result_);
  else if (outcome.changed)
    out.append(with.result_);
  for (const auto& of : with.counts_) {
    outcome.items.dropped += of.dropped;
    outcome.items.made += of.made;
  }
  outcome.refusal.swap(at.refusal_);
  return outcome;
}

} // namespace weir::processors
