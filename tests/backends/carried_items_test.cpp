#include "backends/carried_items.hpp"

#include "backends/otlp_cut.hpp"
#include "tests/otlp/build.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir;
using namespace weir::backends;
using namespace weir::otlp::test;

// A resource that carries a tenant, with so many spans; 0: with an empty scope.
std::string resource(const std::string& tenant, int spans) {
  std::string carried;
  otlp::append_carried(carried, "metadata.tenant", tenant);
  std::string scope;
  for (int i = 0; i < spans; ++i)
    scope += field(2, span('t', 's'));
  return field(1, field(1, field(otlp::carried_field, carried)) + field(2, scope));
}

otlp::carried taken(const std::string& message) {
  std::string out;
  return take_carried_of_items(signal::traces, message, out);
}

std::string tenant_of(const otlp::carried& carried) {
  return carried.values.empty() ? "" : carried.values[0].second;
}

} // namespace

BOOST_AUTO_TEST_SUITE(carried_items_test)

// Scenario: a request of one client that ends in a resource without spans, then another client's;
// cut span by span. Guarantee: whole it is mixed; each cut goes out with the header of the client
// whose span it holds, whatever stands beside it.
BOOST_AUTO_TEST_CASE(empty_resources_have_no_say) {
  const auto both = resource("blue", 1) + resource("blue", 0) + resource("green", 1);
  BOOST_TEST(taken(both).mixed);
  const std::string tenants[] = {"blue", "green"};
  for (std::uint64_t i = 0; i < 2; ++i) {
    std::string one;
    BOOST_REQUIRE(cut_items(signal::traces, both, i, i + 1, one));
    const auto found = taken(one);
    BOOST_TEST(found.any);
    BOOST_TEST(!found.mixed);
    BOOST_TEST(tenant_of(found) == tenants[i]);
  }
  std::string bare;
  take_carried_of_items(signal::traces, resource("blue", 0) + resource("green", 1), bare);
  BOOST_TEST(bare.find("green") == bare.npos);
  BOOST_TEST(bare.find("blue") == bare.npos);
}

BOOST_AUTO_TEST_SUITE_END()
