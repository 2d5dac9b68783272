// weir-sim: runs a simulated cluster from one seed, or from many.
#include "core/log.hpp"
#include "sim_options.hpp"

#include <fmt/format.h>
#include <iostream>

using namespace weir;
using namespace weir::simulation;

namespace {

void print(const cluster_report& all, std::uint64_t seeds) {
  std::cout << fmt::format(
      "{} seeds, {:.1f} cluster-hours, {} requests, {} spans acknowledged, {} "
      "delivered, {} again, {} logged twice, {} traces decided twice, {} of {} "
      "split\n",
      seeds, all.hours, all.requests, all.acknowledged, all.delivered, all.delivered_twice,
      all.logged_twice, all.decided_twice, all.split, all.traces);
  for (const auto& [name, count] : all.faults)
    std::cout << fmt::format("fault {} {}\n", name, count);
}

int run_one(const sim_options& asked) {
  auto options = asked.options_of(asked.first);
  options.keeps_lines = !asked.quiet;
  cluster_world world(options);
  cluster_report all;
  std::optional<std::string> found;
  try {
    all += world.run();
  } catch (const violation& why) {
    found = why.what();
  }
  for (const auto& line : world.lines())
    std::cout << line << '\n';
  print(all, 1);
  if (found)
    std::cout << "violation: " << *found << "\nrepeat it: weir-sim "
              << asked.arguments_of(asked.first) << '\n';
  return found ? 1 : 0;
}

int run_many(const sim_options& asked) {
  cluster_report all;
  int failed = 0;
  for (auto seed = asked.first; seed <= asked.last; ++seed) {
    const auto found = complaint(asked.options_of(seed), all);
    if (!found)
      continue;
    failed = 1;
    std::cout << "violation: " << *found << "\nrepeat it: weir-sim " << asked.arguments_of(seed)
              << std::endl;
  }
  print(all, asked.last - asked.first + 1);
  return failed;
}

} // namespace

int main(int count, char** arguments) {
  log::configure({.level = "critical"});
  const auto asked = sim_options::parse({arguments + 1, arguments + count});
  if (!asked) {
    std::cerr << "weir-sim: " << asked.error().message << '\n' << sim_options::usage;
    return 2;
  }
  return asked->first == asked->last ? run_one(*asked) : run_many(*asked);
}
