#pragma once

#include "actors/messages.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <chrono>
#include <memory>

namespace weir::actors {

/// An actor system on the test's thread: actors have their turns in run(), and its clock moves in
/// pass() alone. Actors must not be spawned detached.
struct stepped_system {
  stepped_system()
      : system(with_test_scheduler(config)),
        scheduler(dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())),
        self(system) {}

  /// Until no mailbox holds anything.
  void run() { scheduler.run(); }

  /// In steps of 10 ms, so that a timer that sets itself again fires as often as it would.
  void pass(std::chrono::milliseconds total) {
    constexpr std::chrono::milliseconds step(10);
    for (run(); total.count() > 0; total -= step) {
      scheduler.advance_time(step);
      run();
    }
  }

  template <class Handle, class... Message>
  void tell(const Handle& actor, const Message&... message) {
    caf::anon_send(actor, message...);
    run();
  }

  /// Asks without waiting, and runs; how many answers have come stands in what is returned.
  template <class Answer, class Handle, class... Message>
  std::shared_ptr<int> ask(const Handle& actor, const Message&... message) {
    auto answers = std::make_shared<int>(0);
    system.spawn([actor, answers, message...](caf::event_based_actor* asker) {
      asker->request(actor, caf::infinite, message...).then([answers](Answer) { ++*answers; });
    });
    run();
    return answers;
  }

  template <class Handle>
  void end(Handle& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    actor = Handle();
    run();
  }

  caf::actor_system_config config;
  caf::actor_system system;
  caf::scheduler::test_coordinator& scheduler;
  caf::scoped_actor self;

private:
  static caf::actor_system_config& with_test_scheduler(caf::actor_system_config& config) {
    config.set("scheduler.policy", caf::atom("testing"));
    return config;
  }
};

} // namespace weir::actors
