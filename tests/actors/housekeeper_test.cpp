#include "actors/housekeeper.hpp"

#include "stepped_system.hpp"
#include "tests/support/model_disk.hpp"

using namespace weir;
using namespace weir::actors;

BOOST_FIXTURE_TEST_SUITE(housekeeper_test, stepped_system)

// Scenario: it is spawned on a full disk, has time, is told to stop, and has time again. Guarantee:
// it looks by itself, at once and with its timer; when it has answered the stop it touches
// admission no more, for the server is gone.
BOOST_AUTO_TEST_CASE(it_looks_by_itself_until_it_is_stopped) {
  const auto disk = std::make_shared<test::model_disk>();
  disk->set_full(true);
  std::vector<bool> admissions;
  stages::housekeeper_config config;
  config.admit = [&](bool accepting, const std::string&) { admissions.push_back(accepting); };
  auto uut = system.spawn(actors::housekeeper, config, disk);
  run();
  BOOST_TEST((admissions == std::vector{false}));
  disk->set_full(false);
  pass(std::chrono::milliseconds(900));
  BOOST_TEST(admissions.size() == 1U);
  pass(std::chrono::milliseconds(200));
  BOOST_TEST((admissions == std::vector{false, true}));
  BOOST_TEST(*ask<stopped_atom>(uut, stop_atom_v) == 1);
  disk->set_full(true);
  pass(std::chrono::seconds(3));
  auto other = std::make_shared<const stages::housekeeper_config>();
  BOOST_TEST(*ask<changed_atom>(uut, stages::housekeeper_change(other)) == 1);
  BOOST_TEST(admissions.size() == 2U);
  end(uut);
}

// Scenario: a reload. Guarantee: it is answered when the new plan has been carried out once.
BOOST_AUTO_TEST_CASE(a_change_is_answered) {
  const auto disk = std::make_shared<test::model_disk>();
  int looks = 0;
  stages::housekeeper_config config;
  config.admit = [&](bool, const std::string&) { ++looks; };
  auto uut = system.spawn(actors::housekeeper, config, disk);
  run();
  auto wanted = std::make_shared<stages::housekeeper_config>();
  wanted->memory_limit = 1; // Always over.
  BOOST_TEST(*ask<changed_atom>(uut, stages::housekeeper_change(wanted)) == 1);
  BOOST_TEST(looks == 1);
  end(uut);
}

BOOST_AUTO_TEST_SUITE_END()
