#include "otlp/scan.hpp"

#include "build.hpp"
#include "generator.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir;
using namespace weir::otlp;
using namespace weir::otlp::test;

struct scanned {
  span_index index;
  rejected_spans rejected;
};

scanned scan(std::string_view message, const scan_limits& limits = {}) {
  scanned result;
  const auto r = scan_traces(message, 0, limits, result.index);
  BOOST_REQUIRE_MESSAGE(r, (r ? "" : to_string(r.error())));
  result.rejected = *r;
  return result;
}

std::string envelope(const span_index& index, std::uint32_t first, std::uint32_t count,
                     std::string_view message) {
  std::string all;
  for (auto i = first; i < first + count; ++i)
    all += index.slices[i].in(message);
  return all;
}

bool same(const span_index& a, const span_index& b) {
  const auto slices = [](const slice& x, const slice& y) {
    return x.offset == y.offset && x.length == y.length;
  };
  return std::equal(a.slices.begin(), a.slices.end(), b.slices.begin(), b.slices.end(), slices)
         && std::equal(a.spans.begin(), a.spans.end(), b.spans.begin(), b.spans.end(),
                       [&](const span_ref& x, const span_ref& y) {
                         return slices(x.body, y.body) && x.group == y.group && x.slot == y.slot;
                       })
         && a.groups.size() == b.groups.size() && a.traces == b.traces;
}

} // namespace

BOOST_AUTO_TEST_SUITE(scan_test)

// Scenario: two traces, three spans, one resource.
// Guarantee: bodies, slots by first appearance, and envelopes are the bytes that stand there.
BOOST_AUTO_TEST_CASE(spans_slots_and_envelopes_are_found) {
  const auto message = request({span('a', '1'), span('b', '2'), span('a', '3')});
  const auto [index, rejected] = scan(message);
  BOOST_TEST(rejected.total() == 0U);
  BOOST_REQUIRE_EQUAL(index.spans.size(), 3U);
  BOOST_TEST(index.spans[2].body.in(message) == span('a', '3'));
  BOOST_TEST(index.spans[0].slot == 0U);
  BOOST_TEST(index.spans[1].slot == 1U);
  BOOST_TEST(index.spans[2].slot == 0U);
  BOOST_REQUIRE_EQUAL(index.groups.size(), 1U);
  const auto& g = index.groups[0];
  BOOST_TEST(envelope(index, g.first_resource_slice, g.resource_slices, message)
             == field(1, field(1, attribute("service.name", "shop"))));
  BOOST_TEST(envelope(index, g.first_scope_slice, g.scope_slices, message)
             == field(1, field(1, "tracer")));
}

// Scenario: fields in an unusual order: spans before scope, scopes before resource, schema urls
// last, unknown fields between. Guarantee: the envelopes hold all of that in wire order, unknown
// fields too, and no span.
BOOST_AUTO_TEST_CASE(envelopes_keep_unknown_fields_and_their_order) {
  const auto scope = varint(900, 7) + field(2, span('a', '1')) + field(1, field(1, "late scope"))
                     + field(2, span('a', '2')) + field(3, "scope url");
  const auto resource = field(2, scope) + field(55, "unknown") + field(1, "") + field(3, "url");
  const auto message = field(1, resource);
  const auto [index, rejected] = scan(message);
  BOOST_REQUIRE_EQUAL(index.groups.size(), 1U);
  const auto& g = index.groups[0];
  BOOST_TEST(envelope(index, g.first_resource_slice, g.resource_slices, message)
             == field(55, "unknown") + field(1, "") + field(3, "url"));
  BOOST_TEST(envelope(index, g.first_scope_slice, g.scope_slices, message)
             == varint(900, 7) + field(1, field(1, "late scope")) + field(3, "scope url"));
  BOOST_TEST(index.spans.size() == 2U);
}

