#include "codec/traces_block.hpp"

#include <boost/test/unit_test.hpp>
#include <random>
#include <tuple>

using namespace weir;
using namespace weir::codec;

namespace {

struct model_span {
  std::string resource, scope, body;
};

std::string random_bytes(std::mt19937_64& random, std::size_t size) {
  std::string out(size, '\0');
  for (auto& c : out)
    c = static_cast<char>(random());
  return out;
}

std::string with_length(char tag, const std::string& bytes) {
  BOOST_REQUIRE(bytes.size() < 128);
  return std::string{tag, static_cast<char>(bytes.size())} + bytes;
}

std::string fixed64(char tag, std::uint64_t value) {
  std::string out{tag};
  for (int i = 0; i < 8; ++i, value >>= 8)
    out.push_back(static_cast<char>(value));
  return out;
}

// A span as an SDK writes it: fields in order.
std::string span_body(const std::string& trace, const std::string& id, const std::string& parent,
                      std::uint64_t start, std::uint64_t end, const std::string& rest) {
  return with_length(0x0a, trace) + with_length(0x12, id) + with_length(0x22, parent)
         + with_length(0x2a, "GET /") + fixed64(0x39, start) + fixed64(0x41, end) + rest;
}

std::string body_of(const std::vector<model_span>& spans) {
  traces_block_builder builder;
  for (const auto& s : spans)
    builder.span(builder.resource(s.resource), builder.scope(s.scope), s.body);
  BOOST_TEST(builder.spans() == spans.size());
  std::string body;
  builder.finish(body);
  return body;
}

std::string span_of(const traces_block_reader& reader, std::size_t index) {
  std::string span;
  reader.append_span(index, span);
  BOOST_REQUIRE(span.size() == reader.span_bytes(index));
  return span;
}

void check_comes_back(const std::vector<model_span>& spans) {
  const auto body = body_of(spans);
  const auto reader = traces_block_reader::open(body);
  BOOST_REQUIRE_MESSAGE(reader, reader.error().message);
  BOOST_REQUIRE_EQUAL(reader->spans(), spans.size());
  for (std::size_t i = 0; i < spans.size(); ++i) {
    BOOST_REQUIRE(span_of(*reader, i) == spans[i].body);
    BOOST_REQUIRE(reader->resource(reader->resource_of(i)) == spans[i].resource);
    BOOST_REQUIRE(reader->scope(reader->scope_of(i)) == spans[i].scope);
  }
}

// Fields of a span in any order, values of lengths they should not have, repeated, non-minimal
// varints, unknown fields: everything protobuf may be.
std::string odd_body(std::mt19937_64& random) {
  std::string out;
  for (auto fields = random() % 12; fields > 0; --fields)
    switch (random() % 9) {
    case 0:
      out += with_length(0x0a, random_bytes(random, random() % 3 ? 16 : random() % 20));
      break;
    case 1:
      out += with_length(0x12, random_bytes(random, random() % 3 ? 8 : random() % 10));
      break;
    case 2:
      out += with_length(0x22, random_bytes(random, random() % 3 ? 8 : random() % 10));
      break;
    case 3:
      out += fixed64(0x39, random() >> random() % 64);
      break;
    case 4:
      out += fixed64(0x41, random() >> random() % 64);
      break;
    case 5: // tag and length longer than need be
      out += std::string{"\x8a\x00\x90\x00", 4} + random_bytes(random, 16);
      break;
    case 6:
      out += std::string{"\x38"} + static_cast<char>(random() % 128); // start as a varint
      break;
    case 7:
      out += with_length(0x4a, random_bytes(random, random() % 40));
      break;
    default:
      out += std::string{"\x85\x01", 2} + random_bytes(random, 4); // flags
    }
  return out;
}

std::vector<model_span> sound_spans(std::mt19937_64& random, std::size_t traces) {
  std::vector<model_span> spans;
  for (std::size_t t = 0; t < traces; ++t) {
    const auto trace = random_bytes(random, 16);
    std::vector<std::string> ids(1 + random() % 12);
    for (auto& id : ids)
      id = random_bytes(random, 8);
    const auto began = 1'700'000'000'000'000'000 + random() % 1'000'000'000;
    for (const auto& id : ids) {
      const auto parent = random() % 8 == 0   ? random_bytes(random, 8)
                          : random() % 4 == 0 ? std::string{}
                                              : ids[random() % ids.size()];
      const auto start = began + random() % 1'000'000;
      spans.push_back({"resource " + std::to_string(random() % 5),
                       "scope " + std::to_string(random() % 3),
                       span_body(trace, id, parent, start, start + random() % 1'000'000 - 1000,
                                 with_length(0x4a, std::to_string(random() % 7)))});
    }
  }
  return spans;
}

} // namespace

