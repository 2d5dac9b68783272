#include "stages/origin.hpp"

#include "entries.hpp"
#include "made_up_time.hpp"
#include "model_writer.hpp"
#include "spans.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>
#include <tuple>

using namespace weir;
using namespace weir::stages;

namespace {

constexpr pipeline_id traces = 1;
constexpr steady_ns wait = 10 * second_ns;

entry_id id(sequence number) {
  return {1, 7, number};
}

std::vector<entry_id> ids(sequence first, sequence last) {
  std::vector<entry_id> all;
  for (auto number = first; number <= last; ++number)
    all.push_back(id(number));
  return all;
}

struct sent_move {
  entry_id entry;
  journal_position position;
  bool answer;

  friend bool operator==(const sent_move&, const sent_move&) = default;
};

// An origin over a model of the disk; the test is everybody else. Shard 0 is looked at.
struct fixture : origin_ports {
  fixture() {
    config.pipelines = {{traces, wait}};
    config.shards = 1;
    config.stuck_age = 3600 * second_ns;
    config.handed = std::make_shared<net::byte_budget>(1 << 20);
  }

  // -- what the origin says --

  void send_entry(std::size_t shard, const entry_ptr& entry) override {
    if (shard == 0) {
      entries.push_back(entry);
      owed.push_back(entry->unpacked.size());
    }
  }
  void send_move(std::size_t, const entry_id& entry, journal_position position,
                 bool answer) override {
    moves.push_back({entry, position, answer});
  }
  void send_sent_until(std::size_t, steady_ns moment) override { sent_until = moment; }
  void send_decisions(std::size_t shard, const decisions_ptr& message,
                      std::uint64_t bytes) override {
    decisions.emplace_back(shard, message, bytes);
  }
  void send_progress(pipeline_id, const progress_ptr& records) override {
    progress.push_back(records);
  }
  void send_low_water(pipeline_id, const cluster::low_water& mark) override {
    marks.push_back(mark);
  }
  void write(const commit_ptr& work) override {
    writer.take(work, [this] { uut->written(); });
  }
  void go_on_after(steady_ns pause) override { asked.push_back(pause); }

  // -- what the test does --

  // Entries of one trace each, as if an earlier start had left them, at positions 0, 1, ...
  void fill(sequence first, sequence last) {
    for (auto number = first; number <= last; ++number)
      put(number);
  }

  entry_ptr put(sequence number, pipeline_id pipeline = traces) {
    auto entry = entry_of(id(number), number - 1, some_spans(number, 1, 100), now);
    entry->header.pipeline = pipeline;
    storage::batch batch;
    batch.put_entry(entry->position, journal_bytes(*entry));
    disk->commit(batch, true);
    return entry;
  }

  void put_decisions(std::uint64_t chunks, std::size_t bytes) {
    storage::batch batch;
    for (std::uint64_t chunk = 0; chunk < chunks; ++chunk)
      batch.put_decisions(traces, chunk, std::string(bytes, 'x'));
    disk->commit(batch, true);
  }

  void put_progress(sequence number, std::uint32_t slots = 1) {
    cluster::progress done;
    done.settle(id(number), slots, 0, true);
    storage::batch batch;
    batch.put_progress(id(number), done.encode(id(number)));
    disk->commit(batch, true);
  }

  // One that comes from the intake; `in_memory`: there was room for its bytes.
  void take(sequence number, bool in_memory = true) {
    auto entry = std::make_shared<durable_entry>(*put(number));
    if (in_memory) {
      entry->handed_bytes = entry->packed.size() + entry->unpacked.size();
      BOOST_REQUIRE(config.handed->take(entry->handed_bytes));
    } else {
      entry->packed = {};
      entry->unpacked.clear();
      entry->index = {};
    }
    uut->stored(entry, now);
  }

  void start() { start(disk->journal()); }

  void start(storage::bounds found) {
    config.journal = found;
    positions = std::make_shared<std::atomic<journal_position>>(disk->journal().next);
    uut.emplace(config, disk, positions, *this);
    go_on();
  }

