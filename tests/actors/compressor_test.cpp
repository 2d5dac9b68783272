#include "actors/compressor.hpp"

#include "fake_stages.hpp"
#include "stepped_system.hpp"

using namespace weir;
using namespace weir::actors;

namespace {

struct fixture : stepped_system {
  fixture() {
    stages::compressor_config plan;
    plan.pipeline = 1;
    plan.name = "traces";
    for (auto* each : {&first, &second})
      shards.push_back(system.spawn(fake_shard, each));
    write = system.spawn(fake_writer, &writer);
    uut = system.spawn(actors::compressor, plan, stages::compressor_number{1}, disk,
                       std::make_shared<stages::log_tail>(0, 1 << 20), write);
    run();
  }
  ~fixture() {
    end(uut);
    end(write);
    for (auto& each : shards)
      end(each);
  }

  // A dropped trace.
  void decide(std::uint32_t shard, std::uint64_t ticket) {
    auto message = std::make_shared<stages::decided>();
    message->pipeline = 1;
    message->shard = shard;
    message->ticket = ticket;
    message->entries.push_back({{1, 1, ticket}, 1});
    message->slots.push_back({0, 0, 0});
    auto& trace = message->traces.emplace_back();
    trace.spans = trace.refs = 1;
    caf::send_as(shards[shard], uut, stages::decided_ptr(message));
    run();
  }

  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  stages::model_writer writer{disk};
  told_shard first, second;
  std::vector<shard_actor> shards;
  writer_actor write;
  compressor_actor uut;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(compressor_test, fixture)

// Scenario: two shards decide something. Guarantee: it is written when its timer is over, and each
// shard hears of its own once that is durable.
BOOST_AUTO_TEST_CASE(a_shard_hears_of_its_own) {
  decide(0, 11);
  decide(1, 22);
  pass(std::chrono::milliseconds(190));
  BOOST_TEST(writer.waiting() == 0U);
  pass(std::chrono::milliseconds(20));
  BOOST_REQUIRE(writer.waiting() == 1U);
  BOOST_TEST(first.durable.empty());
  tell(write, flush_atom_v);
  BOOST_TEST((first.durable == std::vector<std::uint64_t>{11}));
  BOOST_TEST((second.durable == std::vector<std::uint64_t>{22}));
}

// Scenario: it is asked to stop with something gathered, and asked again. Guarantee: both have
// their answer when that is durable, not before; then at once.
BOOST_AUTO_TEST_CASE(a_stop_is_answered_when_all_is_durable) {
  decide(0, 1);
  const auto first_answer = ask<stopped_atom>(uut, stop_atom_v);
  const auto second_answer = ask<stopped_atom>(uut, stop_atom_v);
  BOOST_TEST(*first_answer == 0);
  BOOST_TEST(writer.waiting() == 1U);
  tell(write, flush_atom_v);
  BOOST_TEST(*first_answer == 1);
  BOOST_TEST(*second_answer == 1);
  BOOST_TEST(*ask<stopped_atom>(uut, stop_atom_v) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
