#include "codec/compression.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

using namespace weir;
using namespace weir::codec;

namespace {

constexpr codec_id all[] = {codec_id::none, codec_id::zstd, codec_id::lz4};

std::string text(std::mt19937_64& random, std::size_t size) {
  std::string out(size, '\0');
  const auto letters = 1 + random() % 255;
  for (auto& c : out)
    c = static_cast<char>(random() % letters);
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(compression_test)

// Scenario: buffers of many sizes with every codec and level through one packer (seed 1), each
// behind what `out` holds already. Guarantee: they come back; what was there stays.
BOOST_AUTO_TEST_CASE(every_codec_comes_back) {
  std::mt19937_64 random(1);
  packer packer;
  std::string out;
  for (const auto codec : all)
    for (const int level : {-5, -1, 1, 3, 6})
      for (const std::size_t size : {0, 1, 100, 5000, 300000}) {
        const auto bytes = text(random, size);
        std::string packed = "before";
        packer.pack(codec, level, bytes, packed);
        BOOST_TEST(packed.substr(0, 6) == "before");
        BOOST_REQUIRE(packer.unpack(codec, packed.substr(6), size, out));
        BOOST_TEST((out == bytes));
      }
}

// Scenario: the size said is not the size there is, by one and by a lot. Guarantee: corrupt, and no
// more memory than was said.
BOOST_AUTO_TEST_CASE(another_size_is_corrupt) {
  packer packer;
  for (const auto codec : all) {
    std::string packed;
    packer.pack(codec, 3, std::string(10'000'000, 'z'), packed);
    for (const std::size_t size : {0, 1, 9'999'999, 10'000'001}) {
      std::string out;
      const auto unpacked = packer.unpack(codec, packed, size, out);
      BOOST_REQUIRE(!unpacked);
      BOOST_TEST((unpacked.error().code == errc::corrupt));
      BOOST_TEST(out.empty());
      BOOST_TEST(out.capacity() <= size + 64);
    }
  }
}

// Scenario: damaged and cut payloads (seeds 1 to 2000), a sound one after each. Guarantee: an error
// or the size that was said; the packer works on.
BOOST_AUTO_TEST_CASE(a_packer_survives_damage) {
  packer packer;
  std::string out;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    std::mt19937_64 random(seed);
    const auto codec = all[random() % std::size(all)];
    const auto bytes = text(random, 1 + random() % 3000);
    std::string packed;
    packer.pack(codec, 1, bytes, packed);
    auto damaged = packed.substr(0, random() % 2 ? packed.size() : random() % packed.size());
    if (!damaged.empty())
      damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto unpacked = packer.unpack(codec, damaged, bytes.size(), out);
    BOOST_REQUIRE(out.size() == (unpacked ? bytes.size() : 0));
    BOOST_REQUIRE(packer.unpack(codec, packed, bytes.size(), out));
    BOOST_REQUIRE(out == bytes);
  }
}

BOOST_AUTO_TEST_SUITE_END()
