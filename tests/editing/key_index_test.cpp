#include "editing/key_index.hpp"

#include "editing/item.hpp"
#include "otlp/wire.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <map>
#include <random>

// Items of many attributes find them by an index: the same as those of few.
namespace {

using namespace weir;
using namespace weir::editing;

std::string field(std::uint32_t number, std::string_view content) {
  std::string out;
  otlp::wire::append_bytes_field(out, number, content);
  return out;
}

std::string attribute(std::string_view key, std::string_view text) {
  return field(9, field(1, key) + field(2, field(1, text)));
}

/// What an item of attributes has to be, looked through from the front each time.
struct model {
  std::vector<std::pair<std::string, std::string>> pairs;

  void set(const std::string& key, const std::string& text) {
    bool put = false;
    std::erase_if(pairs, [&](auto& p) {
      if (p.first != key)
        return false;
      const bool another = put;
      if (!put)
        p.second = text;
      put = true;
      return another;
    });
    if (!put)
      pairs.emplace_back(key, text);
  }
  void erase(const std::string& key) {
    std::erase_if(pairs, [&](const auto& p) { return p.first == key; });
  }
  void rename(const std::string& source, const std::string& out) {
    const auto is = [&](const auto& p) { return p.first == source; };
    const auto found = std::find_if(pairs.begin(), pairs.end(), is);
    if (found == pairs.end() || source == out)
      return;
    const auto text = found->second;
    found->first = "\1";
    erase(out);
    erase(source);
    std::find_if(pairs.begin(), pairs.end(), [](const auto& p) { return p.first == "\1"; })->first =
        out;
  }
  std::string written() const {
    std::string out;
    for (const auto& [key, text] : pairs)
      out += attribute(key, text);
    return out;
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(key_index_test)

// Scenario: random edits of an item of 100 attributes, some of whose keys stand there several
// times. Guarantee: after each it is what a plain list of pairs becomes.
BOOST_AUTO_TEST_CASE(edits_go_as_in_a_list) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::mt19937 random(seed);
      const auto key = [&] { return fmt::format("k{}", random() % 60); };
      model expected;
      for (int i = 0; i < 100; ++i)
        expected.pairs.emplace_back(key(), "0");
      const auto body = expected.written();
      arena memory;
      item uut(memory);
      uut.open(otlp::message_id::span, body);
      for (int n = 0; n < 200; ++n) {
        const auto one = std::string(memory.copy(key()));
        const auto other = memory.copy(key());
        const auto text = fmt::format("{}", n);
        switch (random() % 5) {
        case 0:
          uut.set(memory.copy(one), make_string(memory, text));
          expected.set(one, text);
          break;
        case 1:
          uut.erase(one);
          expected.erase(one);
          break;
        case 2:
          uut.rename(one, other);
          expected.rename(one, std::string(other));
          break;
        case 3: {
          const auto found = std::find_if(expected.pairs.begin(), expected.pairs.end(),
                                          [&](const auto& p) { return p.first == one; });
          const auto got = uut.get(one);
          BOOST_TEST(got.has_value() == (found != expected.pairs.end()));
          if (got)
            BOOST_TEST(string_of(*got) == found->second);
          break;
        }
        default:
          std::string map;
          for (const auto& [k, t] : expected.pairs)
            map += field(1, field(1, k) + field(2, field(1, t)));
          BOOST_TEST((uut.attributes_as_map() == map));
        }
      }
      std::string out;
      uut.write(out);
      BOOST_TEST((out == expected.written()));
    }
  }
}

// Scenario: keys among which each stands three times. Guarantee: they are given in the order in
// which they were added, while the table grows.
BOOST_AUTO_TEST_CASE(numbers_of_a_key_come_in_order) {
  key_index uut;
  for (std::uint32_t i = 0; i < 3000; ++i)
    uut.add(fmt::format("{}", i % 1000), i);
  for (std::uint32_t k = 0; k < 1000; ++k) {
    std::vector<std::uint32_t> found;
    uut.find(fmt::format("{}", k), [&](std::uint32_t i) {
      found.push_back(i);
      return true;
    });
    BOOST_TEST((found == std::vector<std::uint32_t>{k, k + 1000, k + 2000}));
  }
}

BOOST_AUTO_TEST_SUITE_END()
