#include "core/exporter_board.hpp"

namespace weir {

std::string_view to_string(exporter_health health) noexcept {
  switch (health) {
  case exporter_health::sending:
    return "sending";
  case exporter_health::backing_off:
    return "backing off";
  case exporter_health::refused:
    return "refused for good";
  case exporter_health::paused:
    return "paused by hand";
  }
  return "";
}

exporter_board& exporter_board::instance() {
  static exporter_board board;
  return board;
}

void exporter_board::set(exporter_status status) {
  const std::lock_guard guard(mutex_);
  auto key = std::pair(status.pipeline, status.exporter);
  known_.insert_or_assign(std::move(key), std::move(status));
}

void exporter_board::remove(const std::string& pipeline, const std::string& exporter) {
  const std::lock_guard guard(mutex_);
  known_.erase({pipeline, exporter});
}

std::vector<exporter_status> exporter_board::all() const {
  const std::lock_guard guard(mutex_);
  std::vector<exporter_status> out;
  out.reserve(known_.size());
  for (const auto& [key, status] : known_)
    out.push_back(status);
  return out;
}

} // namespace weir
