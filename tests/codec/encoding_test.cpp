#include "codec/encoding.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <random>

using namespace weir;
using namespace weir::codec;

namespace {

constexpr encoding all[] = {encoding::identity, encoding::gzip,   encoding::zlib,
                            encoding::zstd,     encoding::snappy, encoding::snappy_framed,
                            encoding::lz4};

std::string text(std::mt19937_64& random, std::size_t size) {
  std::string out(size, '\0');
  const auto letters = 1 + random() % 255;
  for (auto& c : out)
    c = static_cast<char>(random() % letters);
  return out;
}

std::string packed(encoding encoding, std::string_view body, int level = 0) {
  std::string out;
  BOOST_REQUIRE(encode(encoding, body, level, out).has_value());
  return out;
}

// `levels` times gzip over each other, the innermost of `bytes` zeros.
std::string nested_bomb(std::size_t bytes, int levels) {
  auto body = packed(encoding::gzip, std::string(bytes, '\0'), 9);
  for (; levels > 1; --levels)
    body = packed(encoding::gzip, body, 9);
  return body;
}

// A zstd frame of zeros that does not say how many: blocks of one repeated byte (RFC
// 8878, 3.1.1.2).
std::string zstd_zeros(std::size_t blocks, unsigned window_log) {
  std::string frame{"\x28\xb5\x2f\xfd\x00", 5};
  frame.push_back(static_cast<char>((window_log - 10) << 3));
  for (std::size_t i = 0; i < blocks; ++i) {
    const auto header = (128u << 10) << 3 | 1u << 1 | (i + 1 == blocks ? 1u : 0u);
    for (unsigned shift = 0; shift < 24; shift += 8)
      frame.push_back(static_cast<char>(header >> shift));
    frame.push_back('\0');
  }
  return frame;
}

void reset_peak_memory() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

std::size_t peak_memory_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:"))
      return std::stoul(line.substr(6));
  return 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(encoding_test)

// Scenario: bodies of many sizes and contents (seed 1) in every encoding, also at a limit that just
// fits. Guarantee: they come back.
BOOST_AUTO_TEST_CASE(every_encoding_comes_back) {
  std::mt19937_64 random(1);
  std::string out;
  for (const auto method : all)
    for (const std::size_t size : {0, 1, 2, 100, 511, 512, 513, 65535, 65536, 65537, 300000}) {
      BOOST_TEST_CONTEXT(to_string(method) << ", " << size << " bytes") {
        const auto body = text(random, size);
        const auto decoded = decode(method, packed(method, body), size, out);
        BOOST_REQUIRE_MESSAGE(decoded, decoded.error().message);
        BOOST_TEST((out == body));
      }
    }
}

// Scenario: a body that unpacks to one byte more than the limit. Guarantee: too_large.
BOOST_AUTO_TEST_CASE(one_byte_over_the_limit_is_too_large) {
  std::mt19937_64 random(2);
  std::string out;
  for (const auto method : all)
    for (const std::size_t size : {1, 513, 70000}) {
      BOOST_TEST_CONTEXT(to_string(method) << ", " << size << " bytes") {
        const auto decoded = decode(method, packed(method, text(random, size)), size - 1, out);
        BOOST_REQUIRE(!decoded);
        BOOST_TEST((decoded.error().code == errc::too_large));
      }
    }
}

// Scenario: bodies cut at each length. Guarantee: invalid_argument with a text, nothing left in
// `out`.
BOOST_AUTO_TEST_CASE(a_body_cut_short_is_an_error) {
  std::mt19937_64 random(3);
  const auto body = text(random, 700);
  std::string out;
  for (const auto method : all) {
    if (method == encoding::identity)
      continue;
    const auto whole = packed(method, body);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      BOOST_TEST_CONTEXT(to_string(method) << " cut at " << length) {
        const auto decoded = decode(method, whole.substr(0, length), 1 << 20, out);
        if (method == encoding::snappy_framed && length == 10)
          continue; // a stream of no chunks is whole
        BOOST_REQUIRE(!decoded);
        BOOST_TEST((decoded.error().code == errc::invalid_argument));
        BOOST_TEST(!decoded.error().message.empty());
        BOOST_TEST(out.empty());
      }
    }
  }
}

// Scenario: a body with bytes behind its end. Guarantee: invalid_argument.
BOOST_AUTO_TEST_CASE(bytes_behind_the_end_are_an_error) {
  std::string out;
  for (const auto method : all) {
    if (method == encoding::identity)
      continue;
    const auto decoded = decode(method, packed(method, "a body") + "garbage", 1 << 20, out);
    BOOST_TEST_CONTEXT(to_string(method)) {
      BOOST_REQUIRE(!decoded);
      BOOST_TEST((decoded.error().code == errc::invalid_argument));
    }
  }
}

