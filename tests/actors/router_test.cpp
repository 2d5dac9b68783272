#include "actors/router.hpp"

#include "../storage/faulty_file_system.hpp"
#include "../storage/records.hpp"
#include "../storage/temporary_directory.hpp"
#include "actors/entry_group.hpp"
#include "actors/writer.hpp"
#include "spans.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <condition_variable>
#include <mutex>

using namespace weir;
using namespace weir::actors;

namespace {

constexpr pipeline_id traces = 1;

// What the stages around the router were told, for the test's thread.
struct told {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<entry_id> entries;
  std::vector<std::pair<entry_id, journal_position>> moved;
  std::vector<caf::typed_response_promise<moved_atom>> unanswered;
  std::vector<cluster::low_water> marks;

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

sampler_actor::behavior_type fake_sampler(sampler_actor::pointer self, told* of) {
  return {
      [self, of](const entry_ptr& entry) {
        self->send(caf::actor_cast<router_actor>(self->current_sender()), taken_atom_v,
                   std::uint64_t{entry->unpacked.size()});
        of->note([&] { of->entries.push_back(entry->header.id); });
      },
      [](const decisions_ptr&) {},
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
      [](tick_atom) {},
      [](const sampler_change&) -> caf::result<changed_atom> { return changed_atom_v; },
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

// A router over a real store; the stages around it are the test's.
struct fixture {
  fixture() {
    storage::options how;
    how.directory = directory.path() + "/data";
    how.memtable_bytes = 32 << 10; // So small that entries go to tables.
    how.max_wal_bytes = 256 << 10;
    how.file_system = disk;
    auto opened = storage::store::open(how);
    BOOST_REQUIRE(opened);
    store = std::move(*opened);
    write = system.spawn<caf::detached>(writer, store, sabotage{});
    sampler = system.spawn(fake_sampler, &seen);
    compressor = system.spawn(fake_compressor, &seen);
  }

  ~fixture() {
    caf::anon_send_exit(router, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(write, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(sampler, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(compressor, caf::exit_reason::user_shutdown);
  }

  // Entries of one trace each, at positions 0, 1, ..., as if an earlier start had left them.
  void fill(sequence count) {
    entry_group group(traces, 1 << 20, {});
    for (sequence s = 1; s <= count; ++s) {
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
    }
  }

  static entry_id id(sequence s) { return {1, 7, s}; }

  void start() {
    router_config config;
    config.pipelines.push_back({traces, second_ns, compressor});
    config.samplers.push_back(sampler);
    config.stuck_age = -3600 * second_ns; // Any age will do.
    config.handed = std::make_shared<net::byte_budget>(1 << 20);
    auto positions = std::make_shared<std::atomic<journal_position>>(store->journal().next);
    router = system.spawn<caf::detached>(actors::router, config, store, positions, write);
  }

  void settle(sequence first, sequence last) {
    auto report = std::make_shared<settled_report>();
    for (auto s = first; s <= last; ++s)
      report->entries.push_back({id(s), {0}});
    self->send(router, settled_ptr(report));
  }

  // Returns when the actor has looked at everything sent to it before; a router has ticked, too.
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
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  writer_actor write;
  sampler_actor sampler;
  compressor_actor compressor;
  router_actor router;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(router_test, fixture)

// Scenario: the first and the last of 20 entries stay open while all between are settled, so they
// are written again at the tail; the sampler, which may have dropped the entries' bytes, has not
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
  catch_up(router);
  BOOST_TEST(store->journal().first == 0U);
  BOOST_TEST(store->read_entry(0).value() == store->read_entry(20).value());
  BOOST_TEST(store->read_entry(19).value() == store->read_entry(21).value());
  catch_up(sampler);
  catch_up(router);
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
  catch_up(router);
  catch_up(compressor);
  BOOST_TEST(store->journal().first == 3U);
  for (const auto& mark : seen.marks)
    BOOST_TEST(mark.below <= 1U);
  store->maintain();
  catch_up(router);
  seen.await([&] { return !seen.marks.empty() && seen.marks.back().below == 4U; });
}

// Scenario: the system refuses to read when the journal is read back (too many open files, say).
// Guarantee: it is tried again; every entry comes, none is taken for gone.
BOOST_AUTO_TEST_CASE(what_cannot_be_read_now_is_read_later) {
  fill(20);
  // An idle node has everything in tables, and nothing goes on behind the scenes.
  BOOST_REQUIRE(store->trim_journal(1));
  for (int second = 0; second < 20; ++second)
    store->maintain();
  const auto faults = disk->faults();
  disk->fail_read(1);
  start();
  seen.await([&] { return seen.entries.size() == 19; });
  BOOST_TEST(disk->faults() == faults + 1);
}

BOOST_AUTO_TEST_SUITE_END()
