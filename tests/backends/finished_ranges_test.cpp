#include "backends/finished_ranges.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>
#include <random>

using namespace weir;
using namespace weir::backends;

namespace {
constexpr log_place nowhere{std::numeric_limits<std::uint64_t>::max(), 0};
}

BOOST_AUTO_TEST_SUITE(finished_ranges_test)

// Scenario: random ranges. Guarantee: they come back as they were, a few bytes each; bytes that are
// cut, changed, of another format, are none or ranges in order, never anything else.
BOOST_AUTO_TEST_CASE(ranges_come_back) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<place_range> ranges;
    log_place position;
    for (auto n = random() % 20; n > 0; --n) {
      const log_place first{position.position + random() % 1000,
                            position.item + 1 + static_cast<std::uint32_t>(random() % 50)};
      const log_place last{first.position + random() % 3, first.item + 1};
      ranges.push_back({first, last});
      position = last;
    }
    const auto bytes = encode_finished(ranges);
    BOOST_TEST((decode_finished(bytes, nowhere) == ranges));
    BOOST_TEST(bytes.size() <= 2 + ranges.size() * 10);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut)
      BOOST_TEST(decode_finished(std::string_view(bytes).substr(0, cut), nowhere).empty());
    auto other = bytes;
    other[random() % other.size()] ^= static_cast<char>(1 + random() % 255);
    const auto read = decode_finished(other, nowhere);
    for (std::size_t i = 0; i < read.size(); ++i)
      BOOST_TEST((read[i].first <= read[i].last && (i == 0 || read[i - 1].last <= read[i].first)));
  }
}

// Scenario: more ranges than are kept; a newer format; ranges for blocks that a damaged log has
// lost. Guarantee: the first ones are kept; none is read; blocks that come in the place of the lost
// ones do not count as finished.
BOOST_AUTO_TEST_CASE(they_are_bounded) {
  std::vector<place_range> ranges;
  for (std::uint64_t i = 0; i < max_finished_ranges + 10; ++i)
    ranges.push_back({{2 * i, 0}, {2 * i + 1, 0}});
  auto bytes = encode_finished(ranges);
  ranges.resize(max_finished_ranges);
  BOOST_TEST((decode_finished(bytes, nowhere) == ranges));
  BOOST_TEST(bytes.size() < 5 * max_finished_ranges);
  bytes[0] = 2;
  BOOST_TEST(decode_finished(bytes, nowhere).empty());
  const std::vector<place_range> lost = {{{4, 9}, {7, 0}}, {{8, 1}, {9, 3}}};
  BOOST_TEST((decode_finished(encode_finished(lost), {6, 0})
              == std::vector<place_range>{{{4, 9}, {6, 0}}}));
}

BOOST_AUTO_TEST_SUITE_END()
