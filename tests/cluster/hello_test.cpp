#include "cluster/hello.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::cluster;

namespace {

hello said(std::uint32_t oldest, std::uint32_t newest) {
  hello result;
  result.cluster = "blue";
  result.oldest_protocol = oldest;
  result.newest_protocol = newest;
  return result;
}

} // namespace

BOOST_AUTO_TEST_SUITE(hello_test)

// Scenario: a node of another cluster, with a name that would clear a terminal. Guarantee: refused,
// with both names, on one line without control characters.
BOOST_AUTO_TEST_CASE(another_cluster_is_refused_by_both_names) {
  auto other = said(1, 1);
  other.cluster = "red\x1b[2J";
  const auto refusal = answer_hello(other, "blue").refusal;
  BOOST_TEST(refusal == "it is of cluster \"red\\x1b[2J\", this node of \"blue\"");
}

// Scenario: a node with 1024 partitions. Guarantee: refused, with both counts.
BOOST_AUTO_TEST_CASE(another_partition_count_is_refused) {
  auto other = said(1, 1);
  other.partitions = 1024;
  BOOST_TEST(answer_hello(other, "blue").refusal == "it has 1024 partitions, this node 4096");
}

// Scenario: ranges of protocols that overlap in all ways, touch, and do not. Guarantee: the newest
// common one, or a refusal with both ranges; and both sides say the same.
BOOST_AUTO_TEST_CASE(the_newest_common_protocol_is_spoken) {
  struct row {
    std::uint32_t oldest, newest, expected; ///< 0: none
  };
  // This node: 3 to 5.
  for (const auto& [oldest, newest, expected] :
       {row{3, 5, 5}, row{1, 3, 3}, row{1, 2, 0}, row{5, 9, 5}, row{6, 9, 0}, row{4, 4, 4},
        row{1, 9, 5}, row{5, 3, 0}, row{0, 0, 0}}) {
    BOOST_TEST_CONTEXT(oldest << " to " << newest) {
      const auto here = answer_hello(said(oldest, newest), "blue", 3, 5);
      BOOST_TEST(here.protocol == expected);
      BOOST_TEST(here.refusal.empty() == (expected != 0));
      BOOST_TEST(answer_hello(said(3, 5), "blue", oldest, newest).protocol == expected);
    }
  }
  BOOST_TEST(answer_hello(said(6, 9), "blue", 3, 5).refusal
             == "it speaks protocols 6 to 9, this node 3 to 5: none of both");
}

// Scenario: two nodes of this release. Guarantee: they go together.
BOOST_AUTO_TEST_CASE(one_release_goes_together) {
  BOOST_TEST((answer_hello(said(oldest_protocol, newest_protocol), "blue")
              == hello_answer{"", newest_protocol}));
}

BOOST_AUTO_TEST_SUITE_END()
