#include "codec/hash.hpp"

#include <boost/test/unit_test.hpp>
#include <random>
#include <vector>

using namespace weir;
using namespace weir::codec;

BOOST_AUTO_TEST_SUITE(hash_test)

// Scenario: xxh3 of known bytes (xxhash's own test vectors: the empty input). Guarantee: what is on
// disk and who owns a trace do not change by accident.
BOOST_AUTO_TEST_CASE(the_hash_is_what_it_was) {
  BOOST_TEST(xxh3("") == 0x2d06800538d394c2u);
  auto id = trace_id{};
  for (std::size_t i = 0; i < id.bytes.size(); ++i)
    id.bytes[i] = static_cast<std::uint8_t>(i);
  BOOST_TEST(partition_of(id) == 219u);
}

// Scenario: 100,000 random trace ids (seed 1), and 100,000 that count up. Guarantee: partitions are
// even: each gets some 24, none more than 60.
BOOST_AUTO_TEST_CASE(partitions_are_even) {
  std::mt19937_64 random(1);
  for (const bool counting : {false, true}) {
    std::vector<unsigned> traces(partition_count);
    for (std::uint64_t i = 0; i < 100'000; ++i) {
      auto id = trace_id{};
      for (std::size_t b = 0; b < 16; ++b)
        id.bytes[b] = static_cast<std::uint8_t>(counting ? (b < 8 ? i >> 8 * b : 0) : random());
      ++traces[partition_of(id)];
    }
    for (const auto count : traces)
      BOOST_REQUIRE(count < 60);
  }
}

BOOST_AUTO_TEST_SUITE_END()
