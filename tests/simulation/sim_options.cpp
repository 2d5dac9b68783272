#include "sim_options.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace weir::simulation {

namespace {

template <class Number>
bool read(std::string_view text, Number& number) {
  const auto [end, problem] = std::from_chars(text.begin(), text.end(), number);
  return problem == std::errc() && end == text.end();
}

} // namespace

result<sim_options> sim_options::parse(const std::vector<std::string>& arguments) {
  sim_options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--quiet") {
      options.quiet = true;
      continue;
    }
    if (i + 1 == arguments.size())
      return fail(errc::invalid_argument, arguments[i] + " says nothing");
    if (auto taken = options.take(arguments[i], arguments[i + 1]); !taken)
      return tl::unexpected(taken.error());
    ++i;
  }
  return options;
}

result<void> sim_options::take(const std::string& name, const std::string& value) {
  bool good = false;
  if (name == "--seed") {
    good = read(value, first);
    last = first;
  } else if (name == "--seeds") {
    const auto dash = std::min(value.find('-'), value.size());
    good = dash < value.size() && read(std::string_view(value).substr(0, dash), first)
           && read(std::string_view(value).substr(dash + 1), last) && first <= last;
  } else if (name == "--steps") {
    good = read(value, steps);
  } else if (name == "--members") {
    good = read(value, members) && members >= 1 && members <= 6;
  } else if (name == "--faults") {
    faults = value;
    good = cluster_faults::parse(value).has_value();
  } else if (name == "--fault-one-in") {
    good = read(value, fault_one_in) && fault_one_in > 0;
  } else if (name == "--broken") {
    const auto found = std::find_if(broken_variants().begin(), broken_variants().end(),
                                    [&](const auto& each) { return each.name == value; });
    good = found != broken_variants().end();
    broken = good ? &*found : nullptr;
  }
  if (good)
    return {};
  return fail(errc::invalid_argument, fmt::format("{} {} is not understood", name, value));
}

cluster_options sim_options::options_of(std::uint64_t seed) const {
  cluster_options options{.seed = seed, .steps = steps};
  options.members = members == 0 ? members_of(seed) : members;
  if (broken != nullptr) {
    options.faults = *cluster_faults::parse(broken->faults);
    options.fault_one_in = broken->fault_one_in;
    broken->spoil(options);
  }
  if (!faults.empty())
    options.faults = *cluster_faults::parse(faults);
  if (fault_one_in > 0)
    options.fault_one_in = fault_one_in;
  return options;
}

std::string sim_options::arguments_of(std::uint64_t seed) const {
  const auto options = options_of(seed);
  std::string names;
  for (const auto& each : named_faults())
    if (options.faults.*each.wanted)
      names += fmt::format("{}{}", names.empty() ? "" : ",", each.name);
  return fmt::format("--seed {} --steps {} --members {} --faults {} --fault-one-in {}{}", seed,
                     steps, options.members, names.empty() ? "none" : names, options.fault_one_in,
                     broken == nullptr ? "" : fmt::format(" --broken {}", broken->name));
}

} // namespace weir::simulation
