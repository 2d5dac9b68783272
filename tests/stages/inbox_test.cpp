#include "stages/inbox.hpp"

#include "cluster/progress.hpp"
#include "entries.hpp"
#include "made_up_time.hpp"
#include "tests/support/model_disk.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

using namespace weir;
using namespace weir::stages;

namespace {

constexpr node_id peer = 9;
constexpr pipeline_id traces = 4; // Another number than at the peer.

struct fixture : inbox_ports {
  void send_entry(std::size_t shard, const entry_ptr& entry) override {
    entries.emplace_back(shard, entry);
  }
  void send_sent_until(std::size_t shard, node_id origin, steady_ns moment,
                       std::uint64_t ring) override {
    BOOST_TEST(origin == peer);
    words.emplace_back(shard, moment, ring);
  }
  void send_taken_over(const taken_over_ptr& message) override { taken.push_back(message); }
  void send_low_water(const cluster::low_water& mark) override { marks.push_back(mark); }
  void answer(node_id target, cluster::link_answer message) override {
    BOOST_TEST(target == peer);
    answers.push_back(std::move(message));
  }
  void close(node_id target, const std::string& reason) override {
    BOOST_TEST(target == peer);
    closed.push_back(reason);
  }

  static cluster::sent_entry message_of(const durable_entry& entry) {
    cluster::sent_entry message;
    message.pipeline = "traces";
    message.entry = shared_bytes(journal_bytes(entry));
    message.left_alone = cluster::slot_set(entry.header.slots);
    message.received = entry.received;
    return message;
  }

  static std::shared_ptr<durable_entry> some_entry(node_id node = peer) {
    return entry_of({node, 7, 1}, 0, some_spans(1, 1, 50, 'a') + some_spans(2, 1, 50, 'b'),
                    beginning);
  }

