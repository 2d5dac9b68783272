#include "core/arena.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;

BOOST_AUTO_TEST_SUITE(arena_test)

// Scenario: many small pieces and a large one. Guarantee: all of them stay as they were.
BOOST_AUTO_TEST_CASE(bytes_stay) {
  arena uut;
  std::vector<std::pair<std::string, std::string_view>> pieces;
  for (std::size_t i = 0; i < 5000; ++i) {
    auto text = std::string(i == 2500 ? 1 << 20 : i % 90, static_cast<char>('a' + i % 26));
    const auto copy = uut.copy(text);
    pieces.emplace_back(std::move(text), copy);
  }
  auto moved = std::move(uut);
  for (const auto& [text, copy] : pieces)
    BOOST_REQUIRE(copy == text);
}

// Scenario: chunks of growing and of one size. Guarantee: what is held is what the sizes say.
BOOST_AUTO_TEST_CASE(chunk_sizes) {
  arena uut(arena_sizes{.first_chunk = 100, .largest_chunk = 250});
  for (const std::size_t held : {100, 300, 550, 800}) {
    uut.allocate(90);
    BOOST_TEST(uut.held() == held);
    uut.allocate(held == 100 ? 10 : held == 300 ? 110 : 160); // the rest of the chunk
  }
}

// Scenario: it is cleared, with a chunk below and one above what may be kept.
// Guarantee: the first stays for what comes next, the other does not.
BOOST_AUTO_TEST_CASE(clearing) {
  arena uut(arena_sizes{.first_chunk = 100, .kept = 1000});
  const auto* first = uut.allocate(50);
  uut.clear();
  BOOST_TEST(uut.held() == 100U);
  BOOST_TEST((uut.allocate(100) == first));
  uut.allocate(2000);
  uut.clear();
  BOOST_TEST(uut.held() == 0U);
}

// Scenario: more room is asked for than is needed in the end. Guarantee: the rest comes next.
BOOST_AUTO_TEST_CASE(giving_back) {
  arena uut;
  const auto* begin = uut.allocate(100);
  uut.give_back(60);
  BOOST_TEST((uut.allocate(1) == begin + 40)); // The pointers, not texts.
}

BOOST_AUTO_TEST_SUITE_END()
