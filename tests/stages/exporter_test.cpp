#include "stages/exporter.hpp"

#include "blocks.hpp"
#include "codec/dead_letter.hpp"
#include "made_up_time.hpp"
#include "model_writer.hpp"
#include "otlp/carried.hpp"
#include "spans.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>

using namespace weir;
using namespace weir::stages;

namespace {

constexpr pipeline_id traces = 1;
constexpr auto backend = "otlp/backend";
using kind = backends::outcome::kind;

backends::outcome delivered() {
  return {};
}

backends::outcome answer_of(kind answer, std::string reason) {
  backends::outcome made{answer};
  made.reason = std::move(reason);
  return made;
}

// An exporter over a model of the disk; the back end is the test's, and so are the writer and time.
struct fixture : exporter_ports {
  fixture() {
    plan.config.id = backend;
    plan.config.retry.initial_interval = std::chrono::milliseconds(100);
    plan.config.retry.max_interval = std::chrono::milliseconds(500);
    plan.pipeline = traces;
    plan.pipeline_name = "traces";
    plan.letters = std::make_shared<std::atomic<log_position>>(0);
    plan.seed = 1;
    storage::batch batch;
    batch.put_cursor(backend, traces, {0, 0});
    disk->commit(batch, true);
  }

  // -- what the exporter says --

  void send(std::uint64_t id, backends::export_request request) override {
    ++requests;
    sent.push_back({id, std::move(request)});
  }
  void send_report(delivery_report report) override { reports.push_back(std::move(report)); }
  void write(const commit_ptr& work) override {
    writer.take(work, [this] {
      uut->written(now);
      pump();
    });
  }
  void pump_after(steady_ns pause) override { wake_at.push_back(now.steady + pause); }
  void look_after(steady_ns pause) override { look_at = now.steady + pause; }

  // -- what the test does --

  // A block, as if an earlier start had left it; or (`told`) as it becomes durable.
  void append(const std::string& message, std::uint32_t spans, bool told = false) {
    const auto made = block_of(message, spans, now.wall);
    const auto position = disk->log(traces).next;
    ledger_page page(*disk, ledger_key("traces", "log"), log_counts);
    page[appended_items] += spans;
    storage::batch batch;
    batch.append_block(traces, position, made.header.last_time, made.bytes);
    page.write(batch);
    disk->commit(batch, true);
    if (told)
      tail->append({position, made.header, shared_bytes(message)});
  }

  void fill(unsigned blocks, unsigned spans = 1, std::size_t noise = 100) {
    for (unsigned i = 0; i < blocks; ++i)
      append(some_spans(disk->log(traces).next, spans, noise), spans);
  }

  void start() {
    tail = std::make_shared<log_tail>(disk->log(traces).next, 0);
    uut.emplace(plan, disk, tail, *this, now);
    tick_at = now.steady + plan.cursor_interval / std::chrono::nanoseconds(1);
    pump();
  }

  // As a kill: what it had not written is not written.
  void kill() {
    uut.reset();
    writer = model_writer(disk);
    sent.clear();
    reports.clear();
    wake_at.clear();
    look_at = 0;
  }

  void pump() {
    while (uut->pump(now)) {
    }
  }

  void finish(const delivery_report& report) {
    uut->finished(report, now);
    pump();
  }

  // The back end answers its oldest request.
  void answer_one(const backends::outcome& outcome) {
    BOOST_REQUIRE(!sent.empty());
    const auto id = sent.front().id;
    if (outcome.answer == kind::delivered)
      taken += sent.front().request.items;
    sent.pop_front();
    finish({id, outcome});
  }

  // Everything that happens without time passing, as far as back end and writer answer by
  // themselves.
  void settle() {
    for (unsigned answered = 0;;) {
      if (!reports.empty()) {
        const auto report = reports.front();
        reports.pop_front();
        finish(report);
      } else if (answers && !sent.empty() && answered < answers_at_once) {
        ++answered;
        answer_one(answers(sent.front().request));
      } else if (!writes || (!writes_copies && has_a_copy()) || !writer.write_one(now.steady)) {
        return;
      }
    }
  }

  // The commit that waits sets a request aside.
  bool has_a_copy() const {
    if (writer.waiting() == 0)
      return false;
    const auto& records = writer.batch().operations();
    return std::any_of(records.begin(), records.end(), [](const auto& record) {
      return record.key.find("aside/") != std::string::npos;
    });
  }

