#include "actors/origin.hpp"

#include "../storage/records.hpp"
#include "../storage/small_store.hpp"
#include "stages/entry_group.hpp"
#include "actors/writer.hpp"
#include "../stages/spans.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>

using namespace weir;
using namespace weir::actors;
using namespace weir::stages;

namespace {

constexpr pipeline_id traces = 1;

// What the stages around the origin were told, for the test's thread.
struct told {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<entry_id> entries;
  std::vector<std::pair<entry_id, journal_position>> moved;
  std::vector<caf::typed_response_promise<moved_atom>> unanswered;
  std::vector<cluster::low_water> marks;
  std::vector<std::uint64_t> chunks;
  std::vector<caf::typed_response_promise<bool>> unanswered_chunks;
  std::uint64_t unanswered_bytes = 0, most_unanswered_bytes = 0;
  std::deque<std::uint64_t> owed; ///< Credit that is held back.
  bool holds_credit = false;      ///< Each tick gives that of one entry.
  bool holds_chunks = false;
  bool has_room = true;

  origin_actor origin;

  void give_credit() {
    const std::lock_guard guard(mutex);
    if (owed.empty())
      return;
    caf::anon_send(origin, taken_atom_v, owed.front());
    owed.pop_front();
  }

  void answer_chunks() {
    const std::lock_guard guard(mutex);
    for (auto& promise : std::exchange(unanswered_chunks, {}))
      promise.deliver(has_room);
    unanswered_bytes = 0;
  }

  template <class Change>
  void note(Change what) {
    const std::lock_guard guard(mutex);
    what();
    changed.notify_all();
  }
  template <class Condition>
  void await(Condition reached) {
    std::unique_lock lock(mutex);
    BOOST_REQUIRE(changed.wait_for(lock, std::chrono::seconds(30), reached));
  }
};

shard_actor::behavior_type fake_shard(shard_actor::pointer self, told* of) {
  return {
      [self, of](const entry_ptr& entry) {
        of->note([&] {
          of->entries.push_back(entry->header.id);
          of->owed.push_back(entry->unpacked.size());
          of->origin = caf::actor_cast<origin_actor>(self->current_sender());
        });
        if (!of->holds_credit)
          of->give_credit();
      },
      [self, of](const decisions_ptr& chunks) -> caf::result<bool> {
        auto promise = self->make_response_promise<bool>();
        of->note([&] {
          for (const auto& [number, bytes] : chunks->chunks) {
            of->chunks.push_back(number);
            of->unanswered_bytes += bytes.size();
          }
          of->most_unanswered_bytes = std::max(of->most_unanswered_bytes, of->unanswered_bytes);
          of->unanswered_chunks.push_back(promise);
        });
        if (!of->holds_chunks)
          of->answer_chunks();
        return promise;
      },
      [](sent_until_atom, std::int64_t) {},
      [](durable_atom, pipeline_id, std::uint64_t) {},
      [self, of](moved_atom, const entry_id& id, journal_position to) -> caf::result<moved_atom> {
        auto promise = self->make_response_promise<moved_atom>();
        of->note([&] {
          of->moved.emplace_back(id, to);
          of->unanswered.push_back(promise);
        });
        return promise;
      },
      [of](tick_atom) {
        of->answer_chunks();
        of->give_credit();
      },
      [](const shard_change&) -> caf::result<changed_atom> { return changed_atom_v; },
      // Answers what it was told of moves.
      [of](stop_atom) -> caf::result<stopped_atom> {
        of->note([&] {
          for (auto& promise : of->unanswered)
            promise.deliver(moved_atom_v);
        });
        return stopped_atom_v;
      },
  };
}

compressor_actor::behavior_type fake_compressor(compressor_actor::pointer, told* of) {
  return {
      [](const decided_ptr&) {},
      [](const progress_ptr&) {},
      [of](const cluster::low_water& mark) { of->note([&] { of->marks.push_back(mark); }); },
      [](flush_atom) {},
      [](const compressor_change&) -> caf::result<changed_atom> { return changed_atom_v; },
      [](stop_atom) -> caf::result<stopped_atom> { return stopped_atom_v; },
  };
}

// An origin over a real store; the stages around it are the test's.
struct fixture {
  fixture() {
    store = storage::small_store(directory, disk);
    write = system.spawn<caf::detached>(writer, store, sabotage{}, end_flag());
    shard = system.spawn(fake_shard, &seen);
    compressor = system.spawn(fake_compressor, &seen);
    config_of_origin.stuck_age = -3600 * second_ns; // Any age will do.
    config_of_origin.handed = std::make_shared<net::byte_budget>(1 << 20);
  }

