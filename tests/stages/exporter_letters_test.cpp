#include "exporter_fixture.hpp"

using namespace weir;
using namespace weir::stages;
using namespace weir::stages::exporter_tests;

BOOST_FIXTURE_TEST_SUITE(exporter_letters_test, fixture)

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

BOOST_AUTO_TEST_SUITE_END()