  // Time passes, with timers and ticks.
  void pass(steady_ns total) {
    constexpr auto step = 10 * millisecond_ns;
    for (settle(); total > 0; total -= step) {
      now = later(step, now);
      if (std::erase_if(wake_at, [this](steady_ns due) { return due <= now.steady; }) > 0)
        pump();
      if (look_at != 0 && look_at <= now.steady) {
        look_at = 0;
        uut->on_look_timer();
        pump();
      }
      if (tick_at <= now.steady) {
        tick_at = now.steady + plan.cursor_interval / std::chrono::nanoseconds(1);
        uut->tick(now);
        pump();
      }
      settle();
    }
  }

  log_position cursor() const { return disk->cursors(traces)->at(backend).position; }

  std::uint64_t counted(exporter_count which) const {
    return ledger_page(*disk, ledger_key("traces", backend), exporter_counts)[which];
  }

  codec::dead_letter_record letter(log_position position) const {
    return codec::read_dead_letter(disk->read_dead_letter(traces, position).value()).value();
  }

  // The first request ever is answered with `first`, all others are taken.
  void fails_first(const backends::outcome& first) {
    answers = [this, first](const backends::export_request& request) {
      if (first_message.empty())
        first_message = request.message.view();
      return request.message.view() == first_message ? first : delivered();
    };
  }

  void one_item_a_request(std::uint32_t consumers) {
    plan.batch = backends::batch_config{.max_items = 1};
    plan.config.queue.num_consumers = consumers;
  }

  struct sent_request {
    std::uint64_t id;
    backends::export_request request;
  };

