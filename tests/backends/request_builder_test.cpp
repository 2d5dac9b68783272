#include "backends/request_builder.hpp"

#include "backends/otlp_cut.hpp"
#include "codec/traces_block.hpp"
#include "otlp/wire.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

using weir::signal;
using weir::backends::block_part;
using weir::backends::count_items;
using weir::backends::cut_items;
using weir::backends::request_builder;
using weir::codec::block_layout;
namespace wire = weir::otlp::wire;

namespace {

std::string field(std::uint32_t number, const std::string& body) {
  std::string out;
  wire::append_bytes_field(out, number, body);
  return out;
}

// A message of `kind` with random nesting; each item's body is its number, envelopes have unknown
// fields before and behind what leads to the items.
struct random_message {
  std::mt19937 random;
  signal kind;
  unsigned items = 0;

  std::string list(unsigned most, const std::function<std::string()>& one) {
    std::string out;
    for (unsigned n = random() % (most + 1); n > 0; --n)
      out += one();
    return out;
  }

  std::string item() { return "item" + std::to_string(items++); }

  std::string metric() {
    static constexpr std::uint32_t kinds[] = {5, 7, 9, 10, 11};
    return field(1, "name")
           + field(kinds[random() % 5], list(4, [&] { return field(1, item()); }) + field(99, "u"))
           + field(12, "meta");
  }

  std::string scope() {
    return field(1, "scope")
           + list(4, [&] { return field(2, kind == signal::metrics ? metric() : item()); })
           + field(3, "schema");
  }

  std::string resource() {
    const std::uint32_t number = random() % 4 == 0 ? 1000 : 2; // the deprecated one, alone
    return field(1, "resource") + list(3, [&] { return field(number, scope()); })
           + field(77, "unknown");
  }