  // Until it asks for nothing, or for a pause.
  void go_on() {
    while (!asked.empty() && asked.front() == 0) {
      asked.pop_front();
      uut->go_on(now);
    }
  }

  // A pause that it asked for is over.
  void pause_ends() {
    BOOST_REQUIRE(asked.size() == 1U);
    now = later(asked.front(), now);
    asked.front() = 0;
    go_on();
  }

  // The shard gives back the credit of its oldest entry.
  void give_credit() {
    BOOST_REQUIRE(!owed.empty());
    uut->taken(owed.front());
    owed.pop_front();
    go_on();
  }

  void answer_decisions(bool room = true) {
    for (const auto& [shard, message, bytes] : std::exchange(decisions, {}))
      uut->decisions_taken(message->pipeline, shard, bytes, room);
    go_on();
  }

  void settle(sequence first, sequence last) {
    settled_report report;
    for (auto number = first; number <= last; ++number)
      report.entries.push_back({id(number), {0}});
    uut->settled(report);
  }

  void tick(steady_ns passed = second_ns / 5) {
    now = later(passed, now);
    uut->tick(now);
    go_on();
  }

  void reload(std::vector<origin_pipeline> pipelines) {
    auto wanted = config;
    wanted.pipelines = std::move(pipelines);
    uut->change(wanted, now);
    go_on();
  }

  std::vector<entry_id> sent() const {
    std::vector<entry_id> all;
    for (const auto& entry : entries)
      all.push_back(entry->header.id);
    return all;
  }

  std::vector<std::uint64_t> chunks() const {
    std::vector<std::uint64_t> numbers;
    for (const auto& [shard, message, bytes] : decisions)
      for (const auto& [number, chunk] : message->chunks)
        numbers.push_back(number);
    return numbers;
  }

  moment now = beginning;
  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  model_writer writer{disk};
  origin_config config;
  position_counter positions;
  std::vector<entry_ptr> entries;
  std::deque<std::uint64_t> owed;
  std::vector<sent_move> moves;
  std::vector<std::tuple<std::size_t, decisions_ptr, std::uint64_t>> decisions;
  std::vector<progress_ptr> progress;
  std::vector<cluster::low_water> marks;
  std::deque<steady_ns> asked;
  steady_ns sent_until = -1;
  std::optional<origin> uut;
};

const auto entry_bytes = some_spans(1, 1, 100).size();

} // namespace

BOOST_FIXTURE_TEST_SUITE(origin_test, fixture)

// -- a start --

// Scenario: an earlier start left 40 entries, long ago. Guarantee: they come in order, and their
// traces have two seconds left to come together.
BOOST_AUTO_TEST_CASE(the_journal_is_read_back_in_order) {
  fill(1, 40);
  now = later(3600 * second_ns);
  start();
  BOOST_TEST((sent() == ids(1, 40)));
  for (const auto& entry : entries)
    BOOST_TEST(entry->received == now.steady - wait + 2 * second_ns);
  BOOST_TEST(asked.empty());
}

// Scenario: the wall clock was set back by an hour since. Guarantee: the entries count as received
// now.
BOOST_AUTO_TEST_CASE(an_entry_is_not_received_later_than_now) {
  fill(1, 1);
  now = {beginning.steady, beginning.wall - 3600ULL * second_ns};
  start();
  BOOST_TEST(entries.at(0)->received == now.steady);
}

// Scenario: the intake's first entries are durable, and told, before the origin has begun to read.
// Guarantee: what an earlier start left is read back, what is new comes once, behind it.
BOOST_AUTO_TEST_CASE(what_came_meanwhile_comes_once) {
  fill(1, 3);
  config.journal = disk->journal();
  positions = std::make_shared<std::atomic<journal_position>>(3);
  uut.emplace(config, disk, positions, *this);
  take(4);
  take(5, false);
  BOOST_TEST(entries.empty());
  go_on();
  BOOST_TEST((sent() == ids(1, 5)));
  BOOST_TEST(moves.empty());
}

