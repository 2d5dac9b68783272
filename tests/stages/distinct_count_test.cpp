#include "stages/distinct_count.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>

using namespace weir;
using namespace weir::stages;

BOOST_AUTO_TEST_SUITE(distinct_count_test)

// Scenario: up to two million traces, each seen twice. Guarantee: few are counted exactly, many
// within 2 %; which partitions they are of does not matter.
BOOST_AUTO_TEST_CASE(traces_are_counted) {
  for (const std::uint64_t traces : {0ULL, 1ULL, 60'000ULL, 2'000'000ULL})
    for (const bool one_partition : {false, true}) {
      if (one_partition && traces > 60'000)
        continue; // So many of one partition take long to find.
      distinct_count counted;
      std::uint64_t added = 0;
      for (std::uint64_t number = 0; added < (one_partition ? traces / 1000 : traces); ++number) {
        trace_id id;
        std::memcpy(id.bytes.data(), &number, sizeof number);
        if (one_partition && codec::partition_of(id) != 7)
          continue;
        ++added;
        counted.add(id);
        counted.add(id);
      }
      if (counted.exact())
        BOOST_TEST(counted.count() == added);
      else
        BOOST_TEST(std::abs(static_cast<double>(counted.count()) / static_cast<double>(added) - 1)
                   < 0.02);
      BOOST_TEST(counted.exact() == (added <= 65'536));
    }
}

BOOST_AUTO_TEST_SUITE_END()
