#include "cluster/ring_view.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::cluster;

BOOST_AUTO_TEST_SUITE(ring_view_test)

// Scenario: a view of a ring, and the one before any. Guarantee: each partition's owner and standby,
// and nobody where there is none.
BOOST_AUTO_TEST_CASE(who_owns_what) {
  ring_view view;
  for (std::size_t p = 0; p < partition_count; ++p) {
    view.owners.push_back(p % 3);
    view.standbys.push_back(p % 5);
  }
  for (std::size_t p = 0; p < partition_count; ++p) {
    BOOST_TEST(view.owner_of(p) == p % 3);
    BOOST_TEST(view.standby_of(p) == p % 5);
    BOOST_TEST(no_ring.owner_of(p) == 0U);
    BOOST_TEST(no_ring.standby_of(p) == 0U);
  }
  BOOST_TEST(no_ring.ring == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
