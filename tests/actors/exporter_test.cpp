#include "actors/exporter.hpp"

#include "../storage/small_store.hpp"
#include "codec/dead_letter.hpp"
#include "stages/log_group.hpp"
#include "otlp/carried.hpp"
#include "../stages/spans.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

using namespace weir;
using namespace weir::actors;
using namespace weir::stages;
namespace fs = std::filesystem;

namespace {

constexpr pipeline_id traces = 1;
constexpr auto backend = "otlp/backend";
using kind = backends::outcome::kind;

// A back end that answers as the test says; what it took.
class fake_backend final : public backends::sender {
public:
  using answer = std::function<backends::outcome(const backends::export_request&)>;

  void send(backends::export_request request,
            std::function<void(backends::outcome)> done) override {
    const std::lock_guard guard(mutex_);
    auto result = answer_ ? answer_(request) : backends::outcome{};
    ++sent_;
    if (result.answer == kind::delivered)
      taken_ += request.items;
    changed_.notify_all();
    done(std::move(result));
  }
  void stop() override {}

  void answers(answer how) { answer_ = std::move(how); }
  std::uint64_t taken() const {
    const std::lock_guard guard(mutex_);
    return taken_;
  }
  std::uint64_t sent() const {
    const std::lock_guard guard(mutex_);
    return sent_;
  }
  void await(std::uint64_t items) {
    std::unique_lock lock(mutex_);
    BOOST_REQUIRE(
        changed_.wait_for(lock, std::chrono::seconds(30), [&] { return taken_ >= items; }));
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  answer answer_;
  std::uint64_t taken_ = 0;
  std::uint64_t sent_ = 0;
};

// An exporter over a real store, which may be told to fail; the back end is the test's, and so is
// the writer, which tells of every commit.
struct fixture {
  fixture() {
    store = storage::small_store(directory, disk);
    BOOST_REQUIRE(store->pipeline("traces"));
    BOOST_REQUIRE(store->open_log(traces));
    plan.config.id = backend;
    plan.config.retry.initial_interval = std::chrono::milliseconds(1);
    plan.pipeline = traces;
    plan.pipeline_name = "traces";
    plan.cursor_interval = std::chrono::milliseconds(10);
    plan.letters = std::make_shared<std::atomic<log_position>>(0);
    write = system.spawn(fake_writer, this);
  }

