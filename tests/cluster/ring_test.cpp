#include "cluster/ring.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

using namespace weir;
using namespace weir::cluster;

namespace {

std::vector<ring_member> members(std::size_t count, std::size_t zones = 1, std::uint64_t seed = 1) {
  auto random = std::mt19937_64(seed);
  std::vector<ring_member> made;
  for (std::size_t i = 0; i < count; ++i)
    made.push_back({random(), 1, std::string(1, static_cast<char>('a' + i % zones))});
  return made;
}

template <class Each>
void each_partition(Each&& each) {
  for (std::uint32_t p = 0; p < partition_count; ++p)
    each(static_cast<partition>(p));
}

} // namespace

BOOST_AUTO_TEST_SUITE(ring_test)

// Scenario: no member, and one. Guarantee: nobody owns anything; the one owns all, without standby.
BOOST_AUTO_TEST_CASE(the_smallest_rings) {
  const ring none;
  BOOST_TEST(none.empty());
  BOOST_TEST(none.digest() == 0U);
  BOOST_TEST(none.owner(7) == nullptr);
  const ring one(members(1));
  each_partition([&](partition p) {
    BOOST_REQUIRE(one.owner(p) == &one.members()[0]);
    BOOST_REQUIRE(one.standby(p) == nullptr);
    BOOST_REQUIRE(one.zone_standby(p) == nullptr);
  });
  BOOST_TEST(one.owned_by(one.members()[0].id) == partition_count);
}

// Scenario: members 1, 2 and 3. Guarantee: the owners of some partitions are those that they were
// when this was written: nodes of every release have to agree.
BOOST_AUTO_TEST_CASE(scores_are_fixed_for_ever) {
  const ring uut({{1, 10, "a"}, {2, 20, "b"}, {3, 30, "a"}});
  std::string owners;
  for (partition p = 0; p < 40; ++p)
    owners += static_cast<char>('0' + uut.owner(p)->id);
  BOOST_TEST(owners == "3132233222122133211212131331211321223112");
}

// Scenario: the same members in another order; another boot, another zone, one member less.
// Guarantee: the first ring is the same, each other has another digest.
BOOST_AUTO_TEST_CASE(digests) {
  auto given = members(5, 2);
  const ring first(given);
  std::reverse(given.begin(), given.end());
  BOOST_TEST(ring(given).digest() == first.digest());
  auto other = given;
  other[2].boot = 2;
  BOOST_TEST(ring(other).digest() != first.digest());
  other = given;
  other[2].zone = "elsewhere";
  BOOST_TEST(ring(other).digest() != first.digest());
  given.pop_back();
  BOOST_TEST(ring(given).digest() != first.digest());
}

// Scenario: 2 to 64 members with random ids, and with ids that follow each other.
// Guarantee: each owns its share, within five standard deviations of chance.
BOOST_AUTO_TEST_CASE(shares_are_even) {
  for (const std::size_t count : {2, 3, 5, 16, 64}) {
    auto in_a_row = members(count);
    for (std::size_t i = 0; i < count; ++i)
      in_a_row[i].id = i + 1;
    for (const auto& given : {members(count), in_a_row}) {
      const ring uut(given);
      const auto share = 1.0 / static_cast<double>(count);
      const auto mean = partition_count * share;
      const auto most = 5 * std::sqrt(mean * (1 - share));
      for (const auto& each : uut.members())
        BOOST_TEST(std::abs(uut.owned_by(each.id) - mean) < most);
    }
  }
}

// Scenario: a member more, and that member gone again, in rings of 1 to 20.
// Guarantee: nothing moves but what it takes over or leaves behind, and that goes to its standby.
BOOST_AUTO_TEST_CASE(nothing_moves_but_what_has_to) {
  const auto all = members(21, 3);
  for (std::size_t count = 1; count < all.size(); ++count) {
    const ring small({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)});
    const ring large({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count) + 1});
    const auto added = all[count].id;
    each_partition([&](partition p) {
      if (large.owner(p)->id == added)
        BOOST_REQUIRE(large.standby(p)->id == small.owner(p)->id);
      else
        BOOST_REQUIRE(large.owner(p)->id == small.owner(p)->id);
    });
  }
}

// Scenario: a whole zone goes, in rings of two and three zones.
// Guarantee: what it owned goes where the ring said that it would, to another zone.
BOOST_AUTO_TEST_CASE(a_zone_goes) {
  for (const std::size_t zones : {2, 3}) {
    const auto all = members(12, zones);
    const ring whole(all);
    for (std::size_t z = 0; z < zones; ++z) {
      const auto gone = std::string(1, static_cast<char>('a' + z));
      auto left = all;
      std::erase_if(left, [&](const auto& each) { return each.zone == gone; });
      const ring rest(left);
      each_partition([&](partition p) {
        if (whole.owner(p)->zone != gone)
          return;
        BOOST_REQUIRE(whole.zone_standby(p) != nullptr);
        BOOST_REQUIRE(whole.zone_standby(p)->zone != gone);
        BOOST_REQUIRE(rest.owner(p)->id == whole.zone_standby(p)->id);
      });
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
