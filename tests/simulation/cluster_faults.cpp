#include "cluster_faults.hpp"

#include <algorithm>

namespace weir::simulation {

const std::vector<named_fault>& named_faults() {
  static const std::vector<named_fault> all{{"join", &cluster_faults::join},
                                            {"leave", &cluster_faults::leave},
                                            {"restart", &cluster_faults::restart},
                                            {"roll", &cluster_faults::roll},
                                            {"broken_links", &cluster_faults::broken_links},
                                            {"stall", &cluster_faults::stall},
                                            {"refused_reads", &cluster_faults::refused_reads},
                                            {"slow_disk", &cluster_faults::slow_disk},
                                            {"full_disk", &cluster_faults::full_disk},
                                            {"kill", &cluster_faults::kill},
                                            {"quick_starts", &cluster_faults::quick_starts},
                                            {"pause", &cluster_faults::pause},
                                            {"cut", &cluster_faults::cut},
                                            {"flap", &cluster_faults::flap},
                                            {"wipe", &cluster_faults::wipe}};
  return all;
}

cluster_faults cluster_faults::all() {
  cluster_faults faults;
  for (const auto& each : named_faults())
    faults.*each.wanted = true;
  return faults;
}

bool cluster_faults::only_slow_disk() const noexcept {
  return std::all_of(named_faults().begin(), named_faults().end(), [this](const auto& each) {
    return this->*each.wanted == (each.wanted == &cluster_faults::slow_disk);
  });
}

std::optional<cluster_faults> cluster_faults::parse(std::string_view text) {
  if (text == "all")
    return all();
  cluster_faults faults;
  while (!text.empty() && text != "none") {
    const auto name = text.substr(0, text.find(','));
    const auto found = std::find_if(named_faults().begin(), named_faults().end(),
                                    [&](const auto& each) { return each.name == name; });
    if (found == named_faults().end())
      return std::nullopt;
    faults.*found->wanted = true;
    text.remove_prefix(std::min(text.size(), name.size() + 1));
  }
  return faults;
}

} // namespace weir::simulation
