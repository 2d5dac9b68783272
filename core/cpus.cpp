#include "core/cpus.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <sched.h>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

namespace weir {

namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream input(text);
  for (std::string part; std::getline(input, part, separator);)
    parts.push_back(part);
  return parts;
}

bool has(const std::string& list, std::string_view word) {
  const auto words = split(list, ',');
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string first_line(const std::string& path) {
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  return line;
}

double share(double quota, double period) {
  return quota > 0 && period > 0 ? quota / period : unlimited;
}

// "200000 100000", or "max 100000"
double quota_of_v2(const std::string& directory) {
  std::istringstream line(first_line(directory + "/cpu.max"));
  double quota = 0, period = 0;
  line >> quota >> period;
  return line ? share(quota, period) : unlimited;
}

// -1: none
double quota_of_v1(const std::string& directory) {
  double quota = 0, period = 0;
  std::istringstream(first_line(directory + "/cpu.cfs_quota_us")) >> quota;
  std::istringstream(first_line(directory + "/cpu.cfs_period_us")) >> period;
  return share(quota, period);
}

/// Where a hierarchy of cgroups can be seen.
struct hierarchy {
  bool v2 = false;
  std::string mounted_at;
  std::string shows; ///< The cgroup that is its root there: "/" where it is all of it.
};

// "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw"
std::vector<hierarchy> hierarchies(const std::string& root) {
  std::vector<hierarchy> found;
  std::ifstream file(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const auto fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 5 || fields.end() - dash < 4)
      continue;
    const bool v2 = dash[1] == "cgroup2";
    if (v2 || (dash[1] == "cgroup" && has(dash[3], "cpu")))
      found.push_back({v2, fields[4], fields[3]});
  }
  return found;
}

// "0::/user.slice" in version 2, "4:cpu,cpuacct:/user.slice" in version 1
std::optional<std::string> cgroup_of_process(const std::string& root, bool v2) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos)
      continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    if (v2 ? controllers.empty() : has(controllers, "cpu"))
      return line.substr(second + 1);
  }
  return std::nullopt;
}

// The least of the quotas from the process's cgroup up to the one that is mounted.
double quota_in(const std::string& root, const hierarchy& hierarchy) {
  auto path = cgroup_of_process(root, hierarchy.v2).value_or("/");
  // Inside a container the files may show its cgroup as the root, the path does not.
  if (hierarchy.shows != "/" && path.starts_with(hierarchy.shows))
    path.erase(0, hierarchy.shows.size());
  else if (hierarchy.shows != "/" || path.find("/..") != std::string::npos)
    path.clear();
  auto least = unlimited;
  for (;;) {
    while (path.ends_with('/'))
      path.pop_back();
    const auto directory = root + hierarchy.mounted_at + path;
    least = std::min(least, hierarchy.v2 ? quota_of_v2(directory) : quota_of_v1(directory));
    if (path.empty())
      return least;
    path.erase(path.rfind('/'));
  }
}

unsigned affinity_of_process() {
  // A mask of the size that the kernel has; more CPUs than that no machine has.
  for (std::size_t cpus = 1024; cpus <= 1 << 20; cpus *= 2) {
    auto* mask = CPU_ALLOC(cpus);
    const auto bytes = CPU_ALLOC_SIZE(cpus);
    const bool known = mask != nullptr && sched_getaffinity(0, bytes, mask) == 0;
    const auto count = known ? CPU_COUNT_S(bytes, mask) : 0;
    CPU_FREE(mask);
    if (known && count > 0)
      return static_cast<unsigned>(count);
  }
  return std::max(1U, std::thread::hardware_concurrency());
}

} // namespace

unsigned cpus_within(unsigned affinity, const std::string& root) {
  auto quota = unlimited;
  for (const auto& each : hierarchies(root))
    quota = std::min(quota, quota_in(root, each));
  const auto most = std::max(affinity, 1U);
  return quota >= most ? most : std::max(1U, static_cast<unsigned>(std::ceil(quota)));
}

unsigned usable_cpus() {
  static const auto usable = cpus_within(affinity_of_process(), "");
  return usable;
}

} // namespace weir