  std::string message() {
    return list(4, [&] { return field(1, resource()); });
  }
};

// The items of a message in order, by a walk that knows nothing of the cutter.
void collect(signal kind, std::string_view message, int depth, std::vector<std::string>& out) {
  const int leaf = kind == signal::metrics ? 5 : 3;
  if (depth == leaf) {
    out.emplace_back(message);
    return;
  }
  wire::reader r(message);
  while (auto f = r.next()) {
    const bool down = depth == 0   ? f->number == 1
                      : depth == 1 ? f->number == 2 || f->number == 1000
                      : depth == 2 ? f->number == 2
                      : depth == 3 ? f->number >= 5 && f->number <= 11
                                   : f->number == 1;
    if (down)
      collect(kind, f->bytes, depth + 1, out);
  }
}

std::vector<std::string> items_of(signal kind, std::string_view message) {
  std::vector<std::string> out;
  collect(kind, message, 0, out);
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(request_builder_test)

// Scenario: random messages of each signal cut at random places (seed 1). Guarantee: the pieces
// hold each item once, in order; nothing is cut away at the ends; a cut over all of it is the
// message.
BOOST_AUTO_TEST_CASE(pieces_hold_each_item_once) {
  for (const auto kind : {signal::traces, signal::metrics, signal::logs})
    for (unsigned seed = 1; seed <= 300; ++seed) {
      random_message make{std::mt19937(seed), kind};
      const auto message = make.message();
      const auto total = count_items(kind, message);
      BOOST_REQUIRE(total);
      BOOST_REQUIRE_EQUAL(*total, make.items);
      std::string whole;
      BOOST_REQUIRE(cut_items(kind, message, 0, *total, whole));
      BOOST_REQUIRE((whole == message));
      std::vector<std::string> items;
      for (std::uint64_t position = 0; position < *total;) {
        const auto next = std::min(*total, position + 1 + make.random() % 5);
        std::string piece;
        BOOST_REQUIRE(cut_items(kind, message, position, next, piece));
        BOOST_REQUIRE_EQUAL(*count_items(kind, piece), next - position);
        for (auto& i : items_of(kind, piece))
          items.push_back(i);
        position = next;
      }
      BOOST_REQUIRE((items == items_of(kind, message)));
    }
}

// Scenario: one log record cut out of three. Guarantee: resource, scope, schema URLs and unknown
// fields are around it, byte by byte.
BOOST_AUTO_TEST_CASE(an_item_keeps_what_is_around_it) {
  const auto scope =
      field(1, "s") + field(2, "one") + field(2, "two") + field(2, "three") + field(9, "x");
  const auto message = field(1, field(1, "r") + field(2, scope) + field(3, "url"));
  std::string piece;
  BOOST_REQUIRE(cut_items(signal::logs, message, 1, 2, piece));
  const auto expected =
      field(1, field(1, "r") + field(2, field(1, "s") + field(2, "two") + field(9, "x"))
                   + field(3, "url"));
  BOOST_TEST(piece == expected);
}

// Scenario: bytes that are not protobuf. Guarantee: an error, no crash.
BOOST_AUTO_TEST_CASE(broken_bytes_are_an_error) {
  std::string out;
  const auto broken = field(1, field(2, "\x12\x7fshort"));
  BOOST_TEST(!count_items(signal::traces, broken));
  BOOST_TEST(!cut_items(signal::traces, broken, 0, 1, out));
}

// Scenario: a whole block of layout otlp. Guarantee: the request is that block's bytes, not a copy;
// two blocks are put behind each other.
BOOST_AUTO_TEST_CASE(a_whole_block_is_passed_on_without_a_copy) {
  const weir::shared_bytes body(field(1, field(2, field(2, "a") + field(2, "b"))));
  request_builder builder(signal::logs);
  block_part whole{.body = body, .items = 2, .first = 0, .last = 2};
  const auto one = builder.build(std::vector{whole});
  BOOST_REQUIRE(one);
  BOOST_TEST((one->view().data() == body.view().data()));
  auto part = whole;
  part.last = 1;
  const auto two = builder.build(std::vector{whole, part});
  BOOST_REQUIRE(two);
  BOOST_TEST((items_of(signal::logs, two->view()) == std::vector<std::string>{"a", "b", "a"}));
}

// Scenario: a traces block with spans of two resources, interleaved as traces are. Guarantee: the
// request has each resource and scope once, its spans in order, bit for bit.
BOOST_AUTO_TEST_CASE(spans_of_a_traces_block_are_grouped) {
  weir::codec::traces_block_builder block;
  const auto a = block.resource(field(1, "resource a"));
  const auto b = block.resource(field(1, "resource b"));
  const auto s = block.scope(field(1, "scope"));
  const auto span = [](char c) {
    return field(1, std::string(16, c)) + field(2, std::string(8, c))
           + field(5, std::string("span ") + c);
  };
  block.span(a, s, span('1'));
  block.span(b, s, span('2'));
  block.span(a, s, span('3'));
  block.span(b, s, span('4'));
  std::string body;
  block.finish(body);
  request_builder builder(signal::traces);
  block_part part{.layout = block_layout::traces,
                  .body = weir::shared_bytes(body),
                  .items = 4,
                  .first = 0,
                  .last = 4};
  const auto built = builder.build(std::vector{part});
  BOOST_REQUIRE_MESSAGE(built, (built ? "" : built.error().message));
  const auto group = [&](const char* r, char x, char y) {
    return field(1,
                 field(1, r) + field(2, field(1, "scope") + field(2, span(x)) + field(2, span(y))));
  };
  BOOST_TEST((built->view() == group("resource a", '1', '3') + group("resource b", '2', '4')));
  part.first = 1;
  part.last = 3;
  const auto some = builder.build(std::vector{part});
  BOOST_REQUIRE(some);
  BOOST_TEST(
      (items_of(signal::traces, some->view()) == std::vector<std::string>{span('3'), span('2')}));
  part.last = 9;
  BOOST_TEST(!builder.build(std::vector{part}));
}

BOOST_AUTO_TEST_SUITE_END()
