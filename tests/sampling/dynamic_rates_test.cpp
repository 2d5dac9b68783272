#include "sampling/dynamic_rates.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <random>
#include <thread>

using namespace weir;
using namespace weir::sampling;

namespace {

/// The rates as algorithms for it are published (dynsampler-go's EMASampleRate), step by step.
std::map<std::uint64_t, double> published(const std::map<std::uint64_t, double>& averages,
                                          double goal) {
  double logarithms = 0;
  for (const auto& [key, average] : averages)
    logarithms += std::log10(std::max(1.0, average));
  const auto ratio = logarithms == 0 ? 0 : goal / logarithms;
  std::map<std::uint64_t, double> rates;
  auto remaining = static_cast<double>(averages.size());
  double extra = 0;
  for (const auto& [key, average] : averages) {
    const auto count = std::max(1.0, average);
    auto wanted = std::max(1.0, std::log10(count) * ratio);
    const auto more = extra / remaining;
    wanted += more;
    extra -= more;
    remaining -= 1;
    rates[key] = count <= wanted ? 1 : std::ceil(count / wanted);
    extra += count <= wanted ? wanted - count : wanted - count / rates[key];
  }
  return rates;
}

std::map<std::uint64_t, double> rates_of(const dynamic_rates& rates, std::uint64_t keys) {
  std::map<std::uint64_t, double> now;
  for (std::uint64_t key = 0; key < keys; ++key)
    now[key] = rates.rate(key);
  return now;
}

} // namespace

BOOST_AUTO_TEST_SUITE(dynamic_rates_test)

// Scenario: five intervals of random traffic over keys from one span to 100,000.
// Guarantee: the published formula over a moving average worked out apart, and about one span of
// ten.
BOOST_AUTO_TEST_CASE(rates_are_those_of_the_formula) {
  constexpr std::uint64_t keys = 12;
  dynamic_settings settings;
  settings.burst_multiple = 0;
  dynamic_rates rates(settings);
  std::mt19937_64 random(7);
  std::map<std::uint64_t, double> averages;
  steady_ns now = 0;
  for (int interval = 0; interval < 5; ++interval) {
    for (std::uint64_t key = 0; key < keys; ++key) {
      const auto spans =
          static_cast<std::uint32_t>(std::pow(10, static_cast<double>(key) / 2.4)
                                     * (1 + static_cast<double>(random() % 100) / 100));
      rates.count(key, spans, now);
      averages[key] = interval == 0 ? spans : 0.5 * spans + 0.5 * averages[key];
    }
    now += settings.interval;
    rates.count(0, 0, now); // the first call of the next interval ends this one
    double sum = 0;
    for (const auto& [key, average] : averages)
      sum += std::max(1.0, average);
    const auto expected = published(averages, sum / settings.goal_rate);
    BOOST_TEST((rates_of(rates, keys) == expected), "interval " << interval);
    double kept = 0;
    for (const auto& [key, average] : averages)
      kept += average / expected.at(key);
    BOOST_TEST(std::abs(kept / (sum / settings.goal_rate) - 1) < 0.15);
    BOOST_TEST(rates.rate(0) == 1);
    BOOST_TEST(rates.rate(keys - 1) > 10);
  }
}

// Scenario: before the first interval, a second, is over, and keys that were not there in it.
// Guarantee: the goal's rate for all at first; then a new key is kept.
BOOST_AUTO_TEST_CASE(new_keys_are_kept) {
  dynamic_settings settings;
  dynamic_rates rates(settings);
  BOOST_TEST(rates.count(1, 1000, 0) == 10);
  BOOST_TEST(rates.count(2, 1, second_ns - 1) == 10);
  BOOST_TEST(rates.count(3, 1, second_ns) == 1);
  BOOST_TEST(rates.rate(4) == 1);
  BOOST_TEST(rates.rate(1) > 5);
  BOOST_TEST(rates.rate(2) == 1);
}

// Scenario: a throughput is the goal, below and above the traffic.
// Guarantee: everything is kept below it; above it, about as much as was asked for.
BOOST_AUTO_TEST_CASE(a_throughput_is_kept) {
  for (const double goal : {50.0, 1000.0}) {
    dynamic_settings settings;
    settings.goal_per_second = goal;
    dynamic_rates rates(settings);
    steady_ns now = 0;
    double kept = 0;
    for (int second = 0; second < 90; ++second, now += second_ns)
      for (std::uint64_t key = 0; key < 4; ++key) {
        const auto rate = rates.count(key, 100, now);
        if (second >= 60)
          kept += 100 / rate;
      }
    const auto expected = std::min(goal, 400.0);
    BOOST_TEST(std::abs(kept / 30 / expected - 1) < 0.15, kept / 30 << " of " << expected);
  }
}

