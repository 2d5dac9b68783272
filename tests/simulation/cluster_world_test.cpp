#include "core/log.hpp"
#include "sim_options.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <sstream>

using namespace weir;
using namespace weir::simulation;

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t seeds = 4; // Each costs twenty times as much.
#else
constexpr std::uint64_t seeds = 60;
#endif

void keeps_promises(const char* faults, unsigned fault_one_in = 500) {
  cluster_report all;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto found = complaint({.seed = seed,
                                  .members = members_of(seed),
                                  .faults = *cluster_faults::parse(faults),
                                  .fault_one_in = fault_one_in},
                                 all);
    BOOST_TEST(!found, "seed " << seed << " with " << faults << ": " << found.value_or(""));
  }
  std::string injected;
  for (const auto& [name, count] : all.faults)
    injected += fmt::format(", {} {}", count, name);
  BOOST_TEST_MESSAGE(faults << ": " << all.hours << " h, " << all.requests << " requests"
                            << injected << "; " << all.acknowledged << " spans acknowledged, "
                            << all.delivered << " delivered, " << all.delivered_twice << " again, "
                            << all.logged_twice << " logged twice, " << all.decided_twice
                            << " traces decided twice, " << all.split << " of " << all.traces
                            << " split");
}

struct quiet {
  quiet() { log::configure({.level = "critical"}); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(cluster_world_test, quiet)

// Scenario: members that only take clients. Guarantee: as one node would.
BOOST_AUTO_TEST_CASE(nothing_happens) {
  keeps_promises("none");
}

// Scenario: links break, and come back; disks fill up. Guarantee: every promise, without an exception.
BOOST_AUTO_TEST_CASE(links_break) {
  keeps_promises("broken_links,refused_reads,full_disk");
}

// Scenario: disks are slow for seconds. Guarantee: every promise, and the others go on deciding.
BOOST_AUTO_TEST_CASE(disks_are_slow) {
  keeps_promises("slow_disk");
}

// Scenario: nodes join, leave, and are restarted. Guarantee: every promise, without an exception.
BOOST_AUTO_TEST_CASE(nodes_come_and_go) {
  keeps_promises("join,leave,restart,broken_links,refused_reads");
}

// Scenario: links say nothing for seconds. Guarantee: every promise, without an exception.
BOOST_AUTO_TEST_CASE(links_stall) {
  keeps_promises("stall");
}

// Scenario: nodes stand still for up to a minute. Guarantee: on waking they decide nothing that
// others have decided meanwhile.
BOOST_AUTO_TEST_CASE(nodes_stand_still) {
  keeps_promises("pause", 1500);
}

// Scenario: nodes are killed, and come back. Guarantee: nothing acknowledged is lost; decided twice
// is only what a node decided in its last seconds.
BOOST_AUTO_TEST_CASE(nodes_die) {
  keeps_promises("kill,quick_starts,broken_links", 2000);
}

// Scenario: all that, and pauses, cuts, lost disks. Guarantee: nothing acknowledged is lost but
// with a disk, everything comes to rest; traces decided twice are few.
BOOST_AUTO_TEST_CASE(everything_happens) {
  keeps_promises("all");
}

// Scenario: seeds that have found something once. Guarantee: they find nothing any more.
BOOST_AUTO_TEST_CASE(mended_seeds_stay_mended) {
  const std::filesystem::path directory = WEIR_SOURCE_DIR "/tests/simulation/seeds";
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    std::ifstream content(file.path());
    std::vector<std::string> arguments;
    std::string line;
    BOOST_REQUIRE(std::getline(content, line)); // The rest says what it had found.
    std::istringstream words(line);
    for (std::string word; words >> word;)
      arguments.push_back(word);
    const auto asked = sim_options::parse(arguments);
    BOOST_REQUIRE_MESSAGE(asked, file.path() << ": " << asked.error().message);
    cluster_report all;
    const auto found = complaint(asked->options_of(asked->first), all);
    BOOST_TEST(!found, file.path() << ": " << found.value_or(""));
  }
}

// Scenario: one seed twice. Guarantee: the same happens, to the line.
BOOST_AUTO_TEST_CASE(a_cluster_repeats_itself) {
  std::vector<std::string> lines[2];
  for (auto& each : lines) {
    cluster_world one({.seed = 7, .steps = 3000, .fault_one_in = 200, .keeps_lines = true});
    one.run();
    each = one.lines();
  }
  BOOST_TEST(lines[0].size() > 1000U);
  BOOST_TEST((lines[0] == lines[1]));
}

#ifndef __SANITIZE_ADDRESS__ // What they are caught by is the same, in a twentieth of the time.
// Scenario: clusters that break a promise each. Guarantee: each is noticed.
BOOST_AUTO_TEST_CASE(broken_variants_are_caught) {
  for (const auto& variant : broken_variants()) {
    cluster_report all;
    std::optional<std::string> found;
    std::uint64_t seed = 0;
    while (!found && seed < variant.patience) {
      ++seed;
      cluster_options options{.seed = seed, .members = members_of(seed)};
      options.faults = *cluster_faults::parse(variant.faults);
      options.fault_one_in = variant.fault_one_in;
      variant.spoil(options);
      found = complaint(options, all);
    }
    BOOST_TEST(found.has_value(), variant.name << " was not caught in " << seed << " seeds");
    BOOST_TEST_MESSAGE(variant.name << ": caught by seed " << seed << ": " << found.value_or(""));
  }
}

#endif

BOOST_AUTO_TEST_SUITE_END()
