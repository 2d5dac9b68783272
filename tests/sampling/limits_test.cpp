// Policies whose answer depends on what came before: tables in time, each with twins that are off
// by a little and must be caught.
#include "policy_table.hpp"

using namespace weir;
using namespace weir::sampling;
using namespace weir::sampling::testing;

namespace {

struct timed_row {
  steady_ns time = 0;
  bool vip = false;
  std::uint32_t spans = 1;
  std::uint64_t bytes = 100;
  bool kept = false;
};
using timed_table = std::vector<timed_row>;

std::size_t wrong_rows(const policy_config& config, const timed_table& rows) {
  auto set = compiled(only(config));
  std::size_t wrong = 0;
  for (const auto& row : rows) {
    auto features = features_of(set, {with({{"vip", row.vip}})});
    features.spans = row.spans;
    features.bytes = row.bytes;
    wrong += set.decide(id_of(1), features, row.time).keep != row.kept ? 1 : 0;
  }
  return wrong;
}

void check(const policy_config& config, const timed_table& rows,
           const std::vector<std::function<void(policy_config&)>>& twins) {
  BOOST_TEST(wrong_rows(config, rows) == 0U);
  for (std::size_t i = 0; i < twins.size(); ++i) {
    auto twin = config;
    twins[i](twin);
    BOOST_TEST(wrong_rows(twin, rows) > 0U, "broken twin " << i << " was not caught");
  }
}

constexpr steady_ns begin = 10 * second_ns;
constexpr steady_ns tenth = second_ns / 10;

} // namespace

BOOST_AUTO_TEST_SUITE(limits_test)

// Scenario: 1,000 bytes a second with a burst of 1,500: larger traces, at once, after a pause.
// Guarantee: as many bytes as have flowed in, at most the burst; what does not fit spends nothing.
BOOST_AUTO_TEST_CASE(bytes_limiting_by_bytes) {
  auto config = policy(policy_type::bytes_limiting);
  config.bytes_per_second = 1000;
  config.burst_capacity = 1500;
  check(config,
        {{.time = begin, .bytes = 1501, .kept = false},
         {.time = begin, .spans = 1000, .bytes = 1500, .kept = true},
         {.time = begin, .bytes = 1, .kept = false},
         {.time = begin + tenth, .bytes = 101, .kept = false},
         {.time = begin + tenth, .bytes = 100, .kept = true},
         {.time = begin + 60 * second_ns, .bytes = 1500, .kept = true},
         {.time = begin + 60 * second_ns, .bytes = 1, .kept = false}},
        {[](auto& p) { p.bytes_per_second = 1100; }, [](auto& p) { p.bytes_per_second = 900; },
         [](auto& p) { p.burst_capacity = 0; }, [](auto& p) { p.burst_capacity = 1400; },
         [](auto& p) { p.type = policy_type::rate_limiting, p.spans_per_second = 1000; }});
  config.burst_capacity = 0;
  check(config,
        {{.time = begin, .bytes = 2000, .kept = true}, {.time = begin, .bytes = 1, .kept = false}},
        {[](auto& p) { p.burst_capacity = 1000; }, [](auto& p) { p.burst_capacity = 3000; }});
}

// Scenario: the same in spans.
// Guarantee: the same, whatever the spans' size.
BOOST_AUTO_TEST_CASE(rate_limiting_by_spans) {
  auto config = policy(policy_type::rate_limiting);
  config.spans_per_second = 100;
  config.burst_capacity = 50;
  check(config,
        {{.time = begin, .spans = 51, .kept = false},
         {.time = begin, .spans = 50, .bytes = 1'000'000, .kept = true},
         {.time = begin, .spans = 1, .kept = false},
         {.time = begin + tenth, .spans = 11, .kept = false},
         {.time = begin + tenth, .spans = 10, .kept = true}},
        {[](auto& p) { p.spans_per_second = 110; }, [](auto& p) { p.spans_per_second = 90; },
         [](auto& p) { p.burst_capacity = 0; },
         [](auto& p) { p.type = policy_type::bytes_limiting, p.bytes_per_second = 100; }});
}

// Scenario: a composite of a boolean with 60 percent and of all the rest with 40, of 100 spans,
// over two seconds. Guarantee: each part passes its share in each whole second; the first part that
// samples decides, within its share; what one part leaves the other does not get.
BOOST_AUTO_TEST_CASE(composite_by_order_and_share) {
  auto vip = policy(policy_type::boolean_attribute, "vip");
  vip.key = "vip";
  vip.value = true;
  auto config = policy(policy_type::composite);
  config.max_total_spans_per_second = 100;
  config.sub_policies = {vip, policy(policy_type::always_sample, "rest")};
  config.rate_allocations = {{"vip", 60}, {"rest", 40}};
  check(config,
        {{.time = begin, .vip = true, .spans = 101, .kept = false},
         {.time = begin, .vip = true, .spans = 60, .kept = true},
         {.time = begin + tenth, .vip = true, .spans = 1, .kept = false},
         {.time = begin + tenth, .vip = false, .spans = 41, .kept = false},
         {.time = begin + tenth, .vip = false, .spans = 40, .kept = true},
         {.time = begin + tenth, .vip = false, .spans = 1, .kept = false},
         {.time = begin + second_ns, .vip = false, .spans = 30, .kept = true},
         {.time = begin + second_ns, .vip = true, .spans = 60, .kept = true},
         {.time = begin + second_ns, .vip = true, .spans = 1, .kept = false}},
        {[](auto& p) { p.max_total_spans_per_second = 110; },
         [](auto& p) { p.max_total_spans_per_second = 90; },
         [](auto& p) { std::swap(p.sub_policies[0], p.sub_policies[1]); },
         [](auto& p) { p.rate_allocations[0].percent = 61; },
         [](auto& p) { p.rate_allocations[1].percent = 39; },
         [](auto& p) { p.rate_allocations.clear(); },
         [](auto& p) { p.sub_policies[0].value = false; },
         [](auto& p) { p.sub_policies.pop_back(); }});
}

BOOST_AUTO_TEST_SUITE_END()
