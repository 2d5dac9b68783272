#include "net/link/outbox.hpp"
#include "tests/net/link/message_samples.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::net;
using namespace weir::net::tests;

namespace {

cluster::gossip gossip_of(node_id id, bool wants_answer) {
  cluster::gossip result;
  result.members.push_back({.id = id});
  result.wants_answer = wants_answer;
  return result;
}

} // namespace

BOOST_AUTO_TEST_SUITE(outbox_test)

// Scenario: gossip three times, the second of which wants an answer, and two hand-overs. Guarantee:
// the newest gossip alone leaves, first, and wants the answer; then the others in order.
BOOST_AUTO_TEST_CASE(only_the_newest_gossip_waits) {
  outbox<control_message> box(1 << 20);
  BOOST_TEST(box.push(cluster::handed_over{"p", "", {}, 1, 0}));
  for (node_id id = 1; id <= 3; ++id)
    BOOST_TEST(box.push(gossip_of(id, id == 2)));
  BOOST_TEST(box.push(cluster::handed_over{"p", "", {}, 2, 0}));
  BOOST_TEST((std::get<cluster::gossip>(*box.pop()) == gossip_of(3, true)));
  BOOST_TEST(std::get<cluster::handed_over>(*box.pop()).ticket == 1u);
  BOOST_TEST(box.push(gossip_of(4, false)));
  BOOST_TEST((std::get<cluster::gossip>(*box.pop()) == gossip_of(4, false)));
  BOOST_TEST(std::get<cluster::handed_over>(*box.pop()).ticket == 2u);
  BOOST_TEST(!box.pop());
}

