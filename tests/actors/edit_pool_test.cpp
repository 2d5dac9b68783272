#include "actors/edit_pool.hpp"

#include "tests/stages/chains.hpp"

#include <boost/test/unit_test.hpp>
#include <condition_variable>

using namespace weir;
using namespace weir::actors;
using namespace weir::stages;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(edit_pool_test)

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
  const auto job = [&](std::string name, const std::shared_ptr<const editing::chain>& chain,
                       std::string body) {
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
  const auto body = request_of(named_span('a', std::string(1'000'000, 'a')));
  for (const auto* name : {"slow 1", "slow 2", "slow 3"})
    job(name, slow, body);
  job("quick", chain_of(R"(set(name, "x"))", "propagate"), request_of(named_span('a', "n")));
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