// Scenario: entries of which some are settled wholly or in part, as progress says. Guarantee: the
// one is not sent, the other goes with what is settled; the compressor has the progress before any
// entry goes.
BOOST_AUTO_TEST_CASE(what_progress_says_is_settled_is_not_sent) {
  fill(1, 3);
  auto two = entry_of(id(4), 3, some_spans(4, 1, 10, 'a') + some_spans(5, 1, 10, 'b'), now);
  storage::batch batch;
  batch.put_entry(3, journal_bytes(*two));
  disk->commit(batch, true);
  put_progress(2);
  put_progress(4, 2);
  start();
  BOOST_TEST((sent() == std::vector{id(1), id(3), id(4)}));
  BOOST_TEST(entries.back()->settled.contains(0));
  BOOST_TEST(!entries.back()->settled.contains(1));
  BOOST_REQUIRE(progress.size() == 1U);
  BOOST_TEST(progress[0]->records.size() == 2U);
}

// Scenario: half of 20 entries are settled, three chunks of decisions are remembered; the system
// refuses one read of the start, whichever. Guarantee: it is tried again; what is settled is not
// sent, all decisions come, the newest first, before any entry; each other entry comes once.
BOOST_AUTO_TEST_CASE(one_refused_read_at_a_start_loses_nothing) {
  unsigned reads = 0;
  for (bool refused = true; refused; ++reads) {
    fixture f;
    f.fill(1, 20);
    for (sequence number = 1; number <= 10; ++number)
      f.put_progress(number);
    f.put_decisions(3, 3000);
    f.disk->refuse_one_read(reads);
    f.start();
    refused = f.disk->refused_reads() > 0;
    if (!f.asked.empty()) {
      BOOST_TEST(f.asked.front() == second_ns);
      BOOST_TEST(f.sent_until == -1);
      f.pause_ends();
    }
    BOOST_TEST((f.sent() == ids(11, 20)), "read " << reads);
    BOOST_TEST((f.chunks() == std::vector<std::uint64_t>{2, 1, 0}), "read " << reads);
  }
  BOOST_TEST(reads > 30U);
}

// Scenario: one entry of the journal is damaged. Guarantee: it is set aside and holds up nothing:
// the others come, and once they are settled the journal is trimmed past it.
BOOST_AUTO_TEST_CASE(a_damaged_entry_is_set_aside) {
  fill(1, 5);
  disk->damage_entry(2);
  start();
  BOOST_TEST((sent() == std::vector{id(1), id(2), id(4), id(5)}));
  BOOST_TEST(
      (disk->set_aside() == std::vector{std::pair{std::string("journal"), std::uint64_t{2}}}));
  settle(1, 2);
  settle(4, 5);
  tick();
  BOOST_TEST(disk->journal().first == 5U);
}

// Scenario: 60 chunks of decisions are remembered, and the shard takes its time. Guarantee: no more
// of them are on their way than there is credit, and a message; all come, and only then the
// entries.
BOOST_AUTO_TEST_CASE(remembered_decisions_come_by_credit) {
  constexpr std::size_t bytes = 100'000;
  put_decisions(60, bytes);
  fill(1, 2);
  config.decisions_credit = 1 << 20;
  start();
  std::vector<std::uint64_t> all;
  while (!decisions.empty()) {
    std::uint64_t unanswered = 0;
    for (const auto& each : decisions)
      unanswered += std::get<2>(each);
    BOOST_TEST(unanswered <= (1U << 20) + (256U << 10) + bytes);
    const auto come = chunks();
    all.insert(all.end(), come.begin(), come.end());
    BOOST_TEST(entries.empty() == (all.size() < 60));
    answer_decisions();
  }
  BOOST_TEST(all.size() == 60U);
  BOOST_TEST(std::is_sorted(all.rbegin(), all.rend()));
  BOOST_TEST(progress.size() == 1U);
  BOOST_TEST((sent() == ids(1, 2)));
}

