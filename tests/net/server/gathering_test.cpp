#include "net/server/gathering.hpp"

#include <algorithm>

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::net;
using namespace std::chrono_literals;

namespace {

struct fixture {
  std::vector<std::vector<std::string>> handed;
  gathering gather{[this](std::vector<otlp_request>&& requests) {
                     handed.emplace_back();
                     for (const auto& request : requests)
                       handed.back().push_back(request.body);
                   },
                   10us, 100};

  // More comes on each of these connections than a pause is long apart.
  fixture() {
    std::vector<otlp_request> many(50'000);
    for (std::uint64_t i = 0; i < many.size(); ++i)
      many[i].connection = 100 + i % 2;
    gather.add(many, 40'000);
    handed.clear();
  }

  std::optional<steady_ns> add(steady_ns now, std::string body, std::uint64_t connection = 1) {
    std::vector<otlp_request> one(1);
    one.front().body = std::move(body);
    one.front().connection = connection;
    const auto asked = gather.add(one, now);
    BOOST_TEST(one.empty());
    return asked;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(gathering_test, fixture)

// Scenario: a request after a pause, more right behind it, on several threads. Guarantee: the first
// goes on at once; the others together when the pause is over, for which one of them asks; in the
// order they came.
BOOST_AUTO_TEST_CASE(what_comes_close_together_goes_on_together) {
  BOOST_TEST(!add(50'000, "a").has_value());
  BOOST_TEST((add(51'000, "b") == 60'000));
  BOOST_TEST(!add(52'000, "c").has_value());
  BOOST_TEST(handed.size() == 1U);
  BOOST_TEST(!gather.on_time(60'000).has_value());
  BOOST_REQUIRE(handed.size() == 2U);
  BOOST_TEST(handed[1] == (std::vector<std::string>{"b", "c"}), boost::test_tools::per_element());
}

// Scenario: enough bytes gather before the pause is over. Guarantee: they do not wait for it, and
// who had asked to be called finds what came since, not earlier than a pause after.
BOOST_AUTO_TEST_CASE(enough_bytes_do_not_wait) {
  add(50'000, "a");
  BOOST_TEST((add(51'000, "b") == 60'000));
  BOOST_TEST(!add(55'000, std::string(100, 'x')).has_value());
  BOOST_TEST(handed.back().size() == 2U);
  BOOST_TEST(!add(56'000, "c").has_value());
  BOOST_TEST((gather.on_time(60'000) == 65'000));
  BOOST_TEST(handed.size() == 2U);
  BOOST_TEST(!gather.on_time(65'000).has_value());
  BOOST_TEST(handed.back().front() == "c");
}

// Scenario: requests wait, and go on when their time comes; then some wait that enough bytes join.
// Guarantee: only those behind others that waited out their time are said to wait until it comes,
// and only as long as they wait.
BOOST_AUTO_TEST_CASE(a_wait_has_an_end_where_only_time_ends_it) {
  add(50'000, "a");
  add(51'000, "b");
  BOOST_TEST(gather.wait_end() == 0);
  gather.on_time(60'000);
  BOOST_TEST(gather.wait_end() == 0);
  add(61'000, "c");
  BOOST_TEST(gather.wait_end() == 70'000);
  add(62'000, std::string(100, 'x'));
  BOOST_TEST(gather.wait_end() == 0);
  add(63'000, "d");
  BOOST_TEST(gather.wait_end() == 0);
}

// Scenario: the time comes and nothing has gathered. Guarantee: nothing is handed over, and the
// next that has to wait asks again.
BOOST_AUTO_TEST_CASE(nothing_is_not_handed_over) {
  add(50'000, "a");
  add(51'000, std::string(100, 'x'));
  BOOST_TEST(!gather.on_time(61'000).has_value());
  BOOST_TEST(handed.size() == 2U);
  BOOST_TEST(!add(62'000, "b").has_value());
  BOOST_TEST((add(63'000, "c") == 72'000));
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

// Clients over a server that answers what it is handed after a millisecond; time in steps of 0.1
// ms.
struct simulation {
  struct client {
    std::uint64_t connection;
    steady_ns every;    ///< 0: again as soon as it is answered.
    steady_ns next = 0; ///< When it sends next.
    int answers = 0;
  };

  static constexpr steady_ns step = millisecond_ns / 10, service = millisecond_ns;

  void run(steady_ns seconds) {
    const auto end = now + seconds * second_ns;
    for (; now < end; now += step) {
      if (wake != 0 && now >= wake)
        wake = gather.on_time(now).value_or(0);
      for (std::size_t i = 0; i < clients.size(); ++i) {
        auto& each = clients[i];
        if (now < each.next)
          continue;
        each.next = each.every == 0 ? end : each.next + each.every;
        std::vector<otlp_request> one(1);
        one.front().connection = each.connection;
        one.front().body = std::to_string(i);
        if (const auto later = gather.add(one, now))
          wake = *later;
      }
    }
  }

  std::vector<client> clients;
  steady_ns now = 100 * second_ns, wake = 0;
  int handed_over = 0;
  gathering gather{[this](std::vector<otlp_request>&& requests) {
                     ++handed_over;
                     for (const auto& request : requests) {
                       auto& source = clients[std::stoul(request.body)];
                       ++source.answers;
                       if (source.every == 0)
                         source.next = now + service;
                     }
                   },
                   10ms, 256 << 10};
};

} // namespace

BOOST_AUTO_TEST_SUITE(gathering_load_test)

// Scenario: one client with one request in flight. Guarantee: none waits for company: as many
// answers as the server can give one after the other.
BOOST_AUTO_TEST_CASE(a_client_on_its_own_does_not_wait) {
  simulation s;
  s.clients = {{1, 0}};
  s.run(2);
  BOOST_TEST(s.clients[0].answers >= 1800);
}

// Scenario: four clients with one request in flight each, one connection with four, and twenty
// others that send twice a second. Guarantee: the busy ones wait for each other alone, so each
// hand-over has all of theirs.
BOOST_AUTO_TEST_CASE(clients_that_wait_for_answers_wait_for_each_other_alone) {
  simulation s;
  for (std::uint64_t i = 0; i < 4; ++i)
    s.clients.push_back({1 + i, 0});
  for (std::uint64_t i = 0; i < 4; ++i)
    s.clients.push_back({9, 0});
  for (std::uint64_t i = 0; i < 20; ++i)
    s.clients.push_back(
        {20 + i, second_ns / 2, 100 * second_ns + static_cast<steady_ns>(i) * 23 * millisecond_ns});
  s.run(4);
  for (std::size_t i = 0; i < 8; ++i)
    BOOST_TEST(s.clients[i].answers >= 3200);
  BOOST_TEST(s.handed_over <= s.clients[0].answers + 200);
}

// Scenario: 200 requests a second in turn from six connections, as a load that is paced sends them;
// and 2,000. Guarantee: they go on together: as often as the pause says, or when each has sent one.
BOOST_AUTO_TEST_CASE(a_load_that_keeps_coming_gathers) {
  for (const auto per_second : {200, 2000}) {
    simulation s;
    for (std::uint64_t i = 0; i < 6; ++i)
      s.clients.push_back({1 + i, 6 * second_ns / per_second,
                           100 * second_ns + static_cast<steady_ns>(i) * second_ns / per_second});
    s.run(4);
    BOOST_TEST(s.handed_over <= std::max(4 * 105, 4 * per_second / 6) + 60,
               "at " << per_second << " a second: " << s.handed_over);
  }
}

// Scenario: 200 requests a second of a client that paces itself, on one connection, and on
// whichever of four has nothing under way. Guarantee: they go on together as well, though each
// could be answered before the next one comes.
BOOST_AUTO_TEST_CASE(a_paced_client_gathers) {
  for (const std::size_t connections : {1, 4}) {
    int handed = 0;
    std::vector<int> under_way(connections);
    gathering gather{[&](std::vector<otlp_request>&& requests) {
                       ++handed;
                       for (const auto& request : requests)
                         --under_way[request.connection - 1];
                     },
                     10ms, 256 << 10};
    steady_ns wake = 0;
    const auto begin = 100 * second_ns;
    for (auto now = begin; now < begin + 4 * second_ns; now += millisecond_ns) {
      if (wake != 0 && now >= wake)
        wake = gather.on_time(now).value_or(0);
      if (now % (5 * millisecond_ns) != 0)
        continue;
      const auto free = std::min_element(under_way.begin(), under_way.end()) - under_way.begin();
      ++under_way[static_cast<std::size_t>(free)];
      std::vector<otlp_request> one(1);
      one.front().connection = static_cast<std::uint64_t>(free) + 1;
      if (const auto later = gather.add(one, now))
        wake = *later;
    }
    BOOST_TEST(handed <= 4 * 105 + 80, connections << " connections: " << handed);
  }
}

// Scenario: of two busy clients one closes its connection, and another falls silent. Guarantee: the
// rest does not wait for the one that is gone, and for the silent one not longer than a second.
BOOST_AUTO_TEST_CASE(nobody_waits_for_who_is_gone) {
  simulation s;
  s.clients = {{1, 0}, {2, 0}, {3, 0}};
  s.run(2);
  s.clients[1].next = s.clients[2].next = s.now + 1000 * second_ns;
  s.gather.left(2);
  s.clients[0].answers = 0;
  s.clients[0].next = s.now;
  s.run(3);
  BOOST_TEST(s.clients[0].answers >= 1800);
  s.clients[1] = {4, 0, s.now};
  s.clients[0].next = s.now;
  s.run(1);
  s.clients[1].next = s.now + 1000 * second_ns;
  s.gather.left(4);
  s.clients[0].answers = 0;
  s.clients[0].next = s.now;
  s.run(1);
  BOOST_TEST(s.clients[0].answers >= 850);
}

// Scenario: a new connection for each request, one after the other. Guarantee: none waits.
BOOST_AUTO_TEST_CASE(a_connection_for_each_request_does_not_wait) {
  int handed = 0;
  gathering gather{[&](std::vector<otlp_request>&&) { ++handed; }, 10ms, 256 << 10};
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    std::vector<otlp_request> one(1);
    one.front().connection = i;
    BOOST_TEST(!gather.add(one, static_cast<steady_ns>(i) * millisecond_ns).has_value());
    gather.left(i);
  }
  BOOST_TEST(handed == 1000);
}

BOOST_AUTO_TEST_SUITE_END()