// Scenario: clients from before proto 0.15 send instrumentation_library_spans (field 1000).
// Guarantee: its spans are taken where there are no scope_spans, else forgotten, envelope included.
BOOST_AUTO_TEST_CASE(field_1000_counts_where_scope_spans_are_absent) {
  const auto scope = [](char c) { return field(1, field(1, "lib")) + field(2, span('a', c)); };
  const auto old = scan(field(1, field(1, "") + field(1000, scope('1')) + field(1000, scope('2'))));
  BOOST_TEST(old.index.spans.size() == 2U);
  BOOST_TEST(old.index.groups.size() == 2U);
  const auto message = field(1, field(1000, scope('1')) + field(2, scope('2')));
  const auto both = scan(message);
  BOOST_REQUIRE_EQUAL(both.index.spans.size(), 1U);
  BOOST_TEST(both.index.spans[0].body.in(message) == span('a', '2'));
  BOOST_TEST(both.index.groups[0].resource_slices == 0U);
}

// Scenario: spans with ids of wrong lengths, all zero, absent, twice; wrong ids in links and
// parents; text that is not UTF-8; too large a span; a good one between. Guarantee: each is left
// out and counted by its reason, the good one is taken.
BOOST_AUTO_TEST_CASE(bad_spans_are_left_out_and_counted) {
  const auto bad_utf8 = span('a', '1', "\xff");
  const auto link = [](std::string_view t, std::string_view s) {
    return field(13, field(1, t) + field(2, s));
  };
  const auto message = request({
      field(1, std::string(15, 'a')) + field(2, id('1')),
      field(1, std::string(16, '\0')) + field(2, id('1')),
      field(2, id('1')),
      field(1, trace('a')) + span('b', '1'),
      span('a', '1') + link("short", id('1')),
      field(1, trace('a')) + field(2, "1234567"),
      field(1, trace('a')) + field(2, std::string(8, '\0')),
      field(1, trace('a')),
      span('a', '1') + field(2, id('2')),
      span('a', '1') + field(4, "parent"),
      span('a', '1') + link(trace('b'), "short"),
      bad_utf8,
      span('a', '1') + field(9, attribute("key", "\xc3")),
      span('a', '1') + field(3, std::string(2000, 'x')),
      span('g', '1') + field(4, "") + link("", ""),
  });
  const auto [index, rejected] = scan(message, {.max_span_bytes = 1000});
  BOOST_TEST(rejected.bad_trace_id == 6U);
  BOOST_TEST(rejected.bad_span_id == 5U);
  BOOST_TEST(rejected.bad_utf8 == 2U);
  BOOST_TEST(rejected.too_large == 1U);
  BOOST_REQUIRE_EQUAL(index.spans.size(), 1U);
  BOOST_TEST(index.traces[0].view() == trace('g'));
  BOOST_TEST(scan(request({bad_utf8}), {.check_utf8 = false}).index.spans.size() == 1U);
}

// Scenario: resources and scopes at the limit of an envelope and over it, the resource behind its
// spans too, in an index that holds others already. Guarantee: what lies in those over it is left
// out and counted, the rest is as if they were not there.
BOOST_AUTO_TEST_CASE(large_envelopes_leave_out_what_is_in_them) {
  const auto scope = [](char letter, std::size_t bytes) {
    return field(2, field(1, field(1, std::string(bytes, 's'))) + field(2, span(letter, '1')));
  };
  // Fields that nobody knows, of two bytes each: what is measured is the whole envelope.
  const auto unknown = [](std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i)
      out += std::string("\x7a\0", 2);
    return out;
  };
  const auto message = field(1, scope('a', 90)) + field(1, scope('b', 200) + scope('c', 90))
                       + field(1, scope('d', 1) + scope('e', 2) + unknown(51))
                       + field(1, unknown(50) + scope('f', 1));
  span_index index;
  BOOST_REQUIRE(scan_traces(request({span('z', '1')}), 0, {}, index));
  const auto rejected = scan_traces(message, 1000, {.max_envelope_bytes = 100}, index);
  BOOST_REQUIRE(rejected);
  BOOST_TEST(rejected->large_envelope == 3U);
  BOOST_TEST(rejected->total() == 3U);
  std::string traces;
  for (const auto& id : index.traces)
    traces += id.view()[0];
  BOOST_TEST(traces == "zacf");
  BOOST_REQUIRE_EQUAL(index.spans.size(), 4U);
  for (slot s = 0; s < 4; ++s)
    BOOST_TEST(index.spans[s].slot == s);
  BOOST_TEST(index.groups.size() == 4U);
}

