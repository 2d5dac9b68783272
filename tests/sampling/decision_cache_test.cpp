#include "codec/frame.hpp"
#include "otlp_builder.hpp"
#include "sampling/decision_cache.hpp"

#include <bit>
#include <boost/test/unit_test.hpp>
#include <map>
#include <random>

using namespace weir;
using namespace weir::sampling;
using weir::sampling::testing::id_of;

namespace {

const auto everyones = [](fingerprint) { return true; };

decision kept_by(policy_number policy, float rate = 1) {
  return {true, policy, rate};
}

fingerprint print(std::uint64_t number) {
  return fingerprint_of(id_of(number));
}

} // namespace

BOOST_AUTO_TEST_SUITE(decision_cache_test)

// Scenario: random insertions, replacements, pins and unpins around a small capacity.
// Guarantee: finds exactly what a plain model finds: the newest decisions, and all that are pinned,
// and no more than these.
BOOST_AUTO_TEST_CASE(follows_the_model) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::mt19937_64 random(seed);
      decision_cache cache(50);
      std::map<fingerprint, decision> model; // Without forgetting.
      std::map<fingerprint, int> pins;
      std::vector<fingerprint> order;
      for (int i = 0; i < 2000; ++i) {
        const auto trace = print(random() % 300);
        if (const auto action = random() % 8; action < 5) {
          const decision decision{random() % 2 == 0, no_policy, 1};
          cache.insert(trace, decision);
          model[trace] = decision;
          std::erase(order, trace);
          order.push_back(trace);
          std::string chunk;
          cache.write_chunk(static_cast<std::uint64_t>(i), chunk);
        } else if (action == 5 && cache.find(trace) && pins.size() < 20) {
          cache.pin(trace);
          ++pins[trace];
        } else if (auto pinned = pins.begin(); action > 5 && pinned != pins.end()) {
          cache.unpin(pinned->first);
          if (--pinned->second == 0)
            pins.erase(pinned);
        }
        for (const auto& [pinned, count] : pins)
          BOOST_REQUIRE((cache.find(pinned) == model[pinned]));
        BOOST_REQUIRE((order.empty() || cache.find(order.back()) == model[order.back()]));
        BOOST_REQUIRE(cache.size() <= 60);
      }
      for (const auto& [trace, decision] : model) {
        const auto found = cache.find(trace);
        BOOST_REQUIRE((!found || *found == decision));
      }
    }
  }
}

// Scenario: 100 decisions into a cache of 30, each written as it is made.
// Guarantee: the last 30 are known, no other.
BOOST_AUTO_TEST_CASE(forgets_the_oldest_first) {
  decision_cache cache(30);
  for (std::uint64_t i = 0; i < 100; ++i) {
    cache.insert(print(i), kept_by(no_policy));
    std::string chunk;
    cache.write_chunk(i, chunk);
  }
  for (std::uint64_t i = 0; i < 100; ++i)
    BOOST_TEST(cache.find(print(i)).has_value() == (i >= 70));
}

// Scenario: three chunks are written, a fourth cache reads them, newest first; policies have other
// numbers there.
// Guarantee: the newest decision of each trace, by the same policy's name; only this shard's; what
// does not fit is the oldest.
BOOST_AUTO_TEST_CASE(chunks_come_back) {
  decision_cache writer(1000);
  const auto errors = writer.number_of("errors");
  const auto slow = writer.number_of("slow");
  std::vector<std::string> chunks(3);
  for (std::uint64_t chunk = 0; chunk < 3; ++chunk) {
    for (std::uint64_t i = 0; i < 10; ++i)
      writer.insert(print(chunk * 10 + i), i % 2 == 0 ? kept_by(errors, 4) : decision{});
    // One trace is decided again in each chunk (two halves of a cluster may).
    writer.insert(print(99), chunk == 2 ? kept_by(slow) : decision{});
    BOOST_TEST(writer.has_news());
    writer.write_chunk(chunk + 5, chunks[chunk]);
    BOOST_TEST(!writer.has_news());
  }
  BOOST_TEST(writer.first_needed_chunk() == 5U);

  decision_cache reader(25);
  reader.number_of("another");
  BOOST_TEST(reader.load_chunk(7, chunks[2], everyones).value());
  BOOST_TEST(reader.load_chunk(6, chunks[1], everyones).value());
  BOOST_TEST(!reader.load_chunk(5, chunks[0], everyones).value());
  BOOST_TEST(reader.size() == 25U);
  BOOST_TEST(!reader.has_news());
  for (std::uint64_t i = 10; i < 30; ++i) {
    const auto found = reader.find(print(i));
    BOOST_REQUIRE(found);
    BOOST_TEST(found->keep == (i % 2 == 0));
    BOOST_TEST(reader.policy_name(found->policy) == (i % 2 == 0 ? "errors" : ""));
    BOOST_TEST(found->sampling_rate == (i % 2 == 0 ? 4 : 1));
  }
  BOOST_TEST(reader.policy_name(reader.find(print(99))->policy) == "slow");
  BOOST_TEST(reader.first_needed_chunk() == 5U);
  for (std::uint64_t i = 100; i < 110; ++i)
    reader.insert(print(i), {});
  BOOST_TEST(reader.first_needed_chunk() == 6U);

  decision_cache half(1000);
  BOOST_TEST(half.load_chunk(7, chunks[2], [](fingerprint f) { return f % 2 == 0; }).value());
  for (std::uint64_t i = 20; i < 30; ++i)
    BOOST_TEST(half.find(print(i)).has_value() == (print(i) % 2 == 0));
}

