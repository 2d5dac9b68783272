#include "net/gathering.hpp"

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

  std::optional<steady_ns> add(steady_ns now, std::string body) {
    std::vector<otlp_request> one(1);
    one.front().body = std::move(body);
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
