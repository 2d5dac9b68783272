#include "processors/processor.hpp"

namespace weir::processors {

item& context::child(std::size_t number) {
  while (children_.size() <= number)
    children_.push_back(std::make_unique<item>(memory_));
  return *children_[number];
}

std::string& context::text(std::size_t number) {
  while (texts_.size() <= number)
    texts_.push_back(std::make_unique<std::string>());
  return *texts_[number];
}

metric_data data_of(const item& of) noexcept {
  using enum otlp::message_id;
  constexpr metric_data kinds[] = {
      {5, gauge, number_data_point},
      {7, sum, number_data_point},
      {9, histogram, histogram_data_point},
      {10, exponential_histogram, exponential_histogram_data_point},
      {11, summary, summary_data_point},
  };
  for (const auto& kind : kinds)
    if (of.has_field(kind.number))
      return kind;
  return {};
}

} // namespace weir::processors
