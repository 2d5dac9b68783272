#include "codec/block.hpp"
#include "codec/traces_block.hpp"
#include "lies.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::codec;

namespace {

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
  std::string span;
  reader->append_span(19, span);
  BOOST_TEST(span == "span 19");
  BOOST_TEST(reader->resource(reader->resource_of(19)) == "shop");
  BOOST_TEST(reader->resources() == 2u);
  BOOST_TEST(reader->scopes() == 1u);
}

// Scenario: the header's bytes as format version 1 has them. Guarantee: the format does not change
// by accident.
BOOST_AUTO_TEST_CASE(the_format_is_what_it_was) {
  std::string block;
  write_block({.pipeline = 7,
               .signal = weir::signal::logs,
               .layout = block_layout::otlp,
               .codec = codec_id::lz4,
               .items = 1,
               .traces = 2,
               .unpacked_bytes = 3,
               .first_time = 5,
               .last_time = 6},
              "four", block);
  BOOST_TEST(block.size() == block_header_bytes + 4);
  BOOST_TEST(to_hex(block.substr(0, 32))
             == "57424b31010002030100000007000000"
                "01000000020000000300000004000000");
  BOOST_TEST(to_hex(block.substr(32, 16)) == "05000000000000000600000000000000");
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
  constexpr std::size_t unpacked_offset = 24;
  const auto block =
      lying(some_block(), block_header_bytes, unpacked_offset, largest_block_bytes + 1);
  const auto view = read_block(block);
  BOOST_REQUIRE(!view);
  BOOST_TEST((view.error().code == errc::corrupt));
  BOOST_TEST(view.error().message.find("over the limit") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