// Scenario: of two shards one has no room for older decisions, then the other has none either.
// Guarantee: older ones come for the other's sake, then no more; the entries do.
BOOST_AUTO_TEST_CASE(no_more_decisions_come_than_there_is_room_for) {
  put_decisions(60, 300'000);
  fill(1, 2);
  config.decisions_credit = 1;
  config.shards = 2;
  start();
  const auto answer = [this](bool first_has_room, bool second_has_room) {
    for (const auto& [shard, message, bytes] : std::exchange(decisions, {}))
      uut->decisions_taken(traces, shard, bytes, shard == 0 ? first_has_room : second_has_room);
    go_on();
  };
  BOOST_TEST(decisions.size() == 2U);
  answer(false, true);
  BOOST_TEST(decisions.size() == 2U);
  BOOST_TEST(entries.empty());
  answer(false, false);
  BOOST_TEST(decisions.empty());
  BOOST_TEST((sent() == ids(1, 2)));
  uut->decisions_taken(traces, 0, 300'000, true); // Of an answer that comes late nothing follows.
  BOOST_TEST(asked.empty());
}

// -- credit --

// Scenario: a journal of 20 entries and credit for four, of two shards. Guarantee: no more is on
// its way than the credit and an entry; half of it free is enough for more; at the end all is given
// back.
BOOST_AUTO_TEST_CASE(reading_back_stops_without_credit) {
  fill(1, 20);
  config.shards = 2;
  config.credit = 4 * 2 * entry_bytes;
  start();
  BOOST_TEST((sent() == ids(1, 4)));
  give_credit(); // Of one shard: the larger part is still on its way.
  BOOST_TEST(entries.size() == 4U);
  while (uut->bytes_in_flight() > 0) {
    BOOST_TEST(uut->bytes_in_flight() <= config.credit + 2 * entry_bytes);
    uut->taken(entry_bytes);
    go_on();
  }
  BOOST_TEST((sent() == ids(1, 20)));
  uut->taken(1 << 20); // More than was sent: nothing is owed beyond nothing.
  BOOST_TEST(uut->bytes_in_flight() == 0U);
}

// Scenario: the shard is slightly behind: it gives credit, but never so much that a good part of it
// is free, and entries keep coming. Guarantee: they come in the order in which they were received.
BOOST_AUTO_TEST_CASE(nothing_overtakes_what_waits) {
  config.credit = 4 * entry_bytes;
  start();
  sequence number = 0;
  while (number < 6)
    take(++number);
  BOOST_TEST((sent() == ids(1, 4)));
  while (number < 40) {
    uut->taken(owed.front()); // Room for one, which the next one must not have.
    owed.pop_front();
    take(++number);
    go_on();
  }
  BOOST_TEST((sent() == ids(1, 38)));
}

// Scenario: more waits than the budget between intake and origin holds, so that some of it is in
// the journal alone. Guarantee: all of it comes, in order, and the budget is free at the end.
BOOST_AUTO_TEST_CASE(what_waits_in_memory_and_on_disk_keeps_its_order) {
  config.credit = entry_bytes;
  start();
  for (sequence number = 1; number <= 30; ++number)
    take(number, number % 3 != 0);
  BOOST_TEST(config.handed->used() > 0U);
  for (std::size_t come = 1; come < 30; ++come) {
    BOOST_TEST(entries.size() == come);
    give_credit();
  }
  BOOST_TEST((sent() == ids(1, 30)));
  BOOST_TEST(config.handed->used() == 0U);
}

// Scenario: what waits in memory is settled before it was sent (an earlier compressor's progress
// says so). Guarantee: it is not sent, and its part of the budget is free.
BOOST_AUTO_TEST_CASE(what_is_settled_while_it_waits_is_let_go) {
  config.credit = entry_bytes;
  start();
  for (sequence number = 1; number <= 4; ++number)
    take(number);
  settle(2, 3);
  give_credit();
  BOOST_TEST((sent() == std::vector{id(1), id(4)}));
  BOOST_TEST(config.handed->used() == 0U);
  take(5);
  settle(5, 5);
  tick();
  BOOST_TEST(config.handed->used() == 0U);
}

// Scenario: one of two slots of what waits in memory is settled meanwhile. Guarantee: it goes with
// that.
BOOST_AUTO_TEST_CASE(what_is_settled_in_part_while_it_waits_goes_along) {
  config.credit = entry_bytes;
  start();
  take(1);
  auto entry = entry_of(id(2), 1, some_spans(2, 1, 10, 'a') + some_spans(3, 1, 10, 'b'), now);
  storage::batch batch;
  batch.put_entry(1, journal_bytes(*entry));
  disk->commit(batch, true);
  entry->handed_bytes = 100;
  BOOST_REQUIRE(config.handed->take(100));
  uut->stored(entry, now);
  uut->settled({{{id(2), {1}}}});
  give_credit();
  BOOST_REQUIRE(entries.size() == 2U);
  BOOST_TEST(entries[1]->settled.contains(1));
  BOOST_TEST(entries[1]->settled.count() == 1U);
  BOOST_TEST(entries[1]->index.spans.size() == 2U);
}

// Scenario: what waits in the journal cannot be read at the moment. Guarantee: others overtake it,
// the gate stays where it was received; a second later it is tried again.
BOOST_AUTO_TEST_CASE(an_unreadable_entry_holds_the_gate_alone) {
  config.credit = entry_bytes;
  start();
  take(1);
  const auto received = now.steady;
  take(2, false);
  now = later(second_ns / 10, now);
  take(3);
  disk->refuse_reads(1);
  give_credit();
  BOOST_TEST((sent() == std::vector{id(1), id(3)}));
  give_credit();
  tick();
  BOOST_TEST(sent_until == received);
  disk->refuse_reads(0);
  tick(second_ns / 2);
  BOOST_TEST(entries.size() == 2U);
  tick(second_ns / 2);
  BOOST_TEST((sent() == std::vector{id(1), id(3), id(2)}));
  tick();
  BOOST_TEST(sent_until == now.steady);
}

// Scenario: 30 entries wait in the journal, one behind them in memory, and nothing can be read.
// Guarantee: after 16 that cannot be read nothing else is tried until the tick's next round.
BOOST_AUTO_TEST_CASE(not_everything_overtakes_what_cannot_be_read) {
  config.credit = entry_bytes;
  start();
  take(1);
  for (sequence number = 2; number <= 31; ++number)
    take(number, false);
  take(32);
  disk->refuse_reads(1);
  give_credit();
  BOOST_TEST(disk->refused_reads() == 16U);
  BOOST_TEST((sent() == ids(1, 1)));
  disk->refuse_reads(0);
  config.credit = 1 << 20;
  tick(2 * second_ns);
  while (entries.size() < 32)
    give_credit();
  BOOST_TEST((sent() == ids(1, 32)));
}

// Scenario: of what waits in the journal one entry is damaged, one gone. Guarantee: both are given
// up and counted; the gate does not wait for them.
BOOST_AUTO_TEST_CASE(what_is_lost_while_it_waits_is_given_up) {
  config.credit = entry_bytes;
  start();
  for (sequence number = 1; number <= 4; ++number)
    take(number, number == 1);
  disk->damage_entry(1);
  BOOST_REQUIRE(disk->trim_journal(3));
  give_credit();
  BOOST_TEST((sent() == std::vector{id(1), id(4)}));
  BOOST_TEST(disk->set_aside().size() == 2U);
  tick();
  BOOST_TEST(sent_until == now.steady);
  BOOST_TEST(uut->settling().entries() == 2U);
}

// Scenario: a start without credit for all of the journal, then entries that wait. Guarantee: the
// gate is shut until the journal is read back; then it is where the oldest unsent was received.
BOOST_AUTO_TEST_CASE(the_gate_follows_the_oldest_that_is_not_sent) {
  fill(1, 3);
  config.credit = 2 * entry_bytes;
  start();
  tick();
  BOOST_TEST(sent_until == 0);
  while (entries.size() < 3)
    give_credit();
  give_credit();
  tick();
  BOOST_TEST(sent_until == now.steady);
  take(4);
  take(5); // All credit is used up.
  now = later(second_ns / 10, now);
  const auto received = now.steady;
  take(6);
  now = later(second_ns / 10, now);
  take(7);
  BOOST_TEST((sent() == ids(1, 5)));
  tick();
  BOOST_TEST(sent_until == received);
}

// -- forgetting --

// Scenario: all entries are settled and the journal is trimmed, which is not synced yet; then it
// is. Guarantee: only then are owners told to drop their progress: after a crash before, the
// entries would be read back.
BOOST_AUTO_TEST_CASE(progress_is_kept_until_the_trim_is_synced) {
  fill(1, 3);
  start();
  settle(1, 3);
  put_progress(3);
  tick();
  BOOST_TEST(disk->journal().first == 3U);
  for (const auto& mark : marks)
    BOOST_TEST(mark.below <= 1U);
  disk->maintain();
  tick();
  BOOST_TEST(marks.back().below == 4U);
  const auto said = marks.size();
  tick();
  BOOST_TEST(marks.size() == said);
}

// Scenario: reports come twice, and of entries that nobody knows. Guarantee: the first counts.
BOOST_AUTO_TEST_CASE(odd_reports_of_settled_slots_change_nothing) {
  fill(1, 2);
  start();
  settle(1, 1);
  settle(1, 1);
  settle(77, 77);
  uut->settled({{{id(2), {5}}}}); // A slot that it does not have.
  BOOST_TEST(uut->settling().entries() == 1U);
  tick();
  BOOST_TEST(disk->journal().first == 1U);
}

// Scenario: the first and the last of 20 old entries stay open, so they are written again at the
// tail; the shard has not heard of it yet. Guarantee: the old places can be read until it has; then
// the journal is trimmed up to the new ones.
BOOST_AUTO_TEST_CASE(a_moved_entry_can_be_read_at_its_old_place) {
  fill(1, 20);
  config.stuck_age = 60 * second_ns;
  start();
  settle(2, 19);
  tick();
  BOOST_TEST(writer.waiting() == 0U); // Not old enough.
  tick(61 * second_ns);
  BOOST_TEST(writer.waiting() == 1U);
  BOOST_TEST(moves.empty());
  tick();
  BOOST_TEST(writer.waiting() == 1U); // One move at a time.
  writer.write_one();
  BOOST_TEST((moves == std::vector<sent_move>{{id(1), 20, true}, {id(20), 21, true}}));
  tick();
  BOOST_TEST(disk->journal().first == 0U);
  BOOST_TEST(disk->read_entry(0).value() == disk->read_entry(20).value());
  uut->move_seen();
  tick();
  BOOST_TEST(disk->journal().first == 0U);
  uut->move_seen();
  tick();
  BOOST_TEST(disk->journal().first == 20U);
  BOOST_TEST(disk->read_entry(20).has_value());
}

// Scenario: 40 entries of a pipeline that is gone hold up the journal, and there is no shard.
// Guarantee: they are written again, 16 at most at a time, without anybody's answer, until the head
// is behind them.
BOOST_AUTO_TEST_CASE(many_are_moved_in_turns) {
  for (sequence number = 1; number <= 40; ++number)
    put(number, 2);
  fill(41, 400);
  config.stuck_age = 60 * second_ns;
  start();
  settle(41, 400);
  config.shards = 0;
  reload({{traces, wait}});
  tick(61 * second_ns);
  int turns = 0;
  for (; writer.waiting() > 0; writer.write_one(), ++turns)
    BOOST_TEST(writer.batch().operations().size() <= 2U * 16);
  BOOST_TEST(turns == 3);
  tick();
  BOOST_TEST(disk->journal().first >= 400U);
  BOOST_TEST(uut->settling().entries() == 40U);
}

// Scenario: an entry that is being moved is settled before that is written; then a kill. Guarantee:
// the journal is trimmed past both places, and nothing of it comes back.
BOOST_AUTO_TEST_CASE(an_entry_may_be_settled_while_it_is_moved) {
  fill(1, 20);
  config.stuck_age = 60 * second_ns;
  start();
  settle(2, 19);
  tick(61 * second_ns);
  BOOST_REQUIRE(writer.waiting() == 1U);
  settle(1, 1);
  settle(20, 20);
  writer.write_one();
  uut->move_seen();
  uut->move_seen();
  tick();
  BOOST_TEST(disk->journal().first == 22U);
  disk->maintain();
  disk->crash();
  entries.clear();
  start();
  BOOST_TEST(entries.empty());
}

// Scenario: a kill when a move is durable, and the journal is not trimmed. Guarantee: the next
// start sends each entry once, from its new place.
BOOST_AUTO_TEST_CASE(a_moved_entry_comes_back_once) {
  fill(1, 20);
  config.stuck_age = 60 * second_ns;
  start();
  settle(2, 19);
  for (sequence number = 2; number <= 19; ++number)
    put_progress(number);
  tick(61 * second_ns);
  writer.write_one();
  disk->crash();
  entries.clear();
  start();
  BOOST_TEST((sent() == std::vector{id(1), id(20)}));
  BOOST_TEST(entries[0]->position == 20U);
}

// Scenario: an entry stands in the journal twice (its old place came back with a damaged database).
// Guarantee: it is sent once, and the shards hear of its second place, without an answer.
BOOST_AUTO_TEST_CASE(an_entry_that_stands_there_twice_comes_once) {
  const auto entry = put(1);
  fill(2, 3);
  storage::batch batch;
  batch.put_entry(3, journal_bytes(*entry));
  disk->commit(batch, true);
  start();
  BOOST_TEST((sent() == ids(1, 3)));
  BOOST_TEST((moves == std::vector<sent_move>{{id(1), 3, false}}));
  settle(1, 3);
  tick();
  BOOST_TEST(disk->journal().first == 4U);
}

// -- reload --

// Scenario: the journal of a start holds entries of a pipeline that is not configured; a reload
// brings it back. Guarantee: they are kept, do not hold back the others' decisions, and are sent
// then, behind the pipeline's progress and decisions, as if they had just been received.
BOOST_AUTO_TEST_CASE(a_pipeline_that_comes_back_finds_its_entries) {
  fill(1, 3);
  put_progress(2);
  put_decisions(1, 100);
  config.pipelines.clear();
  start();
  tick();
  BOOST_TEST(entries.empty());
  BOOST_TEST(decisions.empty());
  BOOST_TEST(sent_until == now.steady);
  BOOST_TEST(disk->journal().first == 0U);
  now = later(3600 * second_ns, now);
  reload({{traces, wait}});
  BOOST_TEST(decisions.size() == 1U);
  BOOST_TEST(progress.size() == 1U);
  BOOST_TEST((sent() == std::vector{id(1), id(3)}));
  BOOST_TEST(entries[0]->received >= now.steady - wait + 2 * second_ns);
}

// Scenario: a pipeline goes with entries sent, waiting and yet to come. Guarantee: nothing of it is
// sent while it is gone; once it is back all that is open is, in order, and what its last
// compressor made durable without a report is not.
BOOST_AUTO_TEST_CASE(entries_of_a_pipeline_that_goes_wait_for_it) {
  config.credit = 2 * entry_bytes;
  start();
  for (sequence number = 1; number <= 4; ++number)
    take(number);
  BOOST_TEST(entries.size() == 2U);
  reload({});
  give_credit();
  give_credit();
  const auto held = config.handed->used();
  take(5);
  BOOST_TEST(config.handed->used() == held);
  BOOST_TEST(entries.size() == 2U);
  put_progress(2);
  tick();
  BOOST_TEST(config.handed->used() == 0U);
  reload({{traces, wait}});
  give_credit();
  give_credit();
  BOOST_TEST((sent() == std::vector{id(1), id(2), id(1), id(3), id(4), id(5)}));
}

// Scenario: a pipeline goes while what it has to know is still being read. Guarantee: the others go
// on.
BOOST_AUTO_TEST_CASE(records_of_a_pipeline_that_goes_are_not_waited_for) {
  fill(1, 2);
  put_decisions(3, 300'000);
  config.decisions_credit = 1;
  config.pipelines = {{traces, wait}, {2, wait}};
  start();
  BOOST_TEST(entries.empty());
  reload({{2, wait}});
  answer_decisions();
  tick();
  BOOST_TEST(sent_until == now.steady);
  BOOST_TEST(entries.empty());
}

BOOST_AUTO_TEST_SUITE_END()
