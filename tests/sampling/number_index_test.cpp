#include "sampling/number_index.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <vector>

using namespace weir;
using namespace weir::sampling;

BOOST_AUTO_TEST_SUITE(number_index_test)

// Scenario: random insertions and removals, with hashes that crowd into few places and segments.
// Guarantee: finds exactly what is in.
BOOST_AUTO_TEST_CASE(follows_the_model) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::mt19937_64 random(seed);
      std::vector<std::uint64_t> hashes;
      for (int i = 0; i < 2000; ++i)
        hashes.push_back((random() % 5) << 58 | (random() % 40) << 12 | (random() % 3) << 50);
      const auto hash_of = [&](std::uint32_t number) { return hashes[number]; };
      number_index index;
      std::map<std::uint32_t, bool> input;
      for (int i = 0; i < 20'000; ++i) {
        const auto number = static_cast<std::uint32_t>(random() % hashes.size());
        auto& is_in = input[number];
        // Up to some hundred at first, then fewer and fewer.
        if (is_in)
          index.erase(hashes[number], number, hash_of);
        else if (random() % 20'000 > static_cast<std::uint64_t>(i))
          index.insert(hashes[number], number, hash_of);
        else
          continue;
        is_in = !is_in;
      }
      std::size_t size = 0;
      for (std::uint32_t number = 0; number < hashes.size(); ++number) {
        const auto found = index.find(hashes[number], [&](auto other) { return other == number; });
        BOOST_REQUIRE((found == number) == input[number]);
        size += input[number] ? 1 : 0;
      }
      BOOST_TEST(index.size() == size);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