  ~fixture() {
    {
      const std::lock_guard guard(seen.mutex);
      seen.unanswered.clear();
      seen.unanswered_chunks.clear();
      seen.origin = nullptr;
    }
    caf::anon_send_exit(origin, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(write, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(shard, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(compressor, caf::exit_reason::user_shutdown);
  }

  // Entries of one trace each, at positions 0, 1, ..., as if an earlier start had left them.
  void fill(sequence count) {
    for (sequence s = 1; s <= count; ++s)
      write_entry(s);
  }

  closed_entry write_entry(sequence s) {
    entry_group group(traces, 1 << 20, {});
    BOOST_REQUIRE(group.add(one_span(s), unix_now()));
    auto closed = group.take();
    BOOST_REQUIRE(closed.size() == 1U);
    auto& header = closed[0].header;
    header.id = id(s);
    header.packed_bytes = static_cast<std::uint32_t>(closed[0].packed.size());
    std::string bytes;
    codec::write_entry(header, closed[0].packed, bytes);
    storage::batch batch;
    batch.put_entry(s - 1, bytes);
    BOOST_REQUIRE(store->commit(std::move(batch), true));
    return std::move(closed[0]);
  }

  // One that comes from the intake.
  void take(sequence s) { send(s, write_entry(s)); }

  void send(sequence s, closed_entry closed) {
    auto entry = std::make_shared<durable_entry>();
    entry->header = closed.header;
    entry->position = s - 1;
    entry->received = steady_now();
    entry->handed_bytes = closed.packed.size() + closed.unpacked.size();
    BOOST_REQUIRE(config_of_origin.handed->take(entry->handed_bytes));
    entry->packed = shared_bytes(std::move(closed.packed));
    entry->unpacked = std::move(closed.unpacked);
    entry->index = std::move(closed.index);
    entry->settled = cluster::slot_set(closed.header.slots);
    self->send(origin, entry_ptr(std::move(entry)));
  }

  // An idle node has everything in tables, and nothing goes on behind the scenes.
  void rest() {
    BOOST_REQUIRE(store->trim_journal(1));
    for (int second = 0; second < 20; ++second)
      store->maintain();
  }

  static entry_id id(sequence s) { return {1, 7, s}; }

  void start() { start(store->journal()); }

  void start(storage::bounds found) {
    config_of_origin.journal = found;
    spawn_origin();
  }

  void spawn_origin() {
    config_of_origin.pipelines.push_back({traces, second_ns});
    config_of_origin.shards = 1;
    origin_change_message plan{config_of_origin, {shard}, {{traces, compressor}}};
    auto positions = std::make_shared<std::atomic<journal_position>>(store->journal().next);
    origin = system.spawn<caf::detached>(
        actors::origin, std::make_shared<const origin_change_message>(std::move(plan)), store,
        positions, write);
  }

  void settle(sequence first, sequence last) {
    auto report = std::make_shared<settled_report>();
    for (auto s = first; s <= last; ++s)
      report->entries.push_back({id(s), {0}});
    self->send(origin, settled_ptr(report));
  }

  // Returns when the actor has looked at everything sent to it before; a origin has ticked, too.
  template <class Actor>
  void catch_up(const Actor& actor) {
    self->request(actor, caf::infinite, stop_atom_v)
        .receive([](stopped_atom) {}, [](const caf::error&) { BOOST_FAIL("no answer"); });
  }

  storage::temporary_directory directory;
  std::shared_ptr<storage::faulty_file_system> disk =
      std::make_shared<storage::faulty_file_system>(directory.path());
  std::shared_ptr<storage::store> store;
  told seen;
  origin_config config_of_origin;
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  writer_actor write;
  shard_actor shard;
  compressor_actor compressor;
  origin_actor origin;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(origin_test, fixture)

// Scenario: the first and the last of 20 entries stay open while all between are settled, so they
// are written again at the tail; the shard, which may have dropped the entries' bytes, has not
// heard of it yet. Guarantee: the old places can be read until it has; then the journal is trimmed
// up to the new ones.
BOOST_AUTO_TEST_CASE(a_moved_entry_can_be_read_at_its_old_place) {
  fill(20);
  start();
  seen.await([&] { return seen.entries.size() == 20; });
  settle(2, 19);
  seen.await([&] { return seen.moved.size() == 2; });
  BOOST_TEST((seen.moved
              == std::vector{std::pair{id(1), journal_position{20}},
                             std::pair{id(20), journal_position{21}}}));
  catch_up(origin);
  BOOST_TEST(store->journal().first == 0U);
  BOOST_TEST(store->read_entry(0).value() == store->read_entry(20).value());
  BOOST_TEST(store->read_entry(19).value() == store->read_entry(21).value());
  catch_up(shard);
  catch_up(origin);
  BOOST_TEST(store->journal().first == 20U);
  BOOST_TEST(store->read_entry(20).has_value());
}

// Scenario: all entries are settled and the journal is trimmed, which is not synced yet; then it
// is. Guarantee: only then are owners told to drop their progress: after a crash before, the
// entries would be read back.
BOOST_AUTO_TEST_CASE(progress_is_kept_until_the_trim_is_synced) {
  fill(3);
  start();
  seen.await([&] { return seen.entries.size() == 3; });
  settle(1, 3);
  catch_up(origin);
  catch_up(compressor);
  BOOST_TEST(store->journal().first == 3U);
  for (const auto& mark : seen.marks)
    BOOST_TEST(mark.below <= 1U);
  store->maintain();
  catch_up(origin);
  seen.await([&] { return !seen.marks.empty() && seen.marks.back().below == 4U; });
}

// Scenario: a client's entry is durable before the origin has come to its start. Guarantee: what an
// earlier start left is read back, that entry is not: the intake sends it, and it would come twice.
BOOST_AUTO_TEST_CASE(what_came_meanwhile_is_not_read_back) {
  fill(3);
  const auto found = store->journal();
  fill(5);
  start(found);
  seen.await([&] { return seen.entries.size() >= 3; });
  catch_up(origin);
  catch_up(shard);
  const std::lock_guard guard(seen.mutex);
  BOOST_TEST(seen.entries.size() == 3U);
}

// Scenario: the system refuses to read when the journal is read back (too many open files, say).
// Guarantee: it is tried again; every entry comes, none is taken for gone.
BOOST_AUTO_TEST_CASE(what_cannot_be_read_now_is_read_later) {
  fill(20);
  rest();
  const auto faults = disk->faults();
  disk->fail_read(1);
  start();
  seen.await([&] { return seen.entries.size() == 19; });
  BOOST_TEST(disk->faults() == faults + 1);
}

// Scenario: an earlier start left entries of which half are settled, and decisions; the system refuses
// one read of the start, whichever. Guarantee: what is settled is not sent again, all decisions come,
// the newest first, and before any entry; each other entry comes once.
BOOST_AUTO_TEST_CASE(one_refused_read_at_a_start_loses_nothing) {
  int struck = 0;
  for (std::uint64_t n = 1; n <= 12; ++n) {
    fixture f;
    f.fill(21);
    storage::batch records;
    for (sequence s = 2; s <= 11; ++s) {
      cluster::progress done;
      done.settle(id(s), 1, 0, true);
      records.put_progress(id(s), done.encode(id(s)));
    }
    for (std::uint64_t chunk = 0; chunk < 3; ++chunk)
      records.put_decisions(traces, chunk, std::string(3000, 'x'));
    BOOST_REQUIRE(f.store->commit(std::move(records), true));
    f.rest();
    const auto faults = f.disk->faults();
    f.disk->fail_read(n);
    f.start();
    f.seen.await([&] { return f.seen.entries.size() >= 10; });
    f.catch_up(f.origin);
    f.catch_up(f.shard);
    f.disk->fail_read(0);
    struck += f.disk->faults() > faults ? 1 : 0;
    std::vector<entry_id> open;
    for (sequence s = 12; s <= 21; ++s)
      open.push_back(id(s));
    const std::lock_guard guard(f.seen.mutex);
    BOOST_TEST((f.seen.entries == open), "read " << n);
    BOOST_TEST((f.seen.chunks == std::vector<std::uint64_t>{2, 1, 0}), "read " << n);
  }
  BOOST_TEST(struck >= 3);
}

// Scenario: many decisions are remembered, and a shard takes its time. Guarantee: no more of them
// are on their way to it than there is credit; all come, and then the entries.
BOOST_AUTO_TEST_CASE(remembered_decisions_come_by_credit) {
  constexpr std::size_t bytes = 100'000;
  storage::batch records;
  for (std::uint64_t chunk = 0; chunk < 60; ++chunk)
    records.put_decisions(traces, chunk, storage::noise(bytes, chunk));
  BOOST_REQUIRE(store->commit(std::move(records), true));
  fill(2);
  config_of_origin.decisions_credit = 1 << 20;
  seen.holds_chunks = true;
  start();
  for (std::size_t known = 0; known < 60;) {
    seen.await([&] { return seen.chunks.size() > known; });
    catch_up(origin);
    catch_up(shard);
    const std::lock_guard guard(seen.mutex);
    BOOST_TEST(seen.entries.empty() == (seen.chunks.size() < 60));
    known = seen.chunks.size();
    self->send(shard, tick_atom_v);
  }
  seen.await([&] { return seen.entries.size() == 2; });
  BOOST_TEST(seen.most_unanswered_bytes <= (1U << 20) + (256U << 10) + bytes);
}

// Scenario: the shard has no room for older decisions. Guarantee: they are not sent; the entries are.
BOOST_AUTO_TEST_CASE(no_more_decisions_come_than_there_is_room_for) {
  storage::batch records;
  for (std::uint64_t chunk = 0; chunk < 60; ++chunk)
    records.put_decisions(traces, chunk, std::string(100'000, 'x'));
  BOOST_REQUIRE(store->commit(std::move(records), true));
  fill(2);
  config_of_origin.decisions_credit = 1;
  seen.has_room = false;
  start();
  seen.await([&] { return seen.entries.size() == 2; });
  BOOST_TEST(seen.chunks.size() <= 4U);
}

// Scenario: the shard is slightly behind: it gives credit, but never so much that a good part of
// it is free, and entries keep coming. Guarantee: they come in the order in which they were received.
BOOST_AUTO_TEST_CASE(nothing_overtakes_what_waits) {
  config_of_origin.credit = 4 * one_span(1).size();
  seen.holds_credit = true;
  start();
  catch_up(origin);
  sequence taken = 0;
  while (taken < 6)
    take(++taken);
  catch_up(origin); // Else a credit is given for what has not come yet.
  while (taken < 40) {
    self->send(shard, tick_atom_v); // Credit of one entry,
    catch_up(shard);
    catch_up(origin);
    take(++taken); // and one more comes.
    catch_up(origin);
  }
  seen.await([&] { return seen.entries.size() >= 38; });
  const std::lock_guard guard(seen.mutex);
  for (std::size_t i = 0; i < seen.entries.size(); ++i)
    BOOST_REQUIRE(seen.entries[i].sequence == i + 1);
}

// Scenario: more waits than the budget between intake and origin holds, so that some of it is in
// the journal alone. Guarantee: all of it comes, in order, and the budget is free at the end.
BOOST_AUTO_TEST_CASE(what_waits_in_memory_and_on_disk_keeps_its_order) {
  config_of_origin.credit = one_span(1).size();
  seen.holds_credit = true;
  start();
  catch_up(origin);
  for (sequence s = 1; s <= 30; ++s) {
    auto closed = write_entry(s);
    if (s % 3 == 0) { // The header alone, as where the budget is used up.
      auto entry = std::make_shared<durable_entry>();
      entry->header = closed.header;
      entry->position = s - 1;
      entry->received = steady_now();
      entry->settled = cluster::slot_set(closed.header.slots);
      self->send(origin, entry_ptr(std::move(entry)));
    } else {
      send(s, std::move(closed));
    }
  }
  for (std::size_t come = 1; come <= 30; ++come) {
    seen.await([&] { return seen.entries.size() >= come; });
    self->send(shard, tick_atom_v);
  }
  catch_up(origin);
  const std::lock_guard guard(seen.mutex);
  BOOST_REQUIRE(seen.entries.size() == 30U);
  for (std::size_t i = 0; i < 30; ++i)
    BOOST_TEST(seen.entries[i].sequence == i + 1);
  BOOST_TEST(config_of_origin.handed->used() == 0U);
}

// Scenario: the intake's first entry is durable before the origin has begun. Guarantee: it comes
// once: what is read back ends where this start began to write.
BOOST_AUTO_TEST_CASE(what_came_before_the_origin_began_comes_once) {
  fill(1);
  config_of_origin.journal = store->journal();
  auto first = write_entry(2);
  spawn_origin();
  send(2, std::move(first));
  seen.await([&] { return seen.entries.size() >= 2; });
  catch_up(origin);
  catch_up(shard);
  const std::lock_guard guard(seen.mutex);
  BOOST_TEST((seen.entries == std::vector{id(1), id(2)}));
}

BOOST_AUTO_TEST_SUITE_END()