// Scenario: several gzip members (zstd, lz4 frames, framed streams) behind each other. Guarantee:
// one body.
BOOST_AUTO_TEST_CASE(members_behind_each_other_are_one_body) {
  std::string out;
  for (const auto method :
       {encoding::gzip, encoding::zstd, encoding::lz4, encoding::snappy_framed}) {
    const auto decoded = decode(
        method, packed(method, "one, ") + packed(method, "") + packed(method, "two"), 1 << 20, out);
    BOOST_REQUIRE_MESSAGE(decoded, to_string(method) << ": " << decoded.error().message);
    BOOST_TEST(out == "one, two");
  }
}

// Scenario: random damage to packed bodies (seeds 1 to 3000). Guarantee: an error, or at most the
// limit; no more is read or written (under ASan).
BOOST_AUTO_TEST_CASE(damaged_bodies_stay_within_the_limit) {
  std::string out;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    std::mt19937_64 random(seed);
    const auto method = all[random() % std::size(all)];
    auto body = packed(method, text(random, random() % 5000));
    for (std::size_t n = 1 + random() % 8; n > 0 && !body.empty(); --n)
      body[random() % body.size()] = static_cast<char>(random());
    const auto limit = random() % 6000;
    BOOST_TEST_CONTEXT("seed " << seed << ", " << to_string(method)) {
      const auto decoded = decode(method, body, limit, out);
      BOOST_REQUIRE(out.size() <= limit);
      BOOST_REQUIRE((decoded || out.empty()));
    }
  }
}

// Scenario: random bytes as a body (seeds 1 to 3000). Guarantee: as above.
BOOST_AUTO_TEST_CASE(random_bytes_stay_within_the_limit) {
  std::string out;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    std::mt19937_64 random(seed);
    const auto body = text(random, random() % 200);
    (void)decode(all[random() % std::size(all)], body, 100, out);
    BOOST_REQUIRE(out.size() <= 100);
  }
}

// Scenario: bombs: gzip three deep, gzip of many members, and a zstd frame of 10 GiB of zeros.
// Guarantee: too_large, at a cost of the limit and a small window.
BOOST_AUTO_TEST_CASE(a_bomb_costs_no_more_than_the_limit) {
  constexpr std::size_t limit = 4 << 20;
  const auto nested = nested_bomb(64 << 20, 3);
  auto members = nested_bomb(32 << 20, 1);
  for (int i = 0; i < 8; ++i)
    members += members;
  const auto zeros = zstd_zeros((10ULL << 30) >> 17, 23);
  reset_peak_memory();
  const auto before = peak_memory_kib();
  std::string out;
  BOOST_TEST(decode(encoding::gzip, nested, limit, out).has_value()); // one layer is harmless
  for (const auto method : {encoding::gzip, encoding::zstd}) {
    const auto decoded = decode(method, method == encoding::gzip ? members : zeros, limit, out);
    BOOST_REQUIRE(!decoded);
    BOOST_TEST((decoded.error().code == errc::too_large));
  }
  const auto taken = peak_memory_kib() - before;
  BOOST_TEST_MESSAGE("peak memory of the bombs: " << taken << " KiB");
#if !defined(__SANITIZE_ADDRESS__)
  BOOST_TEST(taken < 20u << 10);
#endif
}

// Scenario: a zstd frame that asks for a window of 64 MiB, and one of 8 MiB (the Go encoder's
// default). Guarantee: the first is refused, the second taken.
BOOST_AUTO_TEST_CASE(a_zstd_window_is_limited) {
  std::string out;
  const auto refused = decode(encoding::zstd, zstd_zeros(1, 26), 1 << 20, out);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == errc::invalid_argument));
  BOOST_TEST(decode(encoding::zstd, zstd_zeros(1, 25), 1 << 20, out).has_value());
  BOOST_TEST(decode(encoding::zstd, zstd_zeros(1, 23), 1 << 20, out).has_value());
  BOOST_TEST(out.size() == 128u << 10);
}

// Scenario: sizes that lie: a zstd frame and a snappy block that claim 20 MB in a few bytes.
// Guarantee: an error, and no memory for the claim.
BOOST_AUTO_TEST_CASE(a_size_that_lies_takes_no_memory) {
  std::string out;
  const std::string zstd{"\x28\xb5\x2f\xfd\xa0\x00\x2d\x31\x01\x09\x00\x00x", 13};
  BOOST_TEST(!decode(encoding::zstd, zstd, 64 << 20, out));
  BOOST_TEST(out.capacity() < 1u << 20);
  const std::string snappy{"\x80\xda\xc4\x09\x00x", 6};
  const auto decoded = decode(encoding::snappy, snappy, 64 << 20, out);
  BOOST_REQUIRE(!decoded);
  BOOST_TEST(decoded.error().message == "snappy: 6 bytes cannot hold the 20000000 they claim");
  BOOST_TEST(out.capacity() < 1u << 20);
}

