#include "otlp/writer.hpp"

#include "build.hpp"
#include "generator.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir;
using namespace weir::otlp;
using namespace weir::otlp::test;

std::vector<std::string_view> pieces(const span_index& index, std::uint32_t first,
                                     std::uint32_t count, std::string_view message) {
  std::vector<std::string_view> result;
  for (auto i = first; i < first + count; ++i)
    result.push_back(index.slices[i].in(message));
  return result;
}

std::string joined(const std::vector<std::string_view>& parts) {
  std::string all;
  for (auto p : parts)
    all += p;
  return all;
}

// Writes the spans of an index that `wanted` takes, as intake does.
template <class Wanted>
std::string gather(const span_index& index, std::string_view message, Wanted&& wanted) {
  traces_writer writer;
  auto group = static_cast<std::uint32_t>(-1);
  for (const auto& s : index.spans) {
    if (!wanted(s))
      continue;
    if (s.group != group) {
      const auto& g = index.groups[s.group];
      writer.resource(pieces(index, g.first_resource_slice, g.resource_slices, message));
      writer.scope(pieces(index, g.first_scope_slice, g.scope_slices, message));
      group = s.group;
    }
    writer.span(s.body.in(message));
  }
  std::string out;
  writer.write(out);
  BOOST_REQUIRE_LE(out.size(), writer.size());
  BOOST_REQUIRE_LE(writer.size(), out.size() + 24 * (index.groups.size()));
  return out;
}

// A span with all that it stands in, as one text to compare.
std::string picture(const span_index& index, const span_ref& s, std::string_view message) {
  const auto& g = index.groups[s.group];
  return joined(pieces(index, g.first_resource_slice, g.resource_slices, message)) + "|"
         + joined(pieces(index, g.first_scope_slice, g.scope_slices, message)) + "|"
         + std::string{s.body.in(message)};
}

} // namespace

BOOST_AUTO_TEST_SUITE(writer_test)

// Scenario: one resource, two scopes, three spans.
// Guarantee: the bytes of the message that protobuf would write.
BOOST_AUTO_TEST_CASE(a_message_is_put_together) {
  const auto resource = field(1, field(1, attribute("service.name", "shop")));
  const auto scope = field(1, field(1, "tracer"));
  traces_writer writer;
  writer.resource(resource);
  writer.scope(scope);
  writer.span("one");
  writer.span("two");
  writer.scope(std::vector<std::string_view>{});
  writer.span(std::string_view{});
  std::string out = "before";
  writer.write(out);
  BOOST_TEST(out
             == "before"
                    + field(1, resource + field(2, scope + field(2, "one") + field(2, "two"))
                                   + field(2, field(2, ""))));
  BOOST_TEST(writer.spans() == 3U);
  writer.clear();
  BOOST_TEST(writer.size() == 0U);
  out.clear();
  writer.write(out);
  BOOST_TEST(out.empty());
}

// Scenario: resources and scopes to which no span was added, around one that has one.
// Guarantee: they leave no bytes.
BOOST_AUTO_TEST_CASE(what_has_no_span_is_left_out) {
  const auto kept = field(3, "kept");
  traces_writer writer;
  writer.resource("\x1a\x01x");
  writer.scope("\x1a\x01y");
  writer.resource(kept);
  writer.scope("\x1a\x01z");
  writer.scope(kept);
  writer.span("s");
  writer.scope("\x1a\x01z");
  writer.resource("\x1a\x01x");
  std::string out;
  writer.write(out);
  BOOST_TEST(out == field(1, kept + field(2, kept + field(2, "s"))));
}

// Scenario: random messages, indexed; all spans, and those of every other trace, are written and
// scanned again.
// Guarantee: the same spans in the same resources and scopes, byte by byte, in the same order.
BOOST_AUTO_TEST_CASE(spans_survive_the_way_through_index_and_writer) {
  std::size_t spans = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const auto message = test::generator{seed}.message(message_id::traces_data, 1 + seed % 7);
    span_index index;
    BOOST_REQUIRE(scan_traces(message, 0, {}, index));
    for (const bool half : {false, true}) {
      const auto wanted = [&](const span_ref& s) { return !half || s.slot % 2 == 0; };
      const auto out = gather(index, message, wanted);
      span_index again;
      const auto r = scan_traces(out, 0, {}, again);
      BOOST_TEST_CONTEXT("seed " << seed) {
        BOOST_REQUIRE(r && r->total() == 0);
        std::size_t i = 0;
        for (const auto& s : index.spans)
          if (wanted(s)) {
            BOOST_REQUIRE_LT(i, again.spans.size());
            BOOST_REQUIRE(picture(index, s, message) == picture(again, again.spans[i], out));
            BOOST_REQUIRE(index.traces[s.slot] == again.traces[again.spans[i].slot]);
            ++i;
          }
        BOOST_REQUIRE_EQUAL(i, again.spans.size());
        spans += i;
      }
    }
  }
  BOOST_TEST(spans > 1000U);
}

BOOST_AUTO_TEST_SUITE_END()
