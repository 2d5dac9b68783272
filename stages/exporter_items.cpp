// Answers item by item: just what was refused becomes a letter, and just what was not taken yet is
// sent again.
#include "stages/exporter.hpp"

#include <algorithm>
#include <map>

namespace weir::stages {

namespace {

// Letters that one answer may make, one for each reason; the rest goes into the last.
constexpr std::size_t max_reasons = 16;

backends::item_set set_of(std::vector<log_place> items) {
  std::sort(items.begin(), items.end());
  return {.ranges = backends::ranges_of(items), .items = items.size()};
}

// What an answer means where items cannot be told apart: none is lost, some come twice.
backends::outcome as_a_whole(const backends::outcome& answer) {
  using kind = backends::outcome::kind;
  const bool again = std::any_of(answer.items.begin(), answer.items.end(),
                                 [](const auto& item) { return item.again; });
  auto whole = answer;
  whole.answer = again ? kind::retry : kind::refused;
  whole.reason = answer.items.front().reason;
  whole.items.clear();
  return whole;
}

} // namespace

std::vector<log_place> exporter::places_of_parts() {
  std::vector<log_place> order;
  std::vector<std::uint32_t> of_part;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    of_part.clear();
    if (!builder_->append_order(parts_[i], of_part))
      return {};
    for (const auto item : of_part)
      order.push_back({part_positions_[i], item});
  }
  return order;
}

// Where the items of a request are, in the order of its message; empty: nobody can say.
std::vector<log_place> exporter::order_of(const backends::planned_request& planned) {
  if (planned.copy != 0)
    return {};
  const auto message = gather(planned);
  if (!message)
    return {};
  auto all = places_of_parts();
  if (planned.group.empty())
    return all;
  std::vector<log_place> own;
  for (const auto& group : backends::group_by_client(plan_.signal, message->view()))
    if (group.name == planned.group)
      for (const auto& [first, last] : group.runs)
        for (auto i = first; i < last && i < all.size(); ++i)
          own.push_back(all[i]);
  return own;
}

// False: it was answered as a whole.
bool exporter::finish_by_item(const delivery_report& report) {
  const auto& answer = report.outcome;
  if (answer.answer != backends::outcome::kind::delivered || answer.items.empty())
    return false;
  const auto* planned = delivery_->plan_of(report.request);
  if (planned == nullptr)
    return false;
  const auto order = order_of(*planned);
  if (order.size() != planned->items) {
    delivery_->finished(report.request, as_a_whole(answer), now_.steady);
    return true;
  }
  std::vector<log_place> delivered;
  std::vector<log_place> again;
  std::map<std::string, std::vector<log_place>> refused;
  backends::delivery::item_answers answers;
  std::uint64_t next = 0;
  for (const auto& item : answer.items) {
    const auto first = std::clamp<std::uint64_t>(item.first, next, order.size());
    const auto last = std::clamp<std::uint64_t>(item.last, first, order.size());
    const auto place = [&](std::uint64_t i) {
      return order.begin() + static_cast<std::ptrdiff_t>(i);
    };
    delivered.insert(delivered.end(), place(next), place(first));
    const bool has_room = refused.size() < max_reasons || refused.contains(item.reason);
    auto& target = item.again ? again : has_room ? refused[item.reason] : refused.rbegin()->second;
    target.insert(target.end(), place(first), place(last));
    if (item.again && answers.reason.empty())
      answers.reason = item.reason;
    next = last;
  }
  delivered.insert(delivered.end(), order.begin() + static_cast<std::ptrdiff_t>(next), order.end());
  answers.delivered = set_of(std::move(delivered));
  answers.again = set_of(std::move(again));
  for (auto& [reason, items] : refused)
    if (!items.empty())
      answers.refused.push_back({set_of(std::move(items)), reason});
  delivery_->finished_by_item(report.request, std::move(answers), now_.steady);
  return true;
}

} // namespace weir::stages