// Scenario: a pinned decision outlives the chunk it was written in.
// Guarantee: it stands in the next chunk again.
BOOST_AUTO_TEST_CASE(pinned_decisions_move_to_newer_chunks) {
  decision_cache cache(10);
  cache.insert(print(0), kept_by(cache.number_of("p")));
  cache.pin(print(0));
  std::string chunk;
  cache.write_chunk(1, chunk);
  for (std::uint64_t i = 1; i <= 10; ++i)
    cache.insert(print(i), {});
  chunk.clear();
  cache.write_chunk(2, chunk);
  BOOST_TEST(cache.first_needed_chunk() == 2U);
  decision_cache reader(100);
  BOOST_TEST(reader.load_chunk(2, chunk, everyones).value());
  BOOST_REQUIRE(reader.find(print(0)));
  BOOST_TEST(reader.find(print(0))->keep);
}

// Scenario: as many decisions as a cache holds are pinned, and as many again are made before any
// of them is let go.
// Guarantee: each that is made is known, and stands in the next chunk; none makes the cache look at
// all the others: a chunk holds what is new, and at most a few for each that moved.
BOOST_AUTO_TEST_CASE(a_cache_full_of_pinned_decisions_costs_no_more) {
  constexpr std::uint64_t capacity = 10'000, burst = 100;
  decision_cache cache(capacity);
  std::string chunk;
  for (std::uint64_t i = 0; i < 2 * capacity; ++i) {
    cache.insert(print(i), kept_by(no_policy), true);
    BOOST_REQUIRE(cache.find(print(i)));
    if (i % burst != burst - 1)
      continue;
    chunk.clear();
    cache.write_chunk(i, chunk);
    decision_cache reader(capacity);
    BOOST_REQUIRE(reader.load_chunk(i, chunk, everyones));
    BOOST_REQUIRE(reader.size() <= 5 * burst);
    for (auto made = i + 1 - burst; made <= i; ++made)
      BOOST_REQUIRE(reader.find(print(made)));
  }
  BOOST_TEST(cache.size() == 2 * capacity);
  for (std::uint64_t i = 0; i < 2 * capacity; ++i)
    cache.unpin(print(i));
  for (auto i = 2 * capacity; i < 4 * capacity; ++i) {
    cache.insert(print(i), kept_by(no_policy));
    if (i % burst == burst - 1)
      cache.write_chunk(i, chunk);
  }
  BOOST_TEST(cache.size() <= capacity + burst);
  BOOST_TEST(cache.find(print(4 * capacity - 1)).has_value());
  BOOST_TEST(!cache.find(print(0)).has_value());
}

// Scenario: a decision is made while all others are pinned, and pinned only afterwards.
// Guarantee: it is there to be pinned, and is written.
BOOST_AUTO_TEST_CASE(a_decision_that_was_made_is_written) {
  decision_cache cache(10);
  std::string chunk;
  for (std::uint64_t i = 0; i < 10; ++i) {
    cache.insert(print(i), {});
    cache.pin(print(i));
  }
  cache.write_chunk(1, chunk);
  for (std::uint64_t i = 10; i < 20; ++i)
    cache.insert(print(i), kept_by(no_policy));
  chunk.clear();
  cache.write_chunk(2, chunk);
  decision_cache reader(100);
  BOOST_REQUIRE(reader.load_chunk(2, chunk, everyones));
  for (std::uint64_t i = 10; i < 20; ++i)
    BOOST_TEST(reader.find(print(i)).has_value());
}

