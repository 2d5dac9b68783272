#include "actors/exporter.hpp"

#include "fake_stages.hpp"
#include "stepped_system.hpp"
#include "tests/stages/blocks.hpp"

#include <deque>

using namespace weir;
using namespace weir::actors;

namespace {

constexpr pipeline_id traces = 1;
constexpr auto backend = "otlp/backend";

// A back end that answers when the test says so.
class held_backend final : public backends::sender {
public:
  void send(backends::export_request, std::function<void(backends::outcome)> done) override {
    waiting_.push_back(std::move(done));
  }
  void stop() override { stopped = true; }

  std::size_t waiting() const noexcept { return waiting_.size(); }
  void deliver_one() {
    const auto done = std::move(waiting_.front());
    waiting_.pop_front();
    done({});
  }

  bool stopped = false;

private:
  std::deque<std::function<void(backends::outcome)>> waiting_;
};

struct fixture : stepped_system {
  fixture() {
    storage::batch batch;
    batch.put_cursor(backend, traces, {0, 0});
    disk->commit(batch, true);
    stages::exporter_plan plan;
    plan.config.id = backend;
    plan.pipeline = traces;
    plan.pipeline_name = "traces";
    plan.letters = std::make_shared<stages::letter_box>(disk, traces, "traces");
    write = system.spawn(fake_writer, &writer);
    uut = system.spawn(actors::exporter, plan, disk, tail, write, sender);
    run();
  }
  ~fixture() {
    tell(write, flush_atom_v);
    if (uut)
      end(uut);
    end(write);
  }

  // A block becomes durable.
  void append() {
    const auto position = tail->next();
    const auto message = stages::some_spans(position, 1, 10);
    const auto made = stages::block_of(message, 1, unix_now());
    storage::batch batch;
    batch.append_block(traces, position, made.header.last_time, made.bytes);
    disk->commit(batch, true);
    tail->append({position, made.header, shared_bytes(message)});
    run();
  }

  log_position cursor() const { return disk->cursors(traces)->at(backend).position; }

  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  stages::model_writer writer{disk};
  std::shared_ptr<stages::log_tail> tail = std::make_shared<stages::log_tail>(0, 1 << 20);
  std::shared_ptr<held_backend> sender = std::make_shared<held_backend>();
  writer_actor write;
  exporter_actor uut;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(exporter_test, fixture)

// Scenario: the log grows, and grows again within 50 ms. Guarantee: the tail wakes it for the first
// block, its timer for the second; the cursor is written with the tick.
BOOST_AUTO_TEST_CASE(tail_and_timers_wake_it) {
  BOOST_TEST(sender->waiting() == 0U);
  append();
  BOOST_TEST(sender->waiting() == 1U);
  append();
  BOOST_TEST(sender->waiting() == 1U);
  pass(std::chrono::milliseconds(60));
  BOOST_TEST(sender->waiting() == 2U);
  sender->deliver_one();
  sender->deliver_one();
  pass(std::chrono::milliseconds(900));
  BOOST_TEST(writer.waiting() == 0U);
  pass(std::chrono::milliseconds(100));
  BOOST_TEST(writer.waiting() == 1U);
  tell(write, flush_atom_v);
  BOOST_TEST(cursor() == 2U);
}

// Scenario: it is asked to stop, twice, with a request in flight. Guarantee: both are answered when
// the back end has answered and the cursor is written; only then are its connections given up.
BOOST_AUTO_TEST_CASE(a_stop_waits_for_what_is_in_flight) {
  append();
  const auto first = ask<stopped_atom>(uut, stop_atom_v);
  const auto second = ask<stopped_atom>(uut, stop_atom_v);
  append();
  BOOST_TEST(*first == 0);
  sender->deliver_one();
  run();
  BOOST_TEST(*first == 0);
  BOOST_TEST(!sender->stopped);
  tell(write, flush_atom_v);
  BOOST_TEST(*first == 1);
  BOOST_TEST(*second == 1);
  BOOST_TEST(sender->stopped);
  BOOST_TEST(sender->waiting() == 0U);
  BOOST_TEST(cursor() == 1U);
}

// Scenario: it ends with a request in flight, and the log grows; the back end answers late.
// Guarantee: the tail knows of it no more, and the answer finds nobody.
BOOST_AUTO_TEST_CASE(who_ended_is_not_woken) {
  append();
  end(uut);
  append();
  sender->deliver_one();
  run();
  BOOST_TEST(sender->waiting() == 0U);
  BOOST_TEST(cursor() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
