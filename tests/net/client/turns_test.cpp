#include "net/client/turns.hpp"

#include "net/client/retry_pause.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <vector>

using weir::millisecond_ns;
using weir::net::retry_pause;
using weir::net::turns;

BOOST_AUTO_TEST_SUITE(turns_test)

// Scenario: servers that answer at once. Guarantee: strictly in turn, whatever the number.
BOOST_AUTO_TEST_CASE(equal_servers_take_turns) {
  for (const std::size_t count : {1u, 2u, 3u, 64u}) {
    turns t;
    for (std::size_t i = 0; i < 5 * count; ++i)
      BOOST_TEST(t.next(count, [](std::size_t) { return std::optional<std::size_t>(0); }).value()
                 == i % count);
  }
}

// Scenario: one of three servers never answers; the others answer at once; at most nine calls in
// flight. Guarantee: it holds no more than its share.
BOOST_AUTO_TEST_CASE(a_stalled_server_holds_no_more_than_its_share) {
  turns t;
  std::array<std::size_t, 3> open{};
  for (int i = 0; i < 1000; ++i) {
    const auto chosen =
        t.next(3, [&](std::size_t s) { return std::optional<std::size_t>(open[s]); }).value();
    ++open[chosen];
    if (open[0] + open[1] + open[2] == 9)
      open[1] = open[2] = 0; // All but the stalled one answer.
  }
  BOOST_TEST(open[0] <= 3u);
}

// Scenario: some servers can take none; then all. Guarantee: the others take turns; then nothing.
BOOST_AUTO_TEST_CASE(those_that_can_take_none_are_passed_over) {
  turns t;
  const auto only_odd = [](std::size_t i) {
    return i % 2 == 1 ? std::optional<std::size_t>(0) : std::nullopt;
  };
  std::vector<std::size_t> seen;
  for (int i = 0; i < 4; ++i)
    seen.push_back(t.next(4, only_odd).value());
  BOOST_TEST(seen == (std::vector<std::size_t>{1, 3, 1, 3}), boost::test_tools::per_element());
  BOOST_TEST(!t.next(4, [](std::size_t) { return std::optional<std::size_t>(); }).has_value());
  BOOST_TEST(!t.next(0, only_odd).has_value());
}

// Scenario: failures in a row, jitter at its ends, a server's wish, a success. Guarantee: 100 ms,
// 1.6 times as long each, never over the limit and its jitter, not below the wish; then none.
BOOST_AUTO_TEST_CASE(pauses_grow_to_a_limit) {
  using std::chrono::milliseconds;
  retry_pause p(milliseconds(1000));
  BOOST_TEST(p.over(0));
  std::vector<long> seen;
  for (int i = 0; i < 8; ++i) {
    p.failed(1000, 0.0);
    seen.push_back(static_cast<long>((p.until() - 1000) / millisecond_ns));
  }
  BOOST_TEST(seen == (std::vector<long>{100, 160, 256, 409, 655, 1000, 1000, 1000}),
             boost::test_tools::per_element());
  p.failed(0, 1.0);
  BOOST_TEST(p.until() == 1200 * millisecond_ns);
  p.failed(0, -1.0);
  BOOST_TEST(p.until() == 800 * millisecond_ns);
  BOOST_TEST(!p.over(800 * millisecond_ns - 1));
  BOOST_TEST(p.over(800 * millisecond_ns));
  p.failed(0, 0.0, milliseconds(5000));
  BOOST_TEST(p.until() == 5000 * millisecond_ns);
  p.succeeded();
  BOOST_TEST(p.over(0));
}

BOOST_AUTO_TEST_SUITE_END()
