#include "otlp/scan.hpp"

#include <boost/test/unit_test.hpp>
#include <random>
#include <unordered_map>

namespace {

using namespace weir;
using namespace weir::otlp;

trace_id id_of(std::uint64_t n) {
  trace_id id;
  std::memcpy(id.bytes.data() + 8, &n, 8);
  return id;
}

} // namespace

BOOST_AUTO_TEST_SUITE(span_index_test)

// Scenario: random ids, marks, roll-backs and clears, beside a map that does the same.
// Guarantee: slots by first appearance, as in the map, after any of these.
BOOST_AUTO_TEST_CASE(slots_agree_with_a_model) {
  std::mt19937_64 random{7};
  span_index index;
  std::vector<trace_id> model;
  std::unordered_map<trace_id, slot> slots;
  auto mark = index.position();
  for (int i = 0; i < 200'000; ++i) {
    const auto action = random() % 1000;
    if (action == 0) {
      index.clear();
      model.clear();
      slots.clear();
      mark = index.position();
    } else if (action < 5) {
      mark = index.position();
    } else if (action < 10) {
      index.roll_back(mark);
      for (; model.size() > mark.traces; model.pop_back())
        slots.erase(model.back());
    } else {
      const auto id = id_of(random() % 3000);
      const auto [place, fresh] = slots.try_emplace(id, static_cast<slot>(model.size()));
      if (fresh)
        model.push_back(id);
      BOOST_REQUIRE_EQUAL(index.slot_of(id), place->second);
    }
    BOOST_REQUIRE_EQUAL(index.traces.size(), model.size());
  }
  BOOST_TEST((index.traces == model));
}

// Scenario: many traces, then a clear, then the same again.
// Guarantee: the same slots, and no array grows any more.
BOOST_AUTO_TEST_CASE(a_cleared_index_keeps_its_capacity) {
  span_index index;
  for (std::uint64_t n = 0; n < 10'000; ++n)
    BOOST_REQUIRE_EQUAL(index.slot_of(id_of(n)), n);
  const auto capacity = index.traces.capacity();
  index.clear();
  for (std::uint64_t n = 0; n < 10'000; ++n)
    BOOST_REQUIRE_EQUAL(index.slot_of(id_of(n * 7)), n);
  BOOST_TEST(index.traces.capacity() == capacity);
}

BOOST_AUTO_TEST_SUITE_END()
