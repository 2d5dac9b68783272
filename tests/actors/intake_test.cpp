#include "actors/intake.hpp"

#include "fake_stages.hpp"
#include "stepped_system.hpp"
#include "tests/stages/chains.hpp"

using namespace weir;
using namespace weir::actors;

namespace {

struct client final : net::reply_handle::target {
  void reply(net::otlp_reply&& answer) override { code = answer.code; }
  std::optional<net::otlp_reply::status> code;
};

// An intake of one sampled pipeline, with a writer and an origin of the test.
struct fixture : stepped_system {
  fixture() {
    plan.pipelines.push_back({1, "traces", signal::traces, true, nullptr, nullptr});
    plan.receivers.push_back({"otlp", {0}, {}, {}});
    plan.handed = std::make_shared<net::byte_budget>(1 << 20);
    write = system.spawn(fake_writer, &writer);
    origin = system.spawn(fake_origin, &told);
    uut = system.spawn(actors::intake, plan, disk,
                       std::make_shared<std::atomic<journal_position>>(0), write, origin);
    run();
  }
  ~fixture() {
    tell(write, flush_atom_v);
    end(uut);
    end(origin);
    end(write);
  }

  std::shared_ptr<client> take() {
    auto asker = std::make_shared<client>();
    auto arrived = std::make_shared<arrivals>();
    auto& request = arrived->requests.emplace_back();
    request.body = stages::request_of(stages::named_span('a', "n"));
    request.reply = net::reply_handle(asker);
    tell(uut, arrivals_ptr(arrived));
    return asker;
  }

  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  stages::model_writer writer{disk};
  stages::intake_config plan;
  told_origin told;
  writer_actor write;
  origin_actor origin;
  intake_actor uut;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(intake_test, fixture)

// Scenario: four requests, one after the other, while the writer is slow. Guarantee: two commits
// are with the writer, and the third goes by itself once one is over; each client has its OK, the
// origin each entry.
BOOST_AUTO_TEST_CASE(the_next_commit_goes_by_itself) {
  std::vector<std::shared_ptr<client>> askers;
  for (int i = 0; i < 4; ++i)
    askers.push_back(take());
  BOOST_TEST(writer.waiting() == 2U);
  BOOST_TEST(told.entries.empty());
  tell(write, flush_atom_v);
  BOOST_TEST(writer.waiting() == 1U);
  BOOST_TEST(told.entries.size() == 2U);
  tell(write, flush_atom_v);
  BOOST_TEST(told.entries.size() == 3U);
  for (const auto& asker : askers)
    BOOST_TEST((asker->code == net::otlp_reply::status::ok));
}

// Scenario: a reload, then a stop, while commits are with the writer and a request is gathered.
// Guarantee: the reload is answered once that is on its way, the stop once all of it is durable.
BOOST_AUTO_TEST_CASE(a_change_and_a_stop_are_answered_in_time) {
  for (int i = 0; i < 3; ++i)
    take();
  const auto changed =
      ask<changed_atom>(uut, intake_change(std::make_shared<const stages::intake_config>(plan)));
  const auto stopped = ask<stopped_atom>(uut, stop_atom_v);
  BOOST_TEST(*changed == 0);
  BOOST_TEST(*stopped == 0);
  tell(write, flush_atom_v);
  BOOST_TEST(*changed == 1);
  BOOST_TEST(*stopped == 0);
  tell(write, flush_atom_v);
  BOOST_TEST(*stopped == 1);
  BOOST_TEST(*ask<stopped_atom>(uut, stop_atom_v) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
