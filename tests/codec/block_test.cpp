#include "codec/block.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

using namespace weir;
using namespace weir::codec;

namespace {

struct model_span {
  std::string resource, scope, body;
};

std::string random_bytes(std::mt19937_64& random, std::size_t at_most) {
  std::string out(random() % (at_most + 1), '\0');
  for (auto& c : out)
    c = static_cast<char>(random());
  return out;
}

std::string body_of(const std::vector<model_span>& spans) {
  traces_block_builder builder;
  for (const auto& s : spans)
    builder.span(builder.resource(s.resource), builder.scope(s.scope), s.body);
  std::string body;
  const auto size = builder.size();
  builder.finish(body);
  BOOST_TEST(body.size() == size);
  return body;
}

std::string some_block() {
  traces_block_builder builder;
  for (int i = 0; i < 20; ++i)
    builder.span(builder.resource(i % 3 ? "shop" : "cart"), builder.scope("lib"),
                 "span " + std::to_string(i));
  std::string body, packed, block;
  builder.finish(body);
  packer{}.pack(codec_id::zstd, 3, body, packed);
  block_header header{.pipeline = 7,
                      .layout = block_layout::traces,
                      .items = 20,
                      .traces = 4,
                      .unpacked_bytes = static_cast<std::uint32_t>(body.size()),
                      .first_time = 100,
                      .last_time = 200};
  write_block(header, packed, block);
  return block;
}

} // namespace

BOOST_AUTO_TEST_SUITE(block_test)

// Scenario: a block is written and read. Guarantee: header and payload come back as they were.
BOOST_AUTO_TEST_CASE(a_block_comes_back) {
  const auto block = some_block();
  const auto view = read_block(block);
  BOOST_REQUIRE(view);
  BOOST_TEST(view->header.pipeline == 7u);
  BOOST_TEST(view->header.items == 20u);
  BOOST_TEST(view->header.traces == 4u);
  BOOST_TEST(view->header.first_time == 100u);
  BOOST_TEST(view->header.last_time == 200u);
  BOOST_TEST((view->header.layout == block_layout::traces));
  BOOST_TEST((view->header.signal == weir::signal::traces));
  BOOST_TEST(view->header.packed_bytes == view->payload.size());
  std::string body;
  BOOST_REQUIRE(
      packer{}.unpack(view->header.codec, view->payload, view->header.unpacked_bytes, body));
  const auto reader = traces_block_reader::open(body);
  BOOST_REQUIRE(reader);
  BOOST_REQUIRE_EQUAL(reader->spans(), 20u);
  BOOST_TEST(reader->span(19).body == "span 19");
  BOOST_TEST(reader->resource(reader->span(19).resource) == "shop");
  BOOST_TEST(reader->resources() == 2u);
  BOOST_TEST(reader->scopes() == 1u);
}

// Scenario: each bit of a block is flipped in turn. Guarantee: every one is found.
BOOST_AUTO_TEST_CASE(every_flipped_bit_is_found) {
  auto block = some_block();
  for (std::size_t bit = 0; bit < block.size() * 8; ++bit) {
    block[bit / 8] ^= static_cast<char>(1 << bit % 8);
    const auto view = read_block(block);
    BOOST_REQUIRE(!view);
    BOOST_REQUIRE((view.error().code == errc::corrupt || view.error().code == errc::unsupported));
    block[bit / 8] ^= static_cast<char>(1 << bit % 8);
  }
  BOOST_TEST(read_block(block).has_value());
}

// Scenario: a block is cut at each length, or has bytes behind it. Guarantee: corrupt.
BOOST_AUTO_TEST_CASE(every_other_length_is_found) {
  const auto block = some_block();
  for (std::size_t length = 0; length < block.size(); ++length)
    BOOST_REQUIRE(!read_block(std::string_view(block).substr(0, length)));
  BOOST_TEST(!read_block(block + "x"));
}