// Scenario: small chunks of two caches, with policies of other numbers each and some in common,
// are put together; then one that is none.
// Guarantee: the whole says what they said, the newest last; what is none changes nothing.
BOOST_AUTO_TEST_CASE(small_chunks_become_one) {
  decision_cache one(100), other(100);
  one.number_of("a");
  const auto b_of_one = one.number_of("b");
  const auto b_of_other = other.number_of("b");
  const auto c_of_other = other.number_of("c");
  std::string whole, next;
  one.insert(print(1), kept_by(b_of_one, 3));
  one.insert(print(2), {});
  one.write_chunk(1, whole);
  other.insert(print(3), kept_by(c_of_other, 5));
  other.insert(print(4), kept_by(b_of_other));
  other.insert(print(2), kept_by(c_of_other));
  other.write_chunk(2, next);
  BOOST_TEST(append_chunk(whole, next));
  const auto before = whole;
  BOOST_TEST(!append_chunk(whole, "no chunk"));
  BOOST_TEST(whole == before);
  decision_cache reader(100);
  BOOST_REQUIRE(reader.load_chunk(1, whole, everyones));
  BOOST_TEST(reader.size() == 4U);
  const auto policy = [&](std::uint64_t trace) {
    return reader.policy_name(reader.find(print(trace)).value().policy);
  };
  BOOST_TEST(policy(1) == "b");
  BOOST_TEST(reader.find(print(1))->sampling_rate == 3);
  BOOST_TEST(policy(3) == "c");
  BOOST_TEST(reader.find(print(3))->sampling_rate == 5);
  BOOST_TEST(policy(4) == "b");
  BOOST_TEST(policy(2) == "c");
}

// Scenario: decisions with each mark, through memory and through a chunk; and a chunk as version 1
// wrote it, byte by byte.
// Guarantee: what is remembered is what was decided; an old chunk is read, without marks.
BOOST_AUTO_TEST_CASE(rates_and_marks_come_back) {
  decision_cache writer(100);
  const auto policy = writer.number_of("dynamic");
  const decision marked[] = {{true, policy, 1, rate_mark::none},
                             {true, policy, 12.5, rate_mark::attribute},
                             {true, policy, 4096, rate_mark::threshold}};
  for (std::uint64_t i = 0; i < 3; ++i)
    writer.insert(print(i), marked[i]);
  std::string chunk;
  writer.write_chunk(1, chunk);
  decision_cache reader(100);
  reader.number_of("dynamic");
  BOOST_TEST(reader.load_chunk(1, chunk, everyones).value());
  for (std::uint64_t i = 0; i < 3; ++i) {
    BOOST_TEST((writer.find(print(i)) == marked[i]));
    BOOST_TEST((reader.find(print(i)) == marked[i]));
  }

  std::string payload("\x01p", 2);
  char record[15];
  codec::field_writer fields(record);
  fields.put(print(7));
  fields.put(std::bit_cast<std::uint32_t>(10.0F));
  fields.put(std::uint16_t{0});
  fields.put(std::uint8_t{1});
  payload.append(record, sizeof record);
  char header[36] = {};
  codec::field_writer head(header);
  head.put(std::bit_cast<std::uint32_t>(std::array{'W', 'D', 'C', '1'}));
  head.put(std::uint16_t{1});
  head.put(std::uint16_t{0});
  head.put(std::uint32_t{1});
  head.put(std::uint32_t{1});
  head.put(static_cast<std::uint32_t>(payload.size()));
  std::string old;
  codec::append_frame({"chunk of decisions", "WDC1", 1, sizeof header}, header, payload, old);
  decision_cache later(100);
  BOOST_TEST(later.load_chunk(1, old, everyones).value());
  BOOST_TEST((later.find(print(7)) == decision{true, later.number_of("p"), 10, rate_mark::none}));
}

// Scenario: every byte of a chunk is flipped in turn, and it is cut at every place.
// Guarantee: an error each time, nothing taken over, no read outside.
BOOST_AUTO_TEST_CASE(damage_is_found) {
  decision_cache writer(100);
  for (std::uint64_t i = 0; i < 5; ++i)
    writer.insert(print(i), kept_by(writer.number_of("policy")));
  std::string chunk;
  writer.write_chunk(1, chunk);
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    auto damaged = chunk;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x40);
    decision_cache reader(100);
    BOOST_TEST(!reader.load_chunk(1, damaged, everyones));
    BOOST_TEST(!reader.load_chunk(1, std::string_view(chunk).substr(0, i), everyones));
    BOOST_TEST(reader.size() == 0U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