// Scenario: a message whose every span is rejected, and messages without spans.
// Guarantee: no group is left behind.
BOOST_AUTO_TEST_CASE(empty_messages_leave_nothing_in_the_index) {
  for (const auto& message :
       {std::string{}, request({}), field(1, ""), request({field(1, "x")}), varint(9, 1)}) {
    const auto [index, rejected] = scan(message);
    BOOST_TEST(index.spans.empty());
    BOOST_TEST(index.groups.empty());
    BOOST_TEST(index.slices.empty());
  }
}

// Scenario: several messages one behind the other in one buffer, the second one malformed.
// Guarantee: offsets count from the buffer's begin, slots go on, and the bad one leaves no trace.
BOOST_AUTO_TEST_CASE(a_malformed_message_does_not_touch_those_before) {
  const auto first = request({span('a', '1'), span('b', '2')});
  const auto second = request({span('a', '3'), span('c', '4')}) + "\x0a\x7f";
  const auto third = request({span('c', '5'), span('b', '6')});
  const auto buffer = first + third;
  span_index index;
  BOOST_REQUIRE(scan_traces(first, 0, {}, index));
  BOOST_REQUIRE(!scan_traces(second, static_cast<std::uint32_t>(first.size()), {}, index));
  BOOST_TEST(index.spans.size() == 2U);
  BOOST_TEST(index.traces.size() == 2U);
  BOOST_REQUIRE(scan_traces(third, static_cast<std::uint32_t>(first.size()), {}, index));
  BOOST_REQUIRE_EQUAL(index.spans.size(), 4U);
  BOOST_TEST(index.spans[2].slot == 2U);
  BOOST_TEST(index.spans[3].slot == 1U);
  BOOST_TEST(index.spans[3].body.in(buffer) == span('b', '6'));
  BOOST_TEST(index.spans[3].group == 1U);
}

// Scenario: random messages, whole, scanned deeply and only indexed.
// Guarantee: both make the same index, so that slots mean the same to origin and owner.
BOOST_AUTO_TEST_CASE(scan_and_index_agree) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const auto message = test::generator{seed}.message(message_id::traces_data, 1 + seed % 6);
    const auto deep = scan(message);
    span_index quick;
    BOOST_TEST_CONTEXT("seed " << seed) {
      BOOST_TEST(deep.rejected.total() == 0U);
      BOOST_REQUIRE(index_traces(message, 0, quick));
      BOOST_REQUIRE(same(deep.index, quick));
    }
  }
}

// Scenario: metrics of every kind, with field 1000, and logs.
// Guarantee: data points and log records are counted, whatever wraps them.
BOOST_AUTO_TEST_CASE(data_points_and_log_records_are_counted) {
  std::string scope;
  for (const std::uint32_t kind : {5, 7, 9, 10, 11})
    scope += field(2, field(1, "m") + field(kind, field(1, "") + field(1, "")));
  const auto each = [](std::uint32_t number, std::string_view s) {
    return field(1, field(1, "") + field(number, s));
  };
  BOOST_TEST(check_items(signal::metrics, each(2, scope), {}).value() == 10U);
  BOOST_TEST(check_items(signal::metrics, each(1000, scope), {}).value() == 10U);
  const auto logs = field(2, field(5, field(1, "one"))) + field(2, "");
  BOOST_TEST(check_items(signal::logs, each(2, logs) + each(2, logs), {}).value() == 4U);
  BOOST_TEST(check_items(signal::logs, "", {}).value() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