BOOST_AUTO_TEST_SUITE(traces_block_test)

// Scenario: traces as SDKs make them (seeds 1 to 50): parents before, after, elsewhere, absent,
// times that run backwards. Guarantee: every span comes back byte for byte, in order, under its
// trace.
BOOST_AUTO_TEST_CASE(traces_come_back) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::mt19937_64 random(seed);
      const auto spans = sound_spans(random, random() % 60);
      check_comes_back(spans);
      const auto body = body_of(spans);
      const auto reader = traces_block_reader::open(body);
      for (std::size_t i = 0; i < spans.size(); ++i)
        BOOST_REQUIRE(reader->trace_of(i).view() == spans[i].body.substr(2, 16));
    }
  }
}

// Scenario: bodies in any order of fields, with repeated, unknown and odd ones, and bytes that are
// not protobuf at all (seeds 1 to 200). Guarantee: they come back as well.
BOOST_AUTO_TEST_CASE(odd_spans_come_back) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::mt19937_64 random(seed);
      std::vector<model_span> spans(random() % 200);
      for (auto& s : spans)
        s = {std::to_string(random() % 100),
             random() % 2 ? "" : random_bytes(random, random() % 300),
             random() % 4 ? odd_body(random) : random_bytes(random, random() % 60)};
      check_comes_back(spans);
    }
  }
}

// Scenario: spans that share all but ids and times. Guarantee: what they share stands once: 24
// bytes a span are enough.
BOOST_AUTO_TEST_CASE(what_spans_share_stands_once) {
  std::mt19937_64 random(1);
  const auto attributes = with_length(0x4a, std::string(120, 'a'));
  traces_block_builder builder;
  for (int t = 0; t < 100; ++t) {
    const auto trace = random_bytes(random, 16);
    const auto root = random_bytes(random, 8);
    for (std::uint64_t i = 0; i < 10; ++i)
      builder.span(builder.resource("shop"), builder.scope("lib"),
                   span_body(trace, i == 0 ? root : random_bytes(random, 8), root,
                             1000 + i * 1'000'000, 2000 + i * 1'000'000, attributes));
  }
  BOOST_TEST(builder.traces() == 100u);
  const auto size = builder.size();
  std::string body;
  builder.finish(body);
  BOOST_TEST(body.size() < 1000u * 19);
  BOOST_TEST(body.size() < size * 6 / 5);
  BOOST_TEST(size < body.size() * 13 / 10);
}

// Scenario: 20,000 spans of one trace whose ids were made to fall into one place of the table.
// Guarantee: they come back, in time linear in their number.
BOOST_AUTO_TEST_CASE(ids_made_to_collide_cost_no_time) {
  std::mt19937_64 random(1);
  const auto trace = random_bytes(random, 16);
  std::vector<model_span> spans;
  constexpr std::uint64_t inverse = 0xf1de'83e1'9937'733d; // of the table's multiplier, modulo 2^64
  for (std::uint64_t i = 1; i <= 20000; ++i) {
    const auto id = fixed64(' ', i * inverse).substr(1);
    spans.push_back({"r", "s", span_body(trace, id, id, i, i, "")});
  }
  check_comes_back(spans);
}