// Scenario: more keys than there may be.
// Guarantee: no more rows than allowed; the others share a rate, which thins them when they are
// many, and how many spans they were is said once; when keys go away there is room again.
BOOST_AUTO_TEST_CASE(keys_are_bounded) {
  dynamic_settings settings;
  settings.max_keys = 50;
  settings.burst_multiple = 0;
  dynamic_rates rates(settings);
  steady_ns now = 0;
  for (int interval = 0; interval < 4; ++interval, now += settings.interval)
    for (std::uint64_t key = 0; key < 5000; ++key)
      rates.count(key, 1, now);
  BOOST_TEST(rates.keys() == 50U);
  BOOST_TEST(rates.take_shared_spans() == 4U * 4950U);
  BOOST_TEST(rates.take_shared_spans() == 0U);
  BOOST_TEST(rates.count(4000, 1, now) > 8);
  BOOST_TEST(rates.rate(123'456) == rates.rate(4000));
  for (int interval = 0; interval < 10; ++interval, now += settings.interval)
    rates.count(9999, 100, now);
  BOOST_TEST(rates.keys() <= 2U);
  BOOST_TEST(rates.count(77, 1, now) == 1);
}

// Scenario: ten times the usual traffic under one key, in the middle of an interval.
// Guarantee: its rate rises before the interval is over; not where that is switched off.
BOOST_AUTO_TEST_CASE(a_burst_ends_the_interval) {
  for (const double multiple : {2.0, 0.0}) {
    dynamic_settings settings;
    settings.burst_multiple = multiple;
    dynamic_rates rates(settings);
    steady_ns now = 0;
    for (int second = 0; second < 100; ++second, now += second_ns)
      for (std::uint64_t key = 0; key < 3; ++key)
        rates.count(key, 10, now);
    const auto before = rates.rate(2);
    for (int i = 0; i < 200; ++i)
      rates.count(2, 10, now);
    BOOST_TEST((rates.rate(2) > 1.5 * before) == (multiple > 0), before << ", " << rates.rate(2));
  }
}

// Scenario: three nodes count the same keys, each a third of the spans, and hear of each other each
// second, two seconds late; one node counts all of it. Of half the keys only the sum is said.
// Guarantee: after ten seconds, and after a minute, each has about the rates of the one node.
BOOST_AUTO_TEST_CASE(nodes_learn_from_each_other) {
  constexpr std::uint64_t keys = 8;
  dynamic_settings settings;
  settings.goal_per_second = 100;
  settings.burst_multiple = 0;
  dynamic_rates alone(settings);
  dynamic_rates node(settings);
  for (int second = 0; second < 60; ++second) {
    const auto now = (100 + second) * second_ns;
    foreign_counts foreign{2, 2};
    for (std::uint64_t key = 0; key < keys; ++key) {
      const auto spans = static_cast<std::uint32_t>(40 * (key + 1));
      for (int i = 0; i < 3; ++i)
        alone.count(key, spans, now + i);
      node.count(key, spans, now);
      const auto others = 1000ULL * 2 * spans;
      if (key % 2 == 0)
        foreign.keys.push_back({key, others});
      else
        foreign.other_keys += others;
    }
    node.take_counts();
    node.learn(second < 2 ? foreign_counts{} : foreign, now + second_ns / 3);
    if (second != 10 && second != 59)
      continue;
    for (std::uint64_t key = 0; key < keys; ++key)
      BOOST_TEST(std::abs(node.rate(key) / alone.rate(key) - 1) < 0.1,
                 second << " s, key " << key << ": " << node.rate(key) << ", not "
                        << alone.rate(key));
  }
}

// Scenario: others count far more keys than there may be here, and then nothing any more.
// Guarantee: no more rows than allowed; only what was counted here is told; in the end the rates are
// those of a node alone.
BOOST_AUTO_TEST_CASE(what_others_count_is_bounded_and_forgotten) {
  dynamic_settings settings;
  settings.max_keys = 50;
  settings.burst_multiple = 0;
  dynamic_rates alone(settings);
  dynamic_rates node(settings);
  foreign_counts foreign{1, 1, {}, 5'000'000};
  for (std::uint64_t key = 1000; key < 2000; ++key)
    foreign.keys.push_back({key, 1000});
  for (int second = 0; second < 600; ++second) {
    const auto now = (100 + second) * second_ns;
    for (std::uint64_t key = 0; key < 4; ++key)
      for (auto* rates : {&alone, &node})
        rates->count(key, 100, now);
    const auto told = node.take_counts();
    BOOST_TEST(told.spans == 400);
    BOOST_TEST(told.keys.size() == 4U);
    node.learn(second < 60 ? foreign : foreign_counts{}, now);
    BOOST_TEST(node.keys() <= 50U);
  }
  for (std::uint64_t key = 0; key < 4; ++key)
    BOOST_TEST(node.rate(key) == alone.rate(key));
}

// Scenario: an hour without traffic, and then one trace.
// Guarantee: what was learned is still there.
BOOST_AUTO_TEST_CASE(silence_forgets_nothing) {
  dynamic_settings settings;
  dynamic_rates rates(settings);
  for (int i = 0; i < 4; ++i)
    for (std::uint64_t key = 0; key < 3; ++key)
      rates.count(key, 1000 + 1000 * static_cast<std::uint32_t>(key), i * settings.interval);
  const auto before = rates_of(rates, 3);
  rates.count(0, 1, 3600 * second_ns);
  const auto after = rates_of(rates, 3);
  for (std::uint64_t key = 0; key < 3; ++key)
    BOOST_TEST(std::abs(after.at(key) / before.at(key) - 1) < 0.3);
}

// Scenario: the same random calls twice; and from four threads at once.
// Guarantee: the same rates each time; nothing is lost between threads.
BOOST_AUTO_TEST_CASE(deterministic_and_shared) {
  const auto run = [](std::uint64_t seed) {
    dynamic_rates rates({});
    std::mt19937_64 random(seed);
    double sum = 0;
    for (int i = 0; i < 50'000; ++i)
      sum = sum * 0.999 + rates.count(random() % 700, 1 + random() % 5, i * (second_ns / 500));
    return sum;
  };
  for (const std::uint64_t seed : {1, 2, 3})
    BOOST_TEST(run(seed) == run(seed));
  BOOST_TEST(run(1) != run(2));

  dynamic_settings settings;
  settings.max_keys = 10;
  dynamic_rates rates(settings);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (std::uint64_t i = 0; i < 20'000; ++i)
        rates.count(i % 20, 1, 0);
    });
  for (auto& thread : threads)
    thread.join();
  BOOST_TEST(rates.take_shared_spans() == 4U * 10'000U);
}

BOOST_AUTO_TEST_SUITE_END()
