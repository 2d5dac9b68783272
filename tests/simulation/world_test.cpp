#include "world.hpp"

#include "core/log.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <iostream>
#include <optional>

using namespace weir;
using namespace weir::simulation;

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t seeds = 60; // Each costs twenty times as much.
#else
constexpr std::uint64_t seeds = 300;
#endif
// A broken variant is caught within so many.
constexpr std::uint64_t patience = 200;

// What a run of this seed says; nothing: all promises were kept. Adds up what happened.
std::optional<std::string> complaint(std::uint64_t seed, const stages::sabotage& broken,
                                     world_report* all = nullptr) {
  try {
    const auto report = world({.seed = seed, .broken = broken}).run();
    if (all != nullptr)
      *all += report;
    return {};
  } catch (const violation& found) {
    return found.what();
  }
}

void is_caught(const char* name, const stages::sabotage& broken) {
  for (std::uint64_t seed = 1; seed <= patience; ++seed)
    if (const auto found = complaint(seed, broken)) {
      BOOST_TEST_MESSAGE(name << ": caught by seed " << seed << ": " << *found);
      return;
    }
  BOOST_ERROR(name << " was not caught in " << patience << " seeds");
}

struct quiet {
  quiet() { log::configure({.level = "critical"}); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(world_test, quiet)

// Scenario: hundreds of seeds, each some minutes of a node's life with kills, reloads, a disk that
// refuses reads and loses what was not synced, a writer that is late, a back end that is away,
// little credit. Guarantee: the promises of world.hpp, after every step and at rest.
// WEIR_WORLD_SEED=N repeats one and prints what happened.
BOOST_AUTO_TEST_CASE(promises_are_kept) {
  if (const auto* asked = std::getenv("WEIR_WORLD_SEED")) {
    world one({.seed = std::strtoull(asked, nullptr, 10), .keeps_lines = true});
    std::optional<std::string> found;
    try {
      one.run();
    } catch (const violation& why) {
      found = why.what();
    }
    for (const auto& line : one.lines())
      std::cout << line << '\n';
    BOOST_TEST(!found, found.value_or(""));
    return;
  }
  world_report all;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto found = complaint(seed, {}, &all);
    BOOST_TEST(!found, "seed " << seed << ": " << found.value_or(""));
  }
  BOOST_TEST_MESSAGE(all.requests << " requests, " << all.kills << " kills, " << all.reloads
                                  << " reloads, " << all.acknowledged << " spans acknowledged, "
                                  << all.delivered << " delivered, " << all.delivered_twice
                                  << " of them again");
  // A world in which nothing happens keeps every promise.
  BOOST_TEST(all.kills > 2 * seeds);
  BOOST_TEST(all.reloads > 2 * seeds);
  BOOST_TEST(all.acknowledged > 500 * seeds);
  BOOST_TEST(all.delivered > 100 * seeds);
}

// Scenario: variants of the stages that break a promise each. Guarantee: each is noticed.
BOOST_AUTO_TEST_CASE(broken_variants_are_caught) {
  is_caught("a report before the batch is durable", {.report_before_sync = true});
  is_caught("a mark before the trim is durable", {.mark_before_trim = true});
  is_caught("credit that is not given back", {.keep_credit = true});
  is_caught("a slot that is forgotten as its entry is sent again", {.forget_slot = true});
  is_caught("progress that is not noted", {.forget_progress = true});
  is_caught("an answer before the commit", {.answer_before_commit = true});
}

// Scenario: one seed twice. Guarantee: the same happens, to the line.
BOOST_AUTO_TEST_CASE(a_seed_repeats_itself) {
  std::vector<std::string> lines[2];
  for (auto& each : lines) {
    world one({.seed = 7, .steps = 2000, .keeps_lines = true});
    one.run();
    each = one.lines();
  }
  BOOST_TEST(lines[0].size() > 1000U);
  BOOST_TEST((lines[0] == lines[1]));
}

BOOST_AUTO_TEST_SUITE_END()
