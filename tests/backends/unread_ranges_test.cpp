#include "backends/unread_ranges.hpp"

#include <boost/test/unit_test.hpp>
#include <random>
#include <set>

using namespace weir;
using namespace weir::backends;

BOOST_AUTO_TEST_SUITE(unread_ranges_test)

// Scenario: a log of blocks of 0 to 5 items that is read from either end and from the middle, and
// trimmed, after a start with random finished ranges; against a set of items. Guarantee: exactly
// what was not finished is read, each item once; counts and ends agree.
BOOST_AUTO_TEST_CASE(every_item_is_read_once) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::mt19937_64 random(seed);
      const auto pick = [&](std::uint64_t below) { return random() % below; };
      constexpr log_position blocks = 30;
      std::vector<std::uint32_t> sizes;
      for (log_position p = 0; p < blocks; ++p)
        sizes.push_back(static_cast<std::uint32_t>(pick(6)));
      const log_place start{pick(5), static_cast<std::uint32_t>(pick(4))};
      std::vector<place_range> finished;
      for (log_place place = start; place.position < blocks && pick(8) > 0;) {
        const log_place first{place.position + pick(3), static_cast<std::uint32_t>(pick(6))};
        const log_place last{first.position + pick(3), static_cast<std::uint32_t>(pick(6))};
        if (place < first && first < last)
          finished.push_back({first, last});
        place = std::max({place, last, log_place{place.position + 1, 0}});
      }
      std::set<log_place> unread;
      for (log_position p = 0; p < blocks; ++p)
        for (std::uint32_t i = 0; i < sizes[p]; ++i) {
          const log_place item{p, i};
          const bool done = std::any_of(finished.begin(), finished.end(), [&](const auto& r) {
            return r.first <= item && item < r.last;
          });
          if (item >= start && !done)
            unread.insert(item);
        }
      unread_ranges uut(start, finished);
      log_position trimmed = 0;
      for (;;) {
        if (pick(20) == 0) {
          trimmed = std::max<log_position>(trimmed, pick(blocks));
          uut.forget_before(trimmed);
          std::erase_if(unread, [&](const auto& item) { return item.position < trimmed; });
        }
        const auto middle = pick(blocks);
        auto block = uut.next(0, blocks);
        BOOST_TEST_REQUIRE(uut.blocks(0, blocks)
                           == uut.blocks(0, middle) + uut.blocks(middle, blocks));
        if (!block) {
          BOOST_TEST(uut.blocks(0, blocks) == 0u);
          BOOST_TEST(!uut.last(blocks));
          break;
        }
        BOOST_TEST(uut.first().position == *block);
        if (pick(3) == 0)
          block = uut.last(blocks);
        else if (pick(3) == 0 && uut.next(middle, blocks))
          block = uut.next(middle, blocks);
        const auto before = uut.blocks(0, blocks);
        for (const auto& range : uut.take(*block, sizes[*block]))
          for (auto i = range.first; i < range.last; ++i)
            BOOST_TEST_REQUIRE(unread.erase({range.position, i}) == 1u);
        BOOST_TEST_REQUIRE(uut.blocks(0, blocks) == before - 1);
        BOOST_TEST(uut.take(*block, sizes[*block]).empty());
      }
      BOOST_TEST(unread.empty());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