// Scenario: framed snappy with a skippable chunk, padding, a wrong checksum, a reserved chunk.
// Guarantee: the first two are passed over, the others are errors.
BOOST_AUTO_TEST_CASE(snappy_chunks_are_told_apart) {
  std::string out;
  const auto whole = packed(encoding::snappy_framed, "a body");
  const std::string skippable{"\x80\x03\x00\x00"
                              "abc"
                              "\xfe\x01\x00\x00\x00",
                              12};
  BOOST_REQUIRE(decode(encoding::snappy_framed, whole + skippable, 100, out).has_value());
  BOOST_TEST(out == "a body");
  auto damaged = whole;
  damaged.back() ^= 1;
  const auto wrong = decode(encoding::snappy_framed, damaged, 100, out);
  BOOST_REQUIRE(!wrong);
  BOOST_TEST(wrong.error().message == "snappy framed: a chunk's checksum does not match");
  const auto reserved =
      decode(encoding::snappy_framed, whole + std::string{"\x02\x00\x00\x00", 4}, 100, out);
  BOOST_REQUIRE(!reserved);
  BOOST_TEST(reserved.error().message == "snappy framed: a chunk of unknown type 0x02");
}

// Scenario: the framing format's CRC-32C: of "123456789" it is 0xe3069283, masked 0xc78eb4af... as
// the chunk of an uncompressed body. Guarantee: other implementations can read ours.
BOOST_AUTO_TEST_CASE(snappy_checksums_are_masked_crc32c) {
  const auto whole = packed(encoding::snappy_framed, "123456789");
  const auto sum = 0xe3069283u;
  const auto masked = ((sum >> 15) | (sum << 17)) + 0xa282ead8u;
  BOOST_REQUIRE(whole.size() == 10u + 4 + 4 + 9);
  BOOST_TEST(static_cast<unsigned>(whole[10]) == 1u);
  for (unsigned i = 0; i < 4; ++i)
    BOOST_TEST(static_cast<std::uint8_t>(whole[14 + i]) == (masked >> 8 * i & 0xff));
}

// Scenario: `snappy` in HTTP with a framed body. Guarantee: taken, as the Collector does.
BOOST_AUTO_TEST_CASE(snappy_over_http_may_be_framed) {
  std::string out;
  BOOST_REQUIRE(decode(encoding::snappy, packed(encoding::snappy_framed, "x"), 100, out));
  BOOST_TEST(out == "x");
}

// Scenario: every name of HTTP and gRPC. Guarantee: what the table of encodings says.
BOOST_AUTO_TEST_CASE(names_are_known) {
  BOOST_TEST((http_encoding("") == encoding::identity));
  BOOST_TEST((http_encoding("GZip") == encoding::gzip));
  BOOST_TEST((http_encoding("deflate") == encoding::zlib));
  BOOST_TEST((http_encoding("zlib") == encoding::zlib));
  BOOST_TEST((http_encoding("zstd") == encoding::zstd));
  BOOST_TEST((http_encoding("snappy") == encoding::snappy));
  BOOST_TEST((http_encoding("x-snappy-framed") == encoding::snappy_framed));
  BOOST_TEST((http_encoding("lz4") == encoding::lz4));
  BOOST_TEST(!http_encoding("br"));
  BOOST_TEST(!http_encoding("gzip, zstd"));
  BOOST_TEST((grpc_encoding("snappy") == encoding::snappy_framed));
  BOOST_TEST((grpc_encoding("gzip") == encoding::gzip));
  BOOST_TEST(!grpc_encoding("deflate"));
}

// Scenario: levels at the ends and beyond. Guarantee: a clear error beyond; inside, it comes back.
BOOST_AUTO_TEST_CASE(levels_are_checked) {
  std::string out;
  for (const int level : {1, 9})
    BOOST_TEST(decode(encoding::gzip, packed(encoding::gzip, "x", level), 10, out).has_value());
  for (const int level : {-7, 1, 19})
    BOOST_TEST(decode(encoding::zstd, packed(encoding::zstd, "x", level), 10, out).has_value());
  const auto bad = encode(encoding::gzip, "x", 10, out);
  BOOST_REQUIRE(!bad);
  BOOST_TEST(bad.error().message == "gzip: level 10 is not one of 1 to 9");
  BOOST_TEST(!encode(encoding::zstd, "x", 30, out));
}

BOOST_AUTO_TEST_SUITE_END()