// Scenario: entries of 1,000 bytes in a box of 10,000. Guarantee: what does not fit is refused and
// changes nothing; with each that leaves there is room for one again, for ever.
BOOST_AUTO_TEST_CASE(it_is_bounded_in_bytes) {
  outbox<data_message> box(10'000);
  const cluster::sent_entry entry{"p", shared_bytes(std::string(1000, 'x')), {}, 0, false};
  int fitted = 0;
  while (box.push(entry))
    ++fitted;
  BOOST_TEST(fitted == 9);
  const auto full = box.bytes();
  BOOST_TEST(full <= 10'000u);
  for (int round = 0; round < 100; ++round) {
    BOOST_TEST(!box.push(entry));
    BOOST_REQUIRE(box.pop());
    BOOST_REQUIRE(box.push(entry));
    BOOST_REQUIRE_EQUAL(box.bytes(), full);
  }
  box.clear();
  BOOST_TEST(box.bytes() == 0u);
  BOOST_TEST(!box.pop());
}

// Scenario: small answers, one that is larger than a frame, gossip. Guarantee: as many leave at once as a
// frame holds, in order; what is larger leaves alone, and so does gossip.
BOOST_AUTO_TEST_CASE(a_frame_of_messages_leaves_at_once) {
  outbox<data_answer> box(1 << 20);
  BOOST_TEST(box.pop_some(1000).empty());
  for (std::uint64_t i = 1; i <= 20; ++i)
    BOOST_REQUIRE(box.push(cluster::taken{i}));
  BOOST_REQUIRE(box.push(cluster::settled_slots{{{{1, 1, 1}, std::vector<slot>(1000, 3)}}}));
  BOOST_REQUIRE(box.push(cluster::taken{22}));
  const auto first = box.pop_some(10 * weight(data_answer(cluster::taken{})));
  BOOST_REQUIRE(first.size() == 10u);
  for (std::uint64_t i = 1; i <= 10; ++i)
    BOOST_TEST(std::get<cluster::taken>(first[i - 1]).bytes == i);
  BOOST_TEST(box.pop_some(1000).size() == 10u);
  BOOST_TEST(box.pop_some(1000).size() == 1u);
  BOOST_TEST(box.pop_some(1000).size() == 1u);
  BOOST_TEST(box.empty());
  outbox<control_answer> gossips(1 << 20);
  BOOST_REQUIRE(gossips.push(cluster::handed_taken{1}));
  BOOST_REQUIRE(gossips.push(gossip_of(1, false)));
  BOOST_REQUIRE(gossips.push(cluster::handed_taken{2}));
  BOOST_TEST(gossips.pop_some(1000).size() == 1u);
  BOOST_TEST(gossips.pop_some(1000).size() == 2u);
}

// Scenario: what may wait, until it is much; credit. Guarantee: much hurries, and so does credit, until
// it has left.
BOOST_AUTO_TEST_CASE(credit_does_not_wait) {
  outbox<data_answer> box(1 << 20);
  BOOST_REQUIRE(box.push(cluster::settled_slots{{{{1, 1, 1}, {3}}}}));
  BOOST_TEST(!box.hurries());
  BOOST_REQUIRE(box.push(cluster::taken{1}));
  BOOST_TEST(box.hurries());
  BOOST_TEST(box.pop_some(1 << 20).size() == 2u);
  BOOST_TEST(!box.hurries());
  while (box.bytes() < outbox<data_answer>::much)
    BOOST_REQUIRE(box.push(cluster::settled_slots{{{{1, 1, 1}, {3}}}}));
  BOOST_TEST(box.hurries());
  BOOST_REQUIRE(box.push(cluster::taken{1}));
  box.clear();
  BOOST_TEST(!box.hurries());
}

// Scenario: answers small and large. Guarantee: the small are not cut; parts of the large are small,
// none is empty, and they are the whole in order.
BOOST_AUTO_TEST_CASE(large_answers_are_cut) {
  BOOST_TEST(cut(cluster::taken{3}).size() == 1u);
  BOOST_TEST(cut(cluster::settled_slots{}).size() == 1u);
  cluster::settled_slots whole;
  for (std::uint64_t i = 1; i <= 20'000; ++i)
    whole.entries.push_back({{1, 1, i}, {1, 2, 3}});
  whole.entries.push_back({{1, 1, 1}, {0, most_slots - 1}}); // far apart: many bits
  std::vector<cluster::entry_slots> together;
  const auto parts = cut(whole);
  BOOST_TEST(parts.size() > 2u);
  for (const auto& part : parts) {
    BOOST_TEST(encode(part).size() < 1u << 20);
    const auto& entries = std::get<cluster::settled_slots>(part).entries;
    BOOST_TEST(!entries.empty());
    together.insert(together.end(), entries.begin(), entries.end());
  }
  BOOST_TEST((together == whole.entries));
}

// Scenario: settled slots of one entry, in the order of their decisions. Guarantee: they weigh what
// they do in any other order.
BOOST_AUTO_TEST_CASE(the_order_of_slots_weighs_nothing) {
  const cluster::settled_slots rising{{{{1, 1, 1}, {3, 5, 70}}}};
  const cluster::settled_slots falling{{{{1, 1, 1}, {70, 5, 3}}}};
  BOOST_TEST(weight(data_answer(falling)) == weight(data_answer(rising)));
  BOOST_TEST(cut(falling).size() == 1u);
}

// Scenario: messages of every kind. Guarantee: none weighs less than half its bytes, so that a bound
// on weights bounds memory.
BOOST_AUTO_TEST_CASE(weights_are_like_sizes) {
  const auto weighs = [](const auto& message) {
    return 2 * weight(message) >= encode(message).size();
  };
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      message_samples samples(seed);
      BOOST_TEST(weighs(samples.control()));
      BOOST_TEST(weighs(samples.control_reply()));
      BOOST_TEST(weighs(samples.data()));
      BOOST_TEST(weighs(samples.data_reply()));
    }
  }
}

// Scenario: slots in falling order, as traces are decided in any. Guarantee: they weigh what they weigh
// in rising order, and there is room for them.
BOOST_AUTO_TEST_CASE(slots_in_any_order_weigh_the_same) {
  const data_answer rising = cluster::settled_slots{{{{1, 2, 3}, {4, 90, 700}}}};
  const data_answer falling = cluster::settled_slots{{{{1, 2, 3}, {700, 90, 4}}}};
  BOOST_TEST(weight(falling) == weight(rising));
  outbox<data_answer> uut(64 << 10);
  BOOST_TEST(uut.push(falling));
}

BOOST_AUTO_TEST_SUITE_END()