// Scenario: two spans of one trace, the second the parent of the first, in format 1. Guarantee: the
// format does not change by accident.
BOOST_AUTO_TEST_CASE(the_format_is_what_it_was) {
  const auto trace = std::string(16, 't');
  const auto root = std::string("rootroot");
  traces_block_builder builder;
  for (const auto& [id, parent, start] :
       {std::tuple{std::string("child001"), root, 1001}, {root, std::string("outside1"), 1000}})
    builder.span(builder.resource("R"), builder.scope("S"),
                 with_length(0x0a, trace) + with_length(0x12, id) + with_length(0x22, parent)
                     + fixed64(0x39, static_cast<std::uint64_t>(start)) + fixed64(0x41, 1004));
  std::string body;
  builder.finish(body);
  const auto expected =
      std::string("\x01\x01R\x01\x01S", 6)                                  // envelopes
      + std::string("\x01\x0a\x00\x00\x0a\x10\x12\x08\x22\x08\x39\x41", 12) // shapes
      + "\x01" + trace + "\x02"                                             // traces
      + std::string("\x00\x01", 2) // shape: the next, number 0
      + std::string("\x03\x00", 2) // parent: one further on, elsewhere
      + "child001" + root + "outside1" + std::string("\xd2\x0f\x01", 3) // start: 1001, one less
      + std::string("\x06\x08", 2);                                     // end: 3 later, 4 later
  BOOST_TEST(to_hex(body) == to_hex(expected));
}

// Scenario: a builder is used again. Guarantee: nothing of the first body is in the second.
BOOST_AUTO_TEST_CASE(a_builder_begins_anew) {
  traces_block_builder builder;
  builder.span(builder.resource("a"), builder.scope("b"), "one");
  std::string first, second;
  builder.finish(first);
  BOOST_TEST(builder.spans() == 0u);
  BOOST_TEST(builder.traces() == 0u);
  BOOST_TEST(builder.span_bytes() == 0u);
  builder.span(builder.resource("c"), builder.scope("b"), "two");
  builder.finish(second);
  const auto reader = traces_block_reader::open(second);
  BOOST_REQUIRE(reader);
  BOOST_TEST(reader->resources() == 1u);
  BOOST_TEST(reader->resource(0) == "c");
  BOOST_TEST(span_of(*reader, 0) == "two");
}

// Scenario: an empty block. Guarantee: it can be written and read.
BOOST_AUTO_TEST_CASE(an_empty_block_comes_back) {
  check_comes_back({});
}

// Scenario: a body cut at each length. Guarantee: corrupt.
BOOST_AUTO_TEST_CASE(a_body_cut_short_is_corrupt) {
  std::mt19937_64 random(1);
  const auto body = body_of(sound_spans(random, 5));
  for (std::size_t length = 0; length < body.size(); ++length) {
    const auto reader = traces_block_reader::open(body.substr(0, length));
    BOOST_REQUIRE(!reader);
    BOOST_REQUIRE((reader.error().code == errc::corrupt));
  }
  BOOST_TEST(!traces_block_reader::open(body + "x"));
}

// Scenario: bodies with random damage (seeds 1 to 20000). Guarantee: an error, or a body that holds
// together: every span can be put together and names envelopes that are there (under ASan: nothing
// outside is read).
BOOST_AUTO_TEST_CASE(damaged_bodies_stay_inside) {
  std::mt19937_64 maker(1);
  const auto sound = body_of(sound_spans(maker, 4));
  for (std::uint64_t seed = 1; seed <= 20000; ++seed) {
    std::mt19937_64 random(seed);
    auto body = sound;
    for (auto n = 1 + random() % 4; n > 0; --n)
      body[random() % body.size()] = static_cast<char>(random());
    const auto reader = traces_block_reader::open(body);
    if (!reader)
      continue;
    for (std::size_t i = 0; i < reader->spans(); ++i) {
      BOOST_REQUIRE(reader->resource_of(i) < reader->resources());
      BOOST_REQUIRE(reader->scope_of(i) < reader->scopes());
      (void)reader->trace_of(i);
      (void)span_of(*reader, i);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
