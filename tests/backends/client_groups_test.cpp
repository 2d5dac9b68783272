#include "backends/client_groups.hpp"

#include "backends/carried_items.hpp"
#include "backends/envelope.hpp"
#include "backends/otlp_cut.hpp"
#include "tests/otlp/build.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir;
using namespace weir::backends;
using namespace weir::otlp::test;

std::string resource(const std::string& tenant, int spans) {
  std::string carried;
  otlp::append_carried(carried, "metadata.tenant", tenant);
  std::string scope;
  for (int i = 0; i < spans; ++i)
    scope += field(2, span('t', 's'));
  return field(1, (tenant.empty() ? "" : field(1, field(otlp::carried_field, carried)))
                      + field(2, scope));
}

} // namespace

BOOST_AUTO_TEST_SUITE(client_groups_test)

// Scenario: two tenants in turn, a hundred times, and a client that said nothing. Guarantee: a
// group each, with the items where they stand; taken apart, each message is of one client, and
// nothing is missing.
BOOST_AUTO_TEST_CASE(tenants_in_turn_are_two_groups) {
  std::string message;
  for (int i = 0; i < 100; ++i)
    message += resource("blue", 1) + resource("green", 2) + resource("blue", 0);
  message += resource("", 3);
  const auto groups = group_by_client(signal::traces, message);
  BOOST_REQUIRE_EQUAL(groups.size(), 3u);
  BOOST_TEST(groups[0].items == 100u);
  BOOST_TEST(groups[1].items == 200u);
  BOOST_TEST(groups[2].items == 3u);
  BOOST_TEST(groups[0].runs.size() == 100u);
  BOOST_TEST((groups[0].runs[1] == std::pair<std::uint64_t, std::uint64_t>(3, 4)));
  BOOST_TEST((groups[1].runs[0] == std::pair<std::uint64_t, std::uint64_t>(1, 3)));
  for (const auto& group : groups) {
    std::string own;
    BOOST_TEST(append_group(signal::traces, message, group.name, own) == group.items);
    BOOST_TEST(count_items(signal::traces, own).value() == group.items);
    std::string bare;
    BOOST_TEST(!take_carried_of_items(signal::traces, own, bare).mixed);
  }
}

// Scenario: spans under resources of 100 and 5,000 bytes; points under a metric. Guarantee: the
// least message with one of them is that of the smallest, with all around it.
BOOST_AUTO_TEST_CASE(the_least_message_holds_one_item_and_all_around_it) {
  const auto under = [](std::size_t bytes, int spans) {
    std::string scope;
    for (int i = 0; i < spans; ++i)
      scope += field(2, span('t', 's'));
    return field(1, field(1, std::string(bytes, 'r')) + field(2, scope));
  };
  BOOST_TEST(least_item_bytes(signal::traces, "") == 0u);
  BOOST_TEST(least_item_bytes(signal::traces, under(100, 0)) == 0u);
  const auto one = under(5000, 1).size();
  BOOST_TEST(least_item_bytes(signal::traces, under(5000, 1)) == one);
  const auto many = least_item_bytes(signal::traces, under(5000, 1000));
  BOOST_TEST(many >= one);
  BOOST_TEST(many < one + 10);
  BOOST_TEST(least_item_bytes(signal::traces, under(5000, 1000) + under(100, 10)) < 300u);
  const auto metric = field(1, std::string(700, 'n')) + field(5, field(1, std::string(9, 'p')));
  const auto metrics = field(1, field(2, field(2, metric)));
  BOOST_TEST(least_item_bytes(signal::metrics, metrics) == metrics.size());
}

BOOST_AUTO_TEST_SUITE_END()
