#include "app/admin/waterfall.hpp"

#include "app/admin/text_table.hpp"
#include "otlp/wire.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

using namespace weir::app;
namespace wire = weir::otlp::wire;

namespace {

constexpr std::uint64_t millisecond = 1'000'000;

void put(std::string& out, std::uint32_t number, std::string_view body) {
  wire::append_tag(out, number, wire::type::bytes);
  wire::append_varint(out, body.size());
  out += body;
}

void put_time(std::string& out, std::uint32_t number, std::uint64_t value) {
  wire::append_tag(out, number, wire::type::fixed64);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// A message with a span of the service; ids are a character eight times, "" none.
std::string span(std::string_view service, std::string_view name, char id, char parent,
                 std::uint64_t begin_ms, std::uint64_t end_ms, bool failed = false) {
  std::string body, status, value, attribute, resource, spans, scope, message;
  put(body, 1, std::string(16, 't'));
  put(body, 2, std::string(8, id));
  if (parent != 0)
    put(body, 4, std::string(8, parent));
  put(body, 5, name);
  put_time(body, 7, begin_ms * millisecond);
  put_time(body, 8, end_ms * millisecond);
  if (failed) {
    wire::append_tag(status, 3, wire::type::varint);
    wire::append_varint(status, 2);
    put(body, 15, status);
  }
  put(value, 1, service);
  put(attribute, 1, "service.name");
  put(attribute, 2, value);
  put(resource, 1, attribute);
  put(scope, 2, body);
  put(spans, 1, resource);
  put(spans, 2, scope);
  put(message, 1, spans);
  return message;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

} // namespace

BOOST_AUTO_TEST_SUITE(waterfall_test)

// Scenario: spans of two services out of order, one twice, one that failed. Guarantee: each stands
// once under its parent, by time, with a bar where it was; no line is longer than 80.
BOOST_AUTO_TEST_CASE(spans_stand_under_their_parents) {
  const auto text = waterfall_of(
      {span("pay", "charge", 'c', 'b', 50, 90, true), span("shop", "GET /", 'a', 0, 0, 100),
       span("shop", "cart", 'd', 'a', 0, 25), span("pay", "charge", 'c', 'b', 50, 90, true),
       span("shop", "pay", 'b', 'a', 25, 100)});
  BOOST_TEST(
      text
      == "shop GET /                                 ==========================     100 ms\n"
         "  shop cart                                ======                        25.0 ms\n"
         "  shop pay                                       ====================    75.0 ms\n"
         "    ! pay charge                                        !!!!!!!!!!       40.0 ms\n");
  for (const auto& line : lines_of(text))
    BOOST_TEST(width_of(line) == screen_width);
}

// Scenario: a span whose parent is not there, two that are each other's parents, a chain of 3,000.
// Guarantee: every span is drawn, or counted; it ends.
BOOST_AUTO_TEST_CASE(broken_trees_are_drawn) {
  BOOST_TEST(
      lines_of(waterfall_of({span("s", "alone", 'a', 'z', 0, 1), span("s", "one", 'b', 'c', 0, 1),
                             span("s", "other", 'c', 'b', 0, 1)}))
          .size()
      == 3U);
  std::vector<std::string> chain;
  for (unsigned i = 1; i <= 3000; ++i) {
    std::string id(8, '\1'), parent(8, '\1'), body, scope, spans, message;
    id[0] = static_cast<char>(i & 0xff);
    id[1] = static_cast<char>(i >> 8);
    parent[0] = static_cast<char>((i - 1) & 0xff);
    parent[1] = static_cast<char>((i - 1) >> 8);
    put(body, 1, std::string(16, 't'));
    put(body, 2, id);
    put(body, 4, parent);
    put(body, 5, "deep");
    put(scope, 2, body);
    put(spans, 2, scope);
    put(message, 1, spans);
    chain.push_back(message);
  }
  const auto lines = lines_of(waterfall_of(chain));
  BOOST_TEST(lines.size() == max_waterfall_spans + 1);
  BOOST_TEST(lines.back() == "... and 1,000 spans more");
  BOOST_TEST(waterfall_of({"no message"}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