  std::uint64_t credit() const {
    std::uint64_t sum = 0;
    for (const auto& each : answers)
      if (const auto* given = std::get_if<cluster::taken>(&each))
        sum += given->bytes;
    return sum;
  }

  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  std::vector<std::pair<std::size_t, entry_ptr>> entries;
  std::vector<std::tuple<std::size_t, steady_ns, std::uint64_t>> words;
  std::vector<taken_over_ptr> taken;
  std::vector<cluster::low_water> marks;
  std::vector<cluster::link_answer> answers;
  std::vector<std::string> closed;
  inbox uut{{{{"traces", traces}}, 3}, disk, *this};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(inbox_test, fixture)

// Scenario: a good entry of another node, with a slot to leave alone, that insists. Guarantee: each
// shard gets it as it was, under this node's number of the pipeline, received no later than now.
BOOST_AUTO_TEST_CASE(an_entry_goes_to_each_shard) {
  const auto sent = some_entry();
  auto message = message_of(*sent);
  message.left_alone.insert(1);
  message.insists = true;
  message.received = beginning.steady + second_ns; // On a clock that is a little off.
  uut.take(peer, message, beginning);
  BOOST_REQUIRE(entries.size() == 3U);
  for (std::size_t shard = 0; shard < 3; ++shard) {
    BOOST_TEST(entries[shard].first == shard);
    const auto& entry = *entries[shard].second;
    BOOST_TEST((entry.header.id == sent->header.id));
    BOOST_TEST(entry.header.pipeline == traces);
    BOOST_TEST(entry.unpacked == sent->unpacked);
    BOOST_TEST(entry.packed.view() == sent->packed.view());
    BOOST_TEST((entry.settled == message.left_alone));
    BOOST_TEST(entry.insists);
    BOOST_TEST(entry.received == beginning.steady);
  }
  BOOST_TEST(closed.empty());
  BOOST_TEST(answers.empty());
}

// Scenario: entries that cannot be: another node's, one that says another number of slots, one whose
// mask has another, spans that are none. Guarantee: the link is closed with the reason, no shard gets
// anything.
BOOST_AUTO_TEST_CASE(an_entry_that_cannot_be_closes_the_link) {
  uut.take(peer, message_of(*some_entry(8)), beginning);
  BOOST_REQUIRE(closed.size() == 1U);
  BOOST_TEST(closed.back().find("another node's") != std::string::npos);
  auto slots = some_entry();
  slots->header.slots = 3;
  uut.take(peer, message_of(*slots), beginning);
  BOOST_TEST(closed.size() == 2U);
  auto mask = message_of(*some_entry());
  mask.left_alone = cluster::slot_set(1);
  uut.take(peer, mask, beginning);
  BOOST_TEST(closed.size() == 3U);
  auto spans = some_entry();
  spans->packed = shared_bytes(std::string(spans->packed.size(), 'x'));
  uut.take(peer, message_of(*spans), beginning);
  BOOST_TEST(closed.size() == 4U);
  BOOST_TEST(entries.empty());
  BOOST_TEST(answers.empty());
}

// Scenario: the bytes of an entry are cut, or one bit of them turns (seed 1). Guarantee: the link is
// closed each time.
BOOST_AUTO_TEST_CASE(a_damaged_entry_closes_the_link) {
  std::mt19937 random(1);
  const auto good = journal_bytes(*some_entry());
  for (unsigned times = 1; times <= 300; ++times) {
    auto bytes = good;
    if (times % 2 == 0)
      bytes.resize(random() % bytes.size());
    else
      bytes[random() % bytes.size()] ^= static_cast<char>(1U << (random() % 8));
    auto message = message_of(*some_entry());
    message.entry = shared_bytes(bytes);
    uut.take(peer, message, beginning);
    BOOST_REQUIRE_EQUAL(closed.size(), times);
  }
  BOOST_TEST(entries.empty());
}

// Scenario: an entry of a pipeline that is not here. Guarantee: its credit comes back, and the slots
// that were not to be left alone are turned away; after a reload that brings it, the next is taken.
BOOST_AUTO_TEST_CASE(an_unknown_pipeline_is_turned_away) {
  const auto sent = some_entry();
  auto message = message_of(*sent);
  message.pipeline = "other";
  message.left_alone.insert(0);
  uut.take(peer, message, beginning);
  BOOST_TEST(credit() == sent->unpacked.size());
  BOOST_REQUIRE(answers.size() == 2U);
  BOOST_TEST((std::get<cluster::wrong_owner>(answers[1])
              == cluster::wrong_owner{0, {{sent->header.id, {1}}}}));
  uut.change({{{"other", 5}}, 3});
  uut.take(peer, message, beginning);
  BOOST_REQUIRE(entries.size() == 3U);
  BOOST_TEST(entries[0].second->header.pipeline == 5U);
}

// Scenario: three shards take random numbers of bytes over (seed 1), some MiB in all; now and then the
// origin says until when it has sent all; then the link is another one. Guarantee: all that each of
// them has taken comes back as credit once, to the last byte: with the origin's next word, or before,
// in steps that are large, so that little of it is held back; what was begun on the link of before
// counts for nothing.
BOOST_AUTO_TEST_CASE(credit_is_summed_over_the_shards) {
  std::mt19937 random(1);
  std::uint64_t sum = 0;
  for (int i = 1; i <= 1000; ++i) {
    const std::uint64_t bytes = random() % 50'000;
    sum += bytes;
    uut.taken(peer, bytes);
    BOOST_REQUIRE_LE(credit(), sum / 3);
    BOOST_REQUIRE_LT(sum / 3 - credit(), 1U << 20);
    if (i % 100 == 0) {
      BOOST_REQUIRE_LT(credit(), sum / 3);
      uut.take(peer, cluster::sent_until{beginning.steady, 77}, beginning);
      BOOST_REQUIRE_EQUAL(credit(), sum / 3);
    }
  }
  BOOST_TEST(answers.size() < 30U);
  uut.taken(peer, 3 - sum % 3 + 2);
  uut.link_changed(peer);
  answers.clear();
  uut.taken(peer, 3);
  uut.take(peer, cluster::sent_until{beginning.steady, 77}, beginning);
  BOOST_TEST(credit() == 1U);
}

// Scenario: what else a node says: until when it has sent all, a moment that is still to come; what it
// has forgotten. Guarantee: each shard hears the first, no later than now; the disk and the
// compressors the second.
BOOST_AUTO_TEST_CASE(other_words_go_where_they_belong) {
  uut.take(peer, cluster::sent_until{beginning.steady + 5, 77}, beginning);
  uut.take(peer, cluster::sent_until{beginning.steady - 5, 77}, beginning);
  BOOST_REQUIRE(words.size() == 6U);
  for (std::size_t shard = 0; shard < 3; ++shard) {
    BOOST_TEST((words[shard] == std::tuple(shard, beginning.steady, std::uint64_t{77})));
    BOOST_TEST((words[3 + shard] == std::tuple(shard, beginning.steady - 5, std::uint64_t{77})));
  }
  storage::batch batch;
  cluster::progress done;
  for (sequence number = 1; number <= 3; ++number) {
    done.settle({peer, 7, number}, 1, 0, true);
    batch.put_progress({peer, 7, number}, done.encode({peer, 7, number}));
  }
  disk->commit(batch, true);
  uut.take(peer, cluster::forgotten{7, 3});
  BOOST_REQUIRE(marks.size() == 1U);
  BOOST_TEST(marks[0].node == peer);
  BOOST_TEST(marks[0].epoch == 7U);
  BOOST_TEST(marks[0].below == 3U);
  std::size_t left = 0;
  BOOST_REQUIRE(disk->scan_progress([&](const auto&, auto) {
    ++left;
    return true;
  }));
  BOOST_TEST(left == 1U);
}

// Scenario: another owner hands over decisions, of a pipeline that is here and of one that is not.
// Guarantee: the first goes on, and is answered by its ticket once it is durable; the second at once,
// so that nobody waits.
BOOST_AUTO_TEST_CASE(what_is_handed_over_is_answered) {
  cluster::handed_over message;
  message.pipeline = "traces";
  message.decisions = "decisions";
  message.ticket = 1;
  uut.take(peer, message);
  BOOST_TEST(answers.empty());
  message.pipeline = "other";
  message.ticket = 2;
  uut.take(peer, message);
  BOOST_REQUIRE(taken.size() == 1U);
  BOOST_TEST(taken[0]->source == peer);
  BOOST_TEST(taken[0]->pipeline == traces);
  BOOST_TEST(taken[0]->message.decisions == "decisions");
  BOOST_REQUIRE(answers.size() == 1U);
  BOOST_TEST((std::get<cluster::handed_taken>(answers[0]) == cluster::handed_taken{2}));
  uut.taken_over({peer, 1});
  BOOST_REQUIRE(answers.size() == 2U);
  BOOST_TEST((std::get<cluster::handed_taken>(answers[1]) == cluster::handed_taken{1}));
}

BOOST_AUTO_TEST_SUITE_END()
