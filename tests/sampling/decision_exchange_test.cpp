#include "codec/hash.hpp"
#include "otlp_builder.hpp"
#include "sampling/decision_cache.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <set>

// What nodes tell each other of their decisions.
using namespace weir;
using namespace weir::sampling;
using weir::sampling::testing::id_of;

namespace {

const auto everyones = [](fingerprint) { return true; };

fingerprint print(std::uint64_t number) {
  return fingerprint_of(id_of(number));
}

std::string chunk_of(const decision_cache& cache) {
  std::string chunk;
  BOOST_TEST(cache.write_some(cache.end(), 1 << 20, everyones, chunk) == 0U);
  return chunk;
}

std::set<fingerprint> traces_in(std::string_view chunk) {
  std::set<fingerprint> found;
  decision_cache reader(1 << 20);
  BOOST_REQUIRE(reader.take_chunk(chunk, [&](auto trace) { return found.insert(trace).second; }));
  return found;
}

} // namespace

BOOST_AUTO_TEST_SUITE(decision_exchange_test)

// Scenario: another node's decisions, of which some are known here with the same or the other outcome,
// and some are another shard's. Guarantee: what was not known is remembered, with the policy by its
// name and the rate; what was is as it was; those with the other outcome are counted.
BOOST_AUTO_TEST_CASE(what_is_not_known_is_taken) {
  decision_cache theirs(100), mine(100);
  (void)theirs.number_of("unused");
  const auto slow = theirs.number_of("slow");
  for (std::uint64_t trace = 1; trace <= 20; ++trace)
    theirs.insert(print(trace), {trace % 2 == 0, slow, 3});
  for (std::uint64_t trace = 1; trace <= 10; ++trace)
    mine.insert(print(trace), {.keep = true});
  std::string written;
  mine.write_chunk(1, written);
  const auto differing = mine.take_chunk(
      chunk_of(theirs), [&](auto trace) { return trace != print(1) && trace != print(20); });
  BOOST_REQUIRE(differing);
  BOOST_TEST(*differing == 4U); // 3, 5, 7, 9.
  BOOST_TEST(mine.size() == 19U);
  BOOST_TEST(!mine.find(print(20)));
  for (std::uint64_t trace = 1; trace <= 10; ++trace)
    BOOST_TEST(mine.find(print(trace))->keep);
  for (std::uint64_t trace = 11; trace <= 19; ++trace) {
    const auto found = mine.find(print(trace)).value();
    BOOST_TEST(found.keep == (trace % 2 == 0));
    BOOST_TEST(mine.policy_name(found.policy) == "slow");
    BOOST_TEST(found.sampling_rate == 3);
  }
  BOOST_TEST(mine.has_news());
  mine.write_chunk(2, written);
  BOOST_TEST(mine.take_chunk(chunk_of(theirs), everyones).has_value());
  BOOST_TEST(mine.size() == 20U);
}

// Scenario: bytes that are no chunk. Guarantee: an error, and nothing is taken.
BOOST_AUTO_TEST_CASE(what_is_no_chunk_is_refused) {
  decision_cache theirs(10), mine(10);
  theirs.insert(print(1), {.keep = true});
  const auto good = chunk_of(theirs);
  for (std::size_t size = 0; size < good.size(); ++size)
    BOOST_TEST(!mine.take_chunk(std::string_view(good).substr(0, size), everyones));
  BOOST_TEST(mine.size() == 0U);
  BOOST_TEST(split_chunk("x", [](auto) { return 1; }).empty());
}

// Scenario: random decisions, some replaced, of which some are picked, are written a random number at
// a time while more are inserted (seeds 1 to 100). Guarantee: each that was there at the start and is
// picked comes once, none in a chunk of more than there may be, the newest first from chunk to chunk.
BOOST_AUTO_TEST_CASE(decisions_are_written_in_pieces) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    std::mt19937 random(seed);
    decision_cache cache(10'000);
    std::map<fingerprint, int> order; // Of the last insertion.
    for (int i = 0; i < 500; ++i) {
      const auto trace = print(random() % 300);
      cache.insert(trace, {.keep = true});
      order[trace] = i;
    }
    const auto picked = [](fingerprint trace) { return trace % 3 != 0; };
    std::set<fingerprint> expected, come;
    for (const auto& [trace, when] : order)
      if (picked(trace))
        expected.insert(trace);
    int oldest = 1000;
    for (auto end = cache.end(); end != 0;) {
      const auto most = 1 + random() % 50;
      std::string chunk;
      end = cache.write_some(end, most, picked, chunk);
      cache.insert(print(1000 + random() % 1000), {.keep = true});
      if (chunk.empty())
        continue;
      const auto found = traces_in(chunk);
      BOOST_REQUIRE_LE(found.size(), most);
      int newest = 0, last = oldest;
      for (const auto trace : found) {
        BOOST_REQUIRE(come.insert(trace).second);
        newest = std::max(newest, order.at(trace));
        last = std::min(last, order.at(trace));
      }
      BOOST_REQUIRE_LT(newest, oldest);
      oldest = last;
    }
    BOOST_REQUIRE(come == expected);
  }
}

// Scenario: more decisions are handed over than there is room for. Guarantee: within a chunk the oldest
// are the first to be forgotten, as with what was decided here.
BOOST_AUTO_TEST_CASE(the_oldest_of_a_chunk_are_forgotten_first) {
  decision_cache theirs(100), mine(10);
  for (std::uint64_t trace = 1; trace <= 20; ++trace)
    theirs.insert(print(trace), {.keep = true});
  BOOST_REQUIRE(mine.take_chunk(chunk_of(theirs), everyones));
  std::string written;
  for (std::uint64_t number = 1; mine.size() > 10; ++number) {
    mine.write_chunk(number, written);
    mine.insert(print(100), {.keep = true});
  }
  for (std::uint64_t trace = 1; trace <= 10; ++trace)
    BOOST_TEST(!mine.find(print(trace)));
  for (std::uint64_t trace = 13; trace <= 20; ++trace)
    BOOST_TEST(mine.find(print(trace)).has_value());
}

// Scenario: a chunk is dealt out to random keys (seeds 1 to 50). Guarantee: each key has its own, with
// their policies, those of key 0 are left out, nothing else is.
BOOST_AUTO_TEST_CASE(a_chunk_is_dealt_out) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    decision_cache cache(1000);
    std::map<fingerprint, std::uint64_t> keys;
    std::map<std::uint64_t, std::set<fingerprint>> expected;
    for (std::uint64_t trace = 1; trace <= 200; ++trace) {
      cache.insert(print(trace), {.keep = true, .policy = cache.number_of(trace % 2 ? "a" : "b")});
      if (const auto key = keys[print(trace)] = random() % 4; key != 0)
        expected[key].insert(print(trace));
    }
    const auto chunks = split_chunk(chunk_of(cache), [&](auto trace) { return keys.at(trace); });
    BOOST_REQUIRE_EQUAL(chunks.size(), expected.size());
    for (const auto& [key, chunk] : chunks) {
      BOOST_REQUIRE(traces_in(chunk) == expected.at(key));
      decision_cache reader(1000);
      BOOST_REQUIRE(reader.take_chunk(chunk, everyones));
      for (const auto trace : expected.at(key))
        BOOST_REQUIRE(reader.policy_name(reader.find(trace)->policy)
                      == cache.policy_name(cache.find(trace)->policy));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