  ~fixture() {
    caf::anon_send_exit(exporter, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(write, caf::exit_reason::user_shutdown);
  }

  static writer_actor::behavior_type fake_writer(writer_actor::pointer, fixture* of) {
    return {
        [of](const commit_ptr& work) -> caf::result<stored_atom> {
          if (of->before_commit)
            of->before_commit();
          const std::lock_guard guard(of->mutex);
          BOOST_CHECK(of->store->commit(std::move(work->batch), work->sync));
          of->changed.notify_all();
          return stored_atom_v;
        },
        [](flush_atom) {},
    };
  }

  template <class Condition>
  void await(Condition reached) {
    std::unique_lock lock(mutex);
    BOOST_REQUIRE(changed.wait_for(lock, std::chrono::seconds(30), reached));
  }

  // Blocks of one request each, as if an earlier start had left them.
  void fill(unsigned blocks, unsigned spans, std::size_t noise) {
    log_group group(traces, signal::traces, 1, {});
    for (log_position at = 0; at < blocks; ++at) {
      BOOST_REQUIRE(group.add(some_spans(at, spans, noise), unix_now()));
      const auto closed = group.take();
      BOOST_REQUIRE(closed.size() == 1U);
      storage::batch batch;
      batch.append_block(traces, at, closed[0].header.last_time, closed[0].bytes);
      batch.put_cursor(backend, traces, {0, 0});
      BOOST_REQUIRE(store->commit(std::move(batch), true));
    }
  }

  // A block as the intake makes it, of a message with so many spans.
  void put_block(log_position at, const std::string& message, std::uint32_t spans) {
    codec::block_header header{.pipeline = traces, .items = spans, .first_time = unix_now()};
    header.layout = codec::block_layout::otlp;
    header.unpacked_bytes = static_cast<std::uint32_t>(message.size());
    header.last_time = header.first_time;
    std::string packed;
    std::string bytes;
    codec::packer().pack(header.codec, 1, message, packed);
    header.packed_bytes = static_cast<std::uint32_t>(packed.size());
    codec::write_block(header, packed, bytes);
    storage::batch batch;
    batch.append_block(traces, at, header.last_time, bytes);
    batch.put_cursor(backend, traces, {0, 0});
    BOOST_REQUIRE(store->commit(std::move(batch), true));
  }

  // As a kill: what it had not written is not written.
  void kill() {
    caf::scoped_actor self{system};
    self->monitor(exporter);
    caf::anon_send_exit(exporter, caf::exit_reason::kill);
    self->receive([](const caf::down_msg&) {});
    exporter = exporter_actor();
  }

  // An idle store has everything in tables, and nothing goes on behind the scenes.
  void come_to_rest() {
    BOOST_REQUIRE(store->trim_progress(1, 1, 1));
    storage::batch batch;
    batch.put_entry(0, storage::make_entry({1, 1, 1}, 10));
    BOOST_REQUIRE(store->commit(std::move(batch), true));
    BOOST_REQUIRE(store->trim_journal(1));
    for (int second = 0; second < 20; ++second)
      store->maintain();
  }

  void start() {
    auto tail = std::make_shared<log_tail>(store->log(traces).next, 0);
    exporter = system.spawn<caf::detached>(actors::exporter, plan, store, tail, write, to);
  }

  log_position cursor() const { return store->cursors(traces).value().at(backend).position; }

  std::uint64_t counted(exporter_count what) const {
    return ledger_page(*store, ledger_key("traces", backend), exporter_counts)[what];
  }

  storage::temporary_directory directory;
  std::shared_ptr<storage::faulty_file_system> disk =
      std::make_shared<storage::faulty_file_system>(directory.path());
  std::shared_ptr<storage::store> store;
  std::shared_ptr<fake_backend> to = std::make_shared<fake_backend>();
  exporter_plan plan;
  std::mutex mutex;
  std::condition_variable changed;
  caf::actor_system_config config;
  caf::actor_system system{config};
  std::function<void()> before_commit; ///< Called by the writer.
  writer_actor write;
  exporter_actor exporter;
};

// Turns one bit of the span with this noise, wherever the tables of the store have it.
void damage(const std::string& directory, const std::string& noise) {
  auto found = 0;
  for (const auto& file : fs::directory_iterator(directory + "/data/db")) {
    if (file.path().extension() != ".sst")
      continue;
    std::ifstream in(file.path(), std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(in), {});
    const auto at = bytes.find(noise);
    if (at == bytes.npos)
      continue;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    std::ofstream(file.path(), std::ios::binary) << bytes;
    ++found;
  }
  BOOST_TEST(found == 1);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(exporter_test, fixture)

// Scenario: the system refuses to read a block (too many open files, say), as an exporter sends its
// log. Guarantee: it is tried again; all is delivered, nothing is taken for damaged.
BOOST_AUTO_TEST_CASE(a_block_that_cannot_be_read_now_is_read_later) {
  plan.batch = backends::batch_config{.max_items = 1};
  plan.config.queue.num_consumers = 1;
  fill(20, 1, 4 << 10);
  come_to_rest();
  const auto faults = disk->faults();
  auto first = true;
  to->answers([&](const auto&) -> backends::outcome {
    if (std::exchange(first, false))
      disk->fail_read(1);
    return {};
  });
  start();
  to->await(20); // Without a look at the store, which would be refused itself.
  await([&] { return cursor() == 20; });
  BOOST_TEST(disk->faults() == faults + 1);
  BOOST_TEST(to->taken() == 20U);
  BOOST_TEST(counted(delivered_items) == 20U);
  BOOST_TEST(counted(damage_open) == 0U);
}

// Scenario: between two attempts of a request of 20 blocks, the first of them rots. Guarantee: the
// others are delivered, that one ends as a dead letter that says why.
BOOST_AUTO_TEST_CASE(damage_takes_nothing_sound_along) {
  fill(20, 1, 8 << 10); // More than one would share a block of the table with others.
  come_to_rest();
  auto first = true;
  to->answers([&](const auto&) -> backends::outcome {
    if (!std::exchange(first, false))
      return {};
    damage(directory.path(), storage::noise(8 << 10, 0));
    return {.answer = kind::retry, .reason = "not now"};
  });
  start();
  await([&] { return cursor() == 20; });
  BOOST_TEST(to->taken() == 19U);
  BOOST_TEST(counted(delivered_items) == 19U);
  BOOST_TEST(counted(dead_items) == 1U);
  const auto letter = codec::read_dead_letter(store->read_dead_letter(traces, 0).value());
  BOOST_REQUIRE(letter);
  BOOST_TEST(letter->items == 1U);
  BOOST_TEST(letter->message.empty());
  BOOST_TEST(letter->reason.find("orrupt") != std::string::npos, letter->reason);
}

// Scenario: a back end refuses a request for good, and the system refuses to read its first block
// as the dead letter is written. Guarantee: the letter is written later, with all that was in it.
BOOST_AUTO_TEST_CASE(a_dead_letter_waits_until_it_can_be_read) {
  fill(20, 1, 4 << 10);
  come_to_rest();
  const auto faults = disk->faults();
  to->answers([&](const auto&) -> backends::outcome {
    disk->fail_read(1);
    return {.answer = kind::refused, .reason = "never"};
  });
  start();
  await([&] { return *plan.letters == 1; });
  await([&] { return cursor() == 20; });
  BOOST_TEST(disk->faults() == faults + 1);
  const auto letter = codec::read_dead_letter(store->read_dead_letter(traces, 0).value());
  BOOST_REQUIRE(letter);
  BOOST_TEST(letter->items == 20U);
  BOOST_TEST(letter->message.size() > 20U * (4 << 10));
  BOOST_TEST(counted(dead_items) == 20U);
}

// Scenario: a fast back end, and an hour between two looks at the cursor. Guarantee: the cursor is
// written after so many items, too: a kill does not have them all sent again.
BOOST_AUTO_TEST_CASE(the_cursor_is_written_by_items_too) {
  plan.cursor_interval = std::chrono::hours(1);
  plan.batch = backends::batch_config{.max_items = 1000};
  fill(100, 1000, 0);
  start();
  await([&] { return cursor() >= 50; });
  BOOST_TEST(counted(delivered_items) >= 50'000U);
}

// Scenario: the request with the first of 30 blocks is answered UNAVAILABLE for ever, all others are
// fine; a kill, and a start at which the back end takes everything. Guarantee: the others are
// delivered and not sent again; the cursor then stands at the end.
BOOST_AUTO_TEST_CASE(one_request_that_fails_for_ever_costs_no_repeats) {
  plan.batch = backends::batch_config{.max_items = 1};
  plan.config.queue.num_consumers = 2;
  plan.config.retry.max_interval = std::chrono::milliseconds(5);
  fill(30, 1, 100);
  std::string first;
  to->answers([&](const backends::export_request& request) -> backends::outcome {
    if (first.empty())
      first = request.message.view();
    return request.message.view() == first
               ? backends::outcome{.answer = kind::retry, .reason = "UNAVAILABLE"}
               : backends::outcome{};
  });
  start();
  to->await(29);
  await([&] { return counted(delivered_items) == 29U; });
  kill();
  to->answers({});
  start();
  await([&] { return cursor() == 30; });
  BOOST_TEST(to->taken() == 30U);
  BOOST_TEST(counted(delivered_items) == 30U);
}

// Scenario: such a request again, and a log of 200 blocks; it is trimmed as far as the cursor lets; a
// kill, and a start at which the back end takes everything. Guarantee: the log can be trimmed to its
// end all the same, and nothing is lost.
BOOST_AUTO_TEST_CASE(one_request_that_fails_for_ever_does_not_hold_the_log) {
  plan.batch = backends::batch_config{.max_items = 1};
  plan.config.queue.num_consumers = 2;
  plan.config.retry.max_interval = std::chrono::milliseconds(5);
  fill(200, 1, 100);
  std::string first;
  to->answers([&](const backends::export_request& request) -> backends::outcome {
    if (first.empty())
      first = request.message.view();
    return request.message.view() == first
               ? backends::outcome{.answer = kind::retry, .reason = "UNAVAILABLE"}
               : backends::outcome{};
  });
  start();
  await([&] { return cursor() == 200; });
  BOOST_TEST(to->taken() == 199U);
  BOOST_REQUIRE(store->trim_log(traces, 200));
  store->maintain();
  kill();
  std::string last;
  to->answers([&](const backends::export_request& request) -> backends::outcome {
    last = request.message.view();
    return {};
  });
  start();
  to->await(200);
  await([&] { return counted(delivered_items) == 200U; });
  BOOST_TEST((last == first));
  BOOST_TEST(store->meta("aside/traces/otlp/backend/1").value().value_or("x").empty());
}

// Scenario: the same, where every commit takes so long that the request is tried twice meanwhile.
// Guarantee: it is sent whole while the copy of it is on its way to the disk, never given up.
BOOST_AUTO_TEST_CASE(a_request_is_tried_while_its_copy_is_written) {
  plan.batch = backends::batch_config{.max_items = 1};
  plan.config.queue.num_consumers = 2;
  plan.config.retry.max_interval = std::chrono::milliseconds(5);
  fill(60, 1, 100);
  std::string first;
  std::mutex tries_mutex;
  std::condition_variable tried;
  unsigned tries = 0;
  bool well = false;
  to->answers([&](const backends::export_request& request) -> backends::outcome {
    const std::lock_guard guard(tries_mutex);
    if (first.empty())
      first = request.message.view();
    if (well || request.message.view() != first)
      return {};
    ++tries;
    tried.notify_all();
    return {.answer = kind::retry, .reason = "UNAVAILABLE"};
  });
  before_commit = [&] {
    std::unique_lock lock(tries_mutex);
    const auto before = tries;
    tried.wait_for(lock, std::chrono::seconds(2), [&] { return well || tries >= before + 2; });
  };
  start();
  await([&] { return cursor() == 60; });
  {
    const std::lock_guard guard(tries_mutex);
    well = true;
    tried.notify_all();
  }
  to->await(60);
  await([&] { return counted(delivered_items) == 60U; });
  BOOST_TEST(counted(dead_items) == 0U);
}

// Scenario: ten thousand spans under a resource of 200 KiB, where the back end takes 100 KiB, and
// other blocks behind it. Guarantee: a handful of requests and answers later they are a dead letter;
// the others are delivered; somebody who asks for an end has it.
BOOST_AUTO_TEST_CASE(an_envelope_that_is_too_large_is_one_letter) {
  constexpr std::uint32_t spans = 10'000;
  plan.batch = backends::batch_config{.max_bytes = 100 << 10};
  std::string scope;
  const auto span = field(2, field(1, std::string(16, 'a')) + field(2, std::string(8, 'a')));
  for (std::uint32_t i = 0; i < spans; ++i)
    scope += span;
  const auto resource = field(1, field(1, field(1, "r") + field(2, field(1, std::string(200 << 10, 'r')))));
  put_block(0, field(1, resource + field(2, scope)), spans);
  for (log_position at = 1; at < 5; ++at)
    put_block(at, some_spans(at, 10, 100), 10);
  to->answers([&](const backends::export_request& request) -> backends::outcome {
    if (request.message.size() > 100 << 10)
      return {.answer = kind::too_large, .reason = "413"};
    return {};
  });
  start();
  await([&] { return cursor() == 5; });
  BOOST_TEST(to->taken() == 40U);
  BOOST_TEST(to->sent() <= 20U);
  BOOST_TEST(counted(dead_items) == spans);
}

// Scenario: 6,000 requests of two tenants in turn, with a header that is sent on. Guarantee: the back
// end gets them in a few requests, each of one tenant, and all of them.
BOOST_AUTO_TEST_CASE(tenants_in_turn_are_grouped_before_they_are_split) {
  backends::otlp_http_config http;
  http.auth = net::headers_setter_config{{{.key = "X-Tenant", .from_context = "x-tenant"}}};
  plan.config.kind = http;
  const auto request_of = [](const char* tenant) {
    std::string carried;
    otlp::append_carried(carried, "metadata.x-tenant", tenant);
    const auto span = field(2, field(1, std::string(16, 'a')) + field(2, std::string(8, 'a')));
    return field(1, field(1, field(otlp::carried_field, carried)) + field(2, span));
  };
  for (log_position at = 0; at < 6; ++at) {
    std::string message;
    for (int i = 0; i < 500; ++i)
      message += request_of("blue") + request_of("green");
    put_block(at, message, 1000);
  }
  std::map<std::string, std::uint64_t> taken;
  to->answers([&](const backends::export_request& request) -> backends::outcome {
    BOOST_CHECK_EQUAL(request.carried.size(), 1U);
    taken[request.carried.empty() ? "" : request.carried[0].second] += request.items;
    return {};
  });
  start();
  await([&] { return cursor() == 6; });
  BOOST_TEST(to->taken() == 6000U);
  BOOST_TEST(taken["blue"] == 3000U);
  BOOST_TEST(taken["green"] == 3000U);
  BOOST_TEST(to->sent() <= 24U);
}

// Scenario: a back end that is away, then refuses. Guarantee: the board says so, with what waits.
BOOST_AUTO_TEST_CASE(the_board_says_how_it_gets_on) {
  fill(3, 1, 100);
  std::atomic<int> turn = 0;
  to->answers([&](const auto&) -> backends::outcome {
    if (turn == 0)
      return {.answer = kind::retry, .reason = "UNAVAILABLE: away"};
    return {.answer = kind::refused, .reason = "INVALID_ARGUMENT: never"};
  });
  const auto await_health = [](exporter_health health) {
    for (int i = 0; i < 3000; ++i) {
      for (const auto& status : exporter_board::instance().all())
        if (status.exporter == backend && status.health == health)
          return status;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return exporter_status{};
  };
  start();
  const auto away = await_health(exporter_health::backing_off);
  BOOST_TEST(away.reason == "UNAVAILABLE: away");
  BOOST_TEST(away.oldest_waiting > 0U);
  turn = 1;
  const auto refused = await_health(exporter_health::refused);
  BOOST_TEST(refused.reason == "INVALID_ARGUMENT: never");
  kill();
  BOOST_TEST(exporter_board::instance().all().empty());
}

BOOST_AUTO_TEST_SUITE_END()