// Scenario: a program reads a block of a later format. Guarantee: unsupported, naming the version.
BOOST_AUTO_TEST_CASE(a_newer_version_is_unsupported) {
  auto block = some_block();
  block[4] = 2;
  const auto view = read_block(block);
  BOOST_REQUIRE(!view);
  BOOST_TEST((view.error().code == errc::unsupported));
  BOOST_TEST(view.error().message == "block: format version 2, this program knows 1");
}

// Scenario: a checked header claims more than any block may have. Guarantee: refused before
// unpacking.
BOOST_AUTO_TEST_CASE(a_size_over_the_limit_is_refused) {
  std::string block;
  write_block({.unpacked_bytes = max_block_bytes + 1}, "x", block);
  const auto view = read_block(block);
  BOOST_REQUIRE(!view);
  BOOST_TEST((view.error().code == errc::corrupt));
}

// Scenario: random spans, envelopes repeated, empty and long (seeds 1 to 50). Guarantee: a body
// gives back every span, byte for byte, in order, and each envelope stands once.
BOOST_AUTO_TEST_CASE(random_spans_come_back) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::mt19937_64 random(seed);
      std::vector<std::string> envelopes;
      for (std::size_t i = 0, n = 1 + random() % 100; i < n; ++i)
        envelopes.push_back(std::to_string(i) + random_bytes(random, 300));
      envelopes.push_back("");
      std::vector<model_span> spans(random() % 500);
      for (auto& s : spans)
        s = {envelopes[random() % envelopes.size()], envelopes[random() % envelopes.size()],
             random_bytes(random, 400)};
      const auto body = body_of(spans);
      const auto reader = traces_block_reader::open(body);
      BOOST_REQUIRE(reader);
      BOOST_REQUIRE_EQUAL(reader->spans(), spans.size());
      BOOST_TEST(reader->resources() <= envelopes.size());
      for (std::size_t i = 0; i < spans.size(); ++i) {
        const auto got = reader->span(i);
        BOOST_REQUIRE(got.body == spans[i].body);
        BOOST_REQUIRE(reader->resource(got.resource) == spans[i].resource);
        BOOST_REQUIRE(reader->scope(got.scope) == spans[i].scope);
      }
    }
  }
}

// Scenario: a builder is used again. Guarantee: nothing of the first body is in the second.
BOOST_AUTO_TEST_CASE(a_builder_begins_anew) {
  traces_block_builder builder;
  builder.span(builder.resource("a"), builder.scope("b"), "one");
  std::string first, second;
  builder.finish(first);
  BOOST_TEST(builder.spans() == 0u);
  builder.span(builder.resource("c"), builder.scope("b"), "two");
  builder.finish(second);
  const auto reader = traces_block_reader::open(second);
  BOOST_REQUIRE(reader);
  BOOST_TEST(reader->resources() == 1u);
  BOOST_TEST(reader->resource(0) == "c");
}

// Scenario: bodies with random damage (seeds 1 to 20000). Guarantee: an error or a body that holds
// together: every span lies inside it and names an envelope that is there.
BOOST_AUTO_TEST_CASE(damaged_bodies_stay_inside) {
  const auto sound = body_of({{"r1", "s1", "span one"}, {"r2", "s1", "span two"}, {"r1", "", ""}});
  for (std::uint64_t seed = 1; seed <= 20000; ++seed) {
    std::mt19937_64 random(seed);
    auto body = sound.substr(0, random() % 8 ? sound.size() : random() % sound.size());
    for (std::size_t n = 1 + random() % 4; n > 0 && !body.empty(); --n)
      body[random() % body.size()] = static_cast<char>(random());
    const auto reader = traces_block_reader::open(body);
    if (!reader)
      continue;
    for (std::size_t i = 0; i < reader->spans(); ++i) {
      const auto span = reader->span(i);
      BOOST_REQUIRE(span.resource < reader->resources());
      BOOST_REQUIRE(span.scope < reader->scopes());
      BOOST_REQUIRE(span.body.data() >= body.data());
      BOOST_REQUIRE(span.body.data() + span.body.size() <= body.data() + body.size());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