  moment now = beginning;
  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  model_writer writer{disk};
  bool writes = true;        ///< The writer, by itself.
  bool writes_copies = true; ///< The same, of requests that are set aside.
  std::shared_ptr<log_tail> tail;
  exporter_plan plan;
  std::function<backends::outcome(const backends::export_request&)> answers = [](const auto&) {
    return delivered();
  };                                    ///< Null: not by itself.
  unsigned answers_at_once = 1'000'000; ///< Without time passing.
  std::deque<sent_request> sent;
  std::deque<delivery_report> reports;
  std::string first_message;
  std::uint64_t requests = 0, taken = 0; ///< Sent; items.
  std::vector<steady_ns> wake_at;
  steady_ns look_at = 0, tick_at = 0;
  std::optional<exporter> uut;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(exporter_test, fixture)

// -- delivering --

// Scenario: a log of 20 blocks, then a kill and another start. Guarantee: all is sent in a request,
// the cursor is written with the next tick and not synced; nothing is sent again.
BOOST_AUTO_TEST_CASE(a_log_is_delivered_once) {
  fill(20);
  start();
  settle();
  BOOST_TEST(taken == 20U);
  BOOST_TEST(requests == 1U);
  BOOST_TEST(cursor() == 0U);
  writes = false;
  pass(second_ns);
  BOOST_REQUIRE(writer.waiting() == 1U);
  BOOST_TEST(!writer.syncs());
  writes = true;
  settle();
  BOOST_TEST(cursor() == 20U);
  BOOST_TEST(counted(delivered_items) == 20U);
  kill();
  start();
  pass(5 * second_ns);
  BOOST_TEST(requests == 1U);
}

// Scenario: delivered, and a kill before the cursor is written. Guarantee: it is sent again, and
// counted once.
BOOST_AUTO_TEST_CASE(what_the_cursor_does_not_say_is_sent_again) {
  fill(3);
  start();
  settle();
  kill();
  start();
  pass(2 * second_ns);
  BOOST_TEST(taken == 6U);
  BOOST_TEST(counted(delivered_items) == 3U);
}

// Scenario: a fast back end, and an hour between two looks at the cursor. Guarantee: the cursor is
// written after so many items, too: a kill does not have them all sent again.
BOOST_AUTO_TEST_CASE(the_cursor_is_written_by_items_too) {
  plan.cursor_interval = std::chrono::hours(1);
  plan.batch = backends::batch_config{.max_items = 1000};
  fill(100, 1000, 0);
  start();
  settle();
  BOOST_TEST(taken == 100'000U);
  BOOST_TEST(counted(delivered_items) >= 80'000U);
}

// Scenario: ten requests may fly; the back end answers none; then one, with an answer that comes
// twice, and one to a request that it never had. Guarantee: ten fly; each answer that counts makes
// room for one.
BOOST_AUTO_TEST_CASE(so_many_requests_are_in_flight) {
  one_item_a_request(10);
  fill(30);
  answers = nullptr;
  start();
  BOOST_TEST(sent.size() == 10U);
  pass(second_ns);
  BOOST_TEST(sent.size() == 10U);
  const auto id = sent.front().id;
  answer_one(delivered());
  BOOST_TEST(sent.size() == 10U);
  finish({id, delivered()});
  finish({4711, delivered()});
  BOOST_TEST(sent.size() == 10U);
  pass(2 * second_ns);
  BOOST_TEST(counted(delivered_items) == 1U);
  BOOST_TEST(cursor() == 1U);
}

// Scenario: it has caught up, and blocks come 1 ms apart. Guarantee: the first wakes it; for 50 ms
// others do not, and go together then; once nothing came for an interval, the next wakes it again.
BOOST_AUTO_TEST_CASE(a_busy_log_is_looked_at_in_intervals) {
  start();
  const auto& pending = *uut->wake_pending();
  BOOST_TEST(!pending);
  append(some_spans(0, 1, 10), 1, true);
  pump();
  BOOST_TEST(requests == 1U);
  for (int i = 1; i <= 30; ++i) {
    now = later(millisecond_ns, now);
    append(some_spans(static_cast<std::uint64_t>(i), 1, 10), 1, true);
    BOOST_TEST(pending);
    pump();
  }
  settle();
  BOOST_TEST(requests == 1U);
  pass(60 * millisecond_ns);
  BOOST_TEST(taken == 31U);
  BOOST_TEST(requests <= 3U);
  pass(100 * millisecond_ns);
  BOOST_TEST(!pending);
}

// Scenario: the quota drops blocks that are owed, some of them in a request that waits to be tried
// again. Guarantee: they are counted as lost, the rest is delivered, the sides add up.
BOOST_AUTO_TEST_CASE(what_the_log_lets_go_is_lost_and_counted) {
  plan.batch = backends::batch_config{.max_items = 4};
  plan.config.queue.num_consumers = 1;
  fill(20);
  answers = [](const auto&) { return answer_of(kind::retry, "away"); };
  start();
  pass(second_ns);
  BOOST_REQUIRE(disk->trim_log(traces, 10));
  answers = [](const auto&) { return delivered(); };
  pass(5 * second_ns);
  BOOST_TEST(cursor() == 20U);
  BOOST_TEST(counted(lost_items) >= 8U);
  BOOST_TEST(counted(lost_items) + counted(delivered_items) == 20U);
}

// -- reads --

// Scenario: one block each cannot be read at the moment (too many open files, say). Guarantee: it
// is tried again; all is delivered, nothing is taken for damaged.
BOOST_AUTO_TEST_CASE(a_block_that_cannot_be_read_now_is_read_later) {
  for (unsigned read = 0; read < 30; ++read) {
    fixture f;
    f.one_item_a_request(1);
    f.fill(20);
    f.disk->refuse_one_read(read);
    f.start();
    f.pass(5 * second_ns);
    BOOST_TEST(f.disk->refused_reads() == 1U);
    BOOST_TEST(f.cursor() == 20U, "read " << read);
    BOOST_TEST(f.taken == 20U);
    BOOST_TEST(f.counted(delivered_items) == 20U);
    BOOST_TEST(f.counted(damage_open) == 0U);
  }
}

// Scenario: a block is damaged before it is read. Guarantee: it is set aside and stepped over; at
// rest what it took is counted, in the second tick that finds everything at its end.
BOOST_AUTO_TEST_CASE(a_damaged_block_is_stepped_over) {
  fill(20, 3);
  disk->damage_block(7);
  start();
  pass(second_ns);
  BOOST_TEST(taken == 57U);
  BOOST_TEST(cursor() == 20U);
  BOOST_TEST((disk->set_aside() == std::vector{std::pair{std::string("log"), std::uint64_t{7}}}));
  BOOST_TEST(counted(damage_open) == 1U);
  BOOST_TEST(counted(damaged_items) == 0U);
  pass(second_ns);
  BOOST_TEST(counted(damage_open) == 1U); // The log may be growing.
  pass(3 * second_ns);
  BOOST_TEST(counted(damage_open) == 0U);
  BOOST_TEST(counted(damaged_items) == 3U);
}

// Scenario: between two attempts of a request of 20 blocks, the first of them rots. Guarantee: the
// others are delivered, that one ends as a dead letter that says why.
BOOST_AUTO_TEST_CASE(damage_takes_nothing_sound_along) {
  fill(20, 1, 1000);
  answers = [this](const auto&) {
    if (requests > 1)
      return delivered();
    disk->damage_block(0);
    return answer_of(kind::retry, "not now");
  };
  start();
  pass(5 * second_ns);
  BOOST_TEST(taken + counted(dead_items) == 20U);
  BOOST_TEST(cursor() == 20U);
  BOOST_REQUIRE(disk->dead_letters(traces).next == 1U);
  BOOST_TEST(letter(0).items == 1U);
  BOOST_TEST(letter(0).message.empty());
  BOOST_TEST(!letter(0).reason.empty());
}

// -- dead letters --

// Scenario: a back end refuses a request for good, and the system refuses to read its first block
// as the dead letter is written. Guarantee: the letter is written later, with all that was in it;
// the cursor goes past it only then.
BOOST_AUTO_TEST_CASE(a_dead_letter_waits_until_it_can_be_read) {
  fill(20, 1, 1000);
  answers = [this](const auto&) {
    disk->refuse_reads(1);
    return answer_of(kind::refused, "never");
  };
  start();
  pass(3 * second_ns);
  BOOST_TEST(disk->refused_reads() > 0U);
  BOOST_TEST(cursor() == 0U);
  disk->refuse_reads(0);
  pass(2 * second_ns);
  BOOST_TEST(cursor() == 20U);
  BOOST_TEST(letter(0).items == 20U);
  BOOST_TEST(letter(0).message.size() > 20'000U);
  BOOST_TEST(letter(0).reason == "never");
  BOOST_TEST(counted(dead_items) == 20U);
}

// Scenario: everything is refused for good, and the writer takes its time. Guarantee: letters are
// synced, and no more is sent when 64 wait; all is in letters at the end.
BOOST_AUTO_TEST_CASE(letters_hold_up_what_would_be_more_of_them) {
  one_item_a_request(1);
  fill(200);
  writes = false;
  answers = [](const auto&) { return answer_of(kind::refused, "never"); };
  start();
  pass(3 * second_ns);
  BOOST_REQUIRE(writer.waiting() == 1U);
  BOOST_TEST(writer.syncs());
  BOOST_TEST(requests <= 2U * 64 + 16);
  writes = true;
  pass(3 * second_ns);
  BOOST_TEST(disk->dead_letters(traces).next == 200U);
  BOOST_TEST(counted(dead_items) == 200U);
  BOOST_TEST(cursor() == 200U);
}

// Scenario: 40 letters, and an hour between two ticks. Guarantee: 16 are enough for a commit.
BOOST_AUTO_TEST_CASE(many_letters_do_not_wait_for_the_tick) {
  plan.cursor_interval = std::chrono::hours(1);
  one_item_a_request(1);
  fill(40);
  answers = [](const auto&) { return answer_of(kind::refused, "never"); };
  start();
  settle();
  BOOST_TEST(disk->dead_letters(traces).next >= 16U);
}

// Scenario: ten thousand spans under a resource of 200 KiB, where the back end takes 100 KiB, and
// other blocks behind it. Guarantee: a handful of requests and answers later they are a dead
// letter; the others are delivered.
BOOST_AUTO_TEST_CASE(an_envelope_that_is_too_large_is_one_letter) {
  constexpr std::uint32_t spans = 10'000;
  constexpr std::size_t most = 100 << 10;
  plan.batch = backends::batch_config{.max_bytes = most};
  std::string scope;
  const auto span = field(2, field(1, std::string(16, 'a')) + field(2, std::string(8, 'a')));
  for (std::uint32_t i = 0; i < spans; ++i)
    scope += span;
  const auto value = field(2, field(1, std::string(2 * most, 'r')));
  append(field(1, field(1, field(1, field(1, "r") + value)) + field(2, scope)), spans);
  fill(4, 10);
  answers = [](const backends::export_request& request) {
    return request.message.size() > most ? answer_of(kind::too_large, "413") : delivered();
  };
  start();
  pass(5 * second_ns);
  BOOST_TEST(cursor() == 5U);
  BOOST_TEST(taken == 40U);
  BOOST_TEST(requests <= 20U);
  BOOST_TEST(counted(dead_items) == spans);
}

// -- one request that fails for ever --

// Scenario: the request with the first of 30 blocks is answered UNAVAILABLE for ever, all others
// are fine; a kill, and a start at which the back end takes everything. Guarantee: the others are
// delivered and not sent again; the cursor then stands at the end.
BOOST_AUTO_TEST_CASE(one_request_that_fails_for_ever_costs_no_repeats) {
  one_item_a_request(2);
  fill(30);
  fails_first(answer_of(kind::retry, "UNAVAILABLE"));
  start();
  pass(10 * second_ns);
  BOOST_TEST(taken == 29U);
  BOOST_TEST(counted(delivered_items) == 29U);
  BOOST_TEST(cursor() == 0U);
  kill();
  answers = [](const auto&) { return delivered(); };
  start();
  pass(2 * second_ns);
  BOOST_TEST(cursor() == 30U);
  BOOST_TEST(taken == 30U);
  BOOST_TEST(counted(delivered_items) == 30U);
}

// Scenario: such a request again, and a log of 200 blocks; it is trimmed as far as the cursor lets;
// a kill, and a start at which the back end takes everything. Guarantee: the log can be trimmed to
// its end all the same, the request is sent as it was, and its copy is let go.
BOOST_AUTO_TEST_CASE(one_request_that_fails_for_ever_does_not_hold_the_log) {
  const auto copy = "aside/traces/otlp/backend/1";
  one_item_a_request(2);
  fill(200);
  fails_first(answer_of(kind::retry, "UNAVAILABLE"));
  answers_at_once = 1;
  start();
  pass(10 * second_ns);
  BOOST_TEST(taken == 199U);
  BOOST_TEST(cursor() == 200U);
  BOOST_REQUIRE(disk->trim_log(traces, 200));
  disk->maintain();
  BOOST_TEST(!disk->durable().meta.at(copy).empty());
  kill();
  std::string last;
  answers = [&last](const backends::export_request& request) {
    last = request.message.view();
    return delivered();
  };
  start();
  pass(2 * second_ns);
  BOOST_TEST(taken == 200U);
  BOOST_TEST((last == first_message));
  BOOST_TEST(counted(delivered_items) == 200U);
  BOOST_TEST(disk->durable().meta.at(copy).empty());
}

// Scenario: the same, and the request is tried again while the copy of it is on its way to the
// disk. Guarantee: it is sent whole, never given up.
BOOST_AUTO_TEST_CASE(a_request_is_tried_while_its_copy_is_written) {
  one_item_a_request(2);
  fill(60);
  fails_first(answer_of(kind::retry, "UNAVAILABLE"));
  answers_at_once = 1;
  writes_copies = false;
  start();
  pass(5 * second_ns);
  BOOST_REQUIRE(has_a_copy());
  const auto tried = requests;
  pass(5 * second_ns);
  BOOST_TEST(requests >= tried + 2);
  BOOST_TEST(reports.empty());
  writes_copies = true;
  answers = [](const auto&) { return delivered(); };
  pass(5 * second_ns);
  BOOST_TEST(cursor() == 60U);
  BOOST_TEST(counted(delivered_items) == 60U);
  BOOST_TEST(counted(dead_items) == 0U);
}

// Scenario: a copy that was set aside cannot be read at the next start: it is damaged. Guarantee:
// it is set aside as bytes, and what it held is counted as damage at rest.
BOOST_AUTO_TEST_CASE(a_damaged_copy_is_counted) {
  append(some_spans(1, 2, 10), 2);
  storage::batch batch;
  batch.put_meta("aside/traces/otlp/backend/3", "no letter");
  batch.put_cursor(backend, traces, {1, 0});
  disk->commit(batch, true);
  start();
  BOOST_TEST((disk->set_aside() == std::vector{std::pair{std::string("aside"), std::uint64_t{3}}}));
  pass(5 * second_ns);
  BOOST_TEST(counted(damaged_items) == 2U);
}

// -- tenants --

// Scenario: 6,000 requests of two tenants in turn, with a header that is sent on. Guarantee: the
// back end gets them in a few requests, each of one tenant, and all of them.
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
  for (log_position position = 0; position < 6; ++position) {
    std::string message;
    for (int i = 0; i < 500; ++i)
      message += request_of("blue") + request_of("green");
    append(message, 1000);
  }
  std::map<std::string, std::uint64_t> by_tenant;
  answers = [&](const backends::export_request& request) {
    BOOST_CHECK_EQUAL(request.carried.size(), 1U);
    by_tenant[request.carried.empty() ? "" : request.carried[0].second] += request.items;
    return delivered();
  };
  start();
  pass(2 * second_ns);
  BOOST_TEST(cursor() == 6U);
  BOOST_TEST(taken == 6000U);
  BOOST_TEST(by_tenant["blue"] == 3000U);
  BOOST_TEST(by_tenant["green"] == 3000U);
  BOOST_TEST(requests <= 24U);
}

// -- what it says --

// Scenario: a back end that is away, then refuses; the exporter goes. Guarantee: the board says so,
// with what waits; then nothing.
BOOST_AUTO_TEST_CASE(the_board_says_how_it_gets_on) {
  const auto status = [] { return exporter_board::instance().all().at(0); };
  fill(3);
  answers = [](const auto&) { return answer_of(kind::retry, "UNAVAILABLE: away"); };
  start();
  pass(2 * second_ns);
  BOOST_TEST((status().health == exporter_health::backing_off));
  BOOST_TEST(status().reason == "UNAVAILABLE: away");
  BOOST_TEST(status().oldest_waiting == beginning.wall);
  BOOST_TEST(status().waiting_items == 3U);
  BOOST_TEST(status().next_try > now.wall - 2ULL * second_ns);
  answers = [](const auto&) { return answer_of(kind::refused, "INVALID_ARGUMENT: never"); };
  pass(2 * second_ns);
  BOOST_TEST((status().health == exporter_health::refused));
  BOOST_TEST(status().reason == "INVALID_ARGUMENT: never");
  BOOST_TEST(status().waiting_items == 0U);
  kill();
  BOOST_TEST(exporter_board::instance().all().empty());
}

// -- start and stop --

// Scenario: its place cannot be read. Guarantee: it does not begin: it would send what it has sent.
BOOST_AUTO_TEST_CASE(it_does_not_start_without_its_place) {
  fill(1);
  disk->refuse_meta(true);
  BOOST_CHECK_THROW(start(), std::runtime_error);
  BOOST_TEST(requests == 0U);
}

// Scenario: blocks behind the cursor are gone at a start (a database that was salvaged). Guarantee:
// what is left is delivered; what is missing is counted as damaged.
BOOST_AUTO_TEST_CASE(a_gap_at_the_start_is_counted) {
  fill(10, 2);
  BOOST_REQUIRE(disk->trim_log(traces, 4));
  start();
  pass(5 * second_ns);
  BOOST_TEST(taken == 12U);
  BOOST_TEST(counted(damaged_items) == 8U);
  BOOST_TEST(counted(damage_open) == 0U);
}

// Scenario: it stops with two requests in flight and more in the log; the log grows. Guarantee:
// nothing more is sent; it is idle when both are answered and the cursor is written, not before.
BOOST_AUTO_TEST_CASE(it_stops_when_what_is_in_flight_is_over) {
  one_item_a_request(2);
  fill(5);
  answers = nullptr;
  writes = false;
  start();
  BOOST_TEST(sent.size() == 2U);
  uut->stop(now);
  append(some_spans(9, 1, 10), 1, true);
  pump();
  BOOST_TEST(!uut->idle());
  answer_one(delivered());
  BOOST_TEST(!uut->idle());
  answer_one(answer_of(kind::retry, "not now"));
  BOOST_TEST(!uut->idle());
  BOOST_REQUIRE(writer.waiting() == 1U);
  writer.write_one();
  BOOST_TEST(uut->idle());
  BOOST_TEST(sent.empty());
  BOOST_TEST(cursor() == 1U);
}

// Scenario: it stops with nothing to do. Guarantee: it is idle at once.
BOOST_AUTO_TEST_CASE(an_idle_one_stops_at_once) {
  start();
  uut->stop(now);
  BOOST_TEST(uut->idle());
}

BOOST_AUTO_TEST_SUITE_END()
