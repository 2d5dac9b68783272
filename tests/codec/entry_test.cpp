#include "codec/entry.hpp"

#include "codec/block.hpp"
#include "lies.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

using namespace weir;
using namespace weir::codec;

namespace {

entry_header some_header(std::size_t unpacked) {
  return {.id = {.node = 0x0102030405060708, .epoch = 0x1112131415161718, .sequence = 42},
          .pipeline = 3,
          .spans = 20,
          .slots = 4,
          .unpacked_bytes = static_cast<std::uint32_t>(unpacked),
          .first_received = 1'700'000'000'000'000'000,
          .last_received = 1'700'000'000'001'000'000};
}

std::string some_entry() {
  std::string message(500, 'm'), packed, entry;
  packer{}.pack(codec_id::zstd, -1, message, packed);
  write_entry(some_header(message.size()), packed, entry);
  return entry;
}

} // namespace

BOOST_AUTO_TEST_SUITE(entry_test)

// Scenario: an entry is written and read. Guarantee: header and payload come back as they were.
BOOST_AUTO_TEST_CASE(an_entry_comes_back) {
  const auto entry = some_entry();
  const auto view = read_entry(entry);
  BOOST_REQUIRE(view);
  const auto expected = some_header(500);
  const auto& header = view->header;
  BOOST_TEST((header.id == expected.id));
  BOOST_TEST(header.pipeline == expected.pipeline);
  BOOST_TEST(header.spans == expected.spans);
  BOOST_TEST(header.slots == expected.slots);
  BOOST_TEST(header.unpacked_bytes == expected.unpacked_bytes);
  BOOST_TEST(header.packed_bytes == entry.size() - entry_header_bytes);
  BOOST_TEST(header.first_received == expected.first_received);
  BOOST_TEST(header.last_received == expected.last_received);
  BOOST_TEST((header.codec == codec_id::zstd));
  std::string message;
  BOOST_REQUIRE(packer{}.unpack(header.codec, view->payload, header.unpacked_bytes, message));
  BOOST_TEST(message == std::string(500, 'm'));
}

// Scenario: the header's bytes as format version 1 has them. Guarantee: the format does not change
// by accident.
BOOST_AUTO_TEST_CASE(the_format_is_what_it_was) {
  std::string entry;
  auto header = some_header(1);
  header.codec = codec_id::none;
  write_entry(header, "p", entry);
  BOOST_TEST(entry.size() == entry_header_bytes + 1);
  BOOST_TEST(to_hex(entry.substr(0, 32))
             == "57454e31"
                "0100"
                "00"
                "00"
                "0807060504030201"
                "1817161514131211"
                "2a00000000000000");
  BOOST_TEST(to_hex(entry.substr(32, 20))
             == "03000000"
                "14000000"
                "04000000"
                "01000000"
                "01000000");
}

// Scenario: each bit of an entry is flipped in turn. Guarantee: every one is found.
BOOST_AUTO_TEST_CASE(every_flipped_bit_is_found) {
  auto entry = some_entry();
  for (std::size_t bit = 0; bit < entry.size() * 8; ++bit) {
    entry[bit / 8] ^= static_cast<char>(1 << bit % 8);
    const auto view = read_entry(entry);
    BOOST_REQUIRE(!view);
    BOOST_REQUIRE((view.error().code == errc::corrupt || view.error().code == errc::unsupported));
    entry[bit / 8] ^= static_cast<char>(1 << bit % 8);
  }
  BOOST_TEST(read_entry(entry).has_value());
}

// Scenario: an entry is cut at each length, or has bytes behind it. Guarantee: corrupt.
BOOST_AUTO_TEST_CASE(every_other_length_is_found) {
  const auto entry = some_entry();
  for (std::size_t length = 0; length < entry.size(); ++length)
    BOOST_REQUIRE(!read_entry(std::string_view(entry).substr(0, length)));
  BOOST_TEST(!read_entry(entry + "x"));
}

// Scenario: an entry of a later format. Guarantee: unsupported, naming the version.
BOOST_AUTO_TEST_CASE(a_newer_version_is_unsupported) {
  auto entry = some_entry();
  entry[4] = 2;
  const auto view = read_entry(entry);
  BOOST_REQUIRE(!view);
  BOOST_TEST((view.error().code == errc::unsupported));
  BOOST_TEST(view.error().message == "entry: format version 2, this program knows 1");
}

// Scenario: entries and blocks above what the formats hold, should a caller ever make one.
// Guarantee: they are not written, so nobody is promised anything.
BOOST_AUTO_TEST_CASE(what_nobody_could_read_is_not_written) {
  std::string out;
  const std::string large(largest_entry_bytes, 'x');
  BOOST_CHECK_THROW(write_entry({}, large, out), std::length_error);
  entry_header entry;
  entry.unpacked_bytes = largest_entry_unpacked_bytes + 1;
  BOOST_CHECK_THROW(write_entry(entry, "", out), std::length_error);
  block_header block;
  block.unpacked_bytes = largest_block_bytes + 1;
  BOOST_CHECK_THROW(write_block(block, "", out), std::length_error);
  BOOST_TEST(out.empty());
}

// Scenario: checked headers that claim too much, or a packed size of their own. Guarantee: a claim
// over the limit is refused; the packed size is what is there.
BOOST_AUTO_TEST_CASE(sizes_that_lie_are_refused) {
  constexpr std::size_t unpacked_offset = 44;
  std::string large;
  write_entry(some_header(1), "x", large);
  large = lying(large, entry_header_bytes, unpacked_offset, largest_entry_unpacked_bytes + 1);
  const auto refused = read_entry(large);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().message.find("over the limit") != std::string::npos);
  std::string huge;
  write_entry(some_header(1), std::string(largest_entry_bytes - entry_header_bytes, 'x'), huge);
  BOOST_TEST(read_entry(huge).has_value());
  BOOST_TEST(!read_entry(huge + "x"));
  auto header = some_header(1);
  header.packed_bytes = 77;
  std::string entry;
  write_entry(header, "x", entry);
  BOOST_REQUIRE(read_entry(entry));
  BOOST_TEST(read_entry(entry)->header.packed_bytes == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
