#include "stages/editor.hpp"

#include "core/metrics.hpp"

namespace weir::stages {

editor::editor(std::shared_ptr<const editing::chain> chain, weir::signal kind)
    : chain_(std::move(chain)), kind_(kind) {
  for (const auto& part : chain_->parts()) {
    const metrics::labels labels = {{"processor", part.id},
                                    {"otel_signal", std::string(to_string(kind))}};
    counters_.push_back({&metrics::processor_incoming_items.with(labels),
                         &metrics::processor_outgoing_items.with(labels)});
  }
}

bool editor::apply(std::string_view message, std::uint64_t items,
                   const editing::request_context& request, std::chrono::nanoseconds time) {
  result_.clear();
  auto outcome = chain_->apply(kind_, message, request, scratch_, result_, time);
  counts_ = outcome.items;
  refusal_ = std::move(outcome.refusal);
  ended_ = outcome.ended;
  if (ended_)
    return true;
  const auto counts = scratch_.counts();
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    counters_[i].incoming->Increment(static_cast<double>(items));
    items += counts[i].made;
    items -= counts[i].dropped;
    counters_[i].outgoing->Increment(static_cast<double>(items));
  }
  return outcome.changed;
}

} // namespace weir::stages
