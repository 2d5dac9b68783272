#include "core/rates.hpp"

#include <algorithm>

namespace weir {

namespace {

template <class Items, class Key>
void sort_once(Items& items, Key key) {
  std::ranges::sort(items);
  const auto twice = std::ranges::unique(items, {}, key);
  items.erase(twice.begin(), twice.end());
}

} // namespace

void limit_rates(std::vector<rate_report>& reports) {
  sort_once(reports, &rate_report::budget);
  if (reports.size() > max_rate_reports)
    reports.resize(max_rate_reports);
  auto room = max_key_rates;
  for (auto& report : reports) {
    sort_once(report.keys, &key_rate::key);
    if (report.keys.size() > room)
      report.keys.resize(room);
    room -= report.keys.size();
  }
}

} // namespace weir
