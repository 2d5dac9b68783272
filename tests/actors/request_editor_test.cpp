#include "actors/edit_pool.hpp"
#include "actors/request_editor.hpp"
#include "processors/transform.hpp"
#include "spans.hpp"

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <fmt/format.h>

using namespace weir;
using namespace weir::actors;
using namespace std::chrono_literals;

namespace {

using chain_ptr = std::shared_ptr<const processors::chain>;

chain_ptr chain_of(const std::string& statement, const std::string& mode = "propagate") {
  processors::transform_config config;
  config.trace_statements = {{"span", {}, {statement}, mode}};
  const auto made = processors::make_transform(config, signal::traces, "t");
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
  std::vector<processors::chain::part> parts;
  for (const auto& p : *made)
    parts.push_back({"t", p});
  return std::make_shared<const processors::chain>(std::move(parts));
}

std::string span(char trace, std::string_view name) {
  return field(2, field(1, std::string(16, trace)) + field(2, std::string(8, 's')) + field(5, name));
}

std::string request(const std::string& spans) {
  return field(1, field(1, "") + field(2, spans));
}

edited_request edited(const chain_ptr& chain, const std::string& body,
                      std::chrono::nanoseconds time = 0s) {
  request_editor uut({});
  return uut.edit(chain, signal::traces, body, {}, time);
}

// Some seconds of work: each byte costs it hundreds of steps.
const auto slow_chain = [] {
  return chain_of(R"(replace_pattern(name, ".{0,500}b.{0,500}$", "x"))", "ignore");
};

} // namespace

BOOST_AUTO_TEST_SUITE(request_editor_test)

// Scenario: statements that change a span, leave it, fail on it; a bad span among good ones; bytes that are not
// OTLP. Guarantee: what is left, what was rejected, what was refused, each with its count.
BOOST_AUTO_TEST_CASE(what_is_left_is_said) {
  const auto good = request(span('a', "n") + span('b', "nn"));
  const auto changed = edited(chain_of(R"(set(name, "x") where name == "nn")"), good);
  BOOST_TEST(changed.items == 2U);
  BOOST_TEST(changed.removed == 0U);
  BOOST_REQUIRE(changed.message);
  BOOST_TEST((*changed.message == request(span('a', "n") + span('b', "x"))));
  BOOST_TEST(!edited(chain_of(R"(set(name, "x") where name == "y")"), good).message);
  const auto refused = edited(chain_of(R"(set(name, 1 / 0) where name == "nn")"), good);
  BOOST_TEST(refused.refusal.find("division by 0") != std::string::npos);
  BOOST_TEST(refused.items == 2U);
  BOOST_TEST(refused.removed == 2U);
  const auto mixed = request(span('a', "n") + span('\0', "nn") + span('c', "nn"));
  const auto rest = edited(chain_of(R"(set(name, "x") where name == "nn")"), mixed);
  BOOST_TEST(rest.items == 2U);
  BOOST_TEST(rest.rejected.bad_trace_id == 1U);
  BOOST_REQUIRE(rest.message);
  BOOST_TEST((*rest.message == request(span('a', "n") + span('c', "x"))));
  const auto kept = edited(chain_of(R"(set(name, "x") where name == "y")"), mixed);
  BOOST_REQUIRE(kept.message);
  BOOST_TEST((*kept.message == request(span('a', "n") + span('c', "nn"))));
  BOOST_TEST(edited(chain_of(R"(set(name, "x"))"), good.substr(0, good.size() - 2)).malformed.has_value());
}

// Scenario: a pattern that takes seconds, in 100 ms. Guarantee: all of it is refused, with the statement.
BOOST_AUTO_TEST_CASE(what_takes_too_long_is_refused) {
  const auto made = edited(slow_chain(), request(span('a', std::string(1'000'000, 'a'))), 100ms);
  BOOST_TEST(made.ended);
  BOOST_TEST(made.removed == 1U);
  BOOST_TEST(made.refusal.find("replace_pattern") != std::string::npos);
  BOOST_TEST(made.refusal.find("max_edit_time") != std::string::npos);
}

// Scenario: requests that take seconds each, more than there are threads, and a quick one behind them. Guarantee:
// the quick one is there first, long before them; they come back refused; what waits at the end is let go.
BOOST_AUTO_TEST_CASE(slow_requests_hold_up_no_other) {
  std::mutex mutex;
  std::condition_variable came;
  bool woken = false;
  std::vector<std::string> order;
  edit_pool uut({2, 300ms}, {}, [&] {
    const std::lock_guard guard(mutex);
    woken = true;
    came.notify_all();
  });
  const auto job = [&](std::string name, const chain_ptr& chain, std::string body) {
    auto made = std::make_unique<edit_job>();
    made->request.client_address = std::move(name);
    made->request.body = std::move(body);
    auto& part = made->parts.emplace_back();
    part.pipeline = 1;
    part.edits = chain;
    std::vector<edit_job_ptr> one;
    one.push_back(std::move(made));
    uut.give(std::move(one));
  };
  const auto slow = slow_chain();
  const auto body = request(span('a', std::string(1'000'000, 'a')));
  for (const auto* name : {"slow 1", "slow 2", "slow 3"})
    job(name, slow, body);
  job("quick", chain_of(R"(set(name, "x"))"), request(span('a', "n")));
  const auto until = std::chrono::steady_clock::now() + 60s;
  while (order.size() < 4) {
    std::unique_lock guard(mutex);
    BOOST_REQUIRE(came.wait_until(guard, until, [&] { return woken; }));
    woken = false;
    guard.unlock();
    for (const auto& done : uut.take()) {
      order.push_back(done->request.client_address);
      BOOST_TEST(done->parts[0].made.ended == (done->request.client_address != "quick"));
      BOOST_TEST(done->refusal == "");
    }
  }
  BOOST_TEST(order.front() == "quick");
  for (int i = 0; i < 20; ++i)
    job("waits", slow, body);
  uut.drop_waiting();
}

BOOST_AUTO_TEST_SUITE_END()
