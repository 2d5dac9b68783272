#include "actors/writer.hpp"

#include "stepped_system.hpp"
#include "tests/storage/faulty_file_system.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <chrono>

using namespace weir;
using namespace weir::actors;

BOOST_AUTO_TEST_SUITE(writer_test)

// Scenario: the disk is full, a commit waits for room, the node ends; then the disk has room, and
// another starts. Guarantee: nobody waits for the writer, who promised nothing; what was durable
// before is there.
BOOST_AUTO_TEST_CASE(a_full_disk_keeps_nobody_from_ending) {
  test::temporary_directory directory;
  const auto disk = std::make_shared<storage::faulty_file_system>(directory.path());
  storage::options options;
  options.directory = directory.path() + "/data";
  options.memtable_bytes = 32 << 10;
  options.max_wal_bytes = 256 << 10;
  options.file_system = disk;
  auto opened = storage::store::open(options);
  BOOST_REQUIRE(opened);
  std::shared_ptr<storage::store> store = std::move(*opened);
  const auto put = [](const std::string& key) {
    auto work = std::make_shared<stages::commit>();
    work->batch.put_meta(key, std::string(1000, 'x'));
    work->sync = true;
    return work;
  };
  const auto ending = std::make_shared<std::atomic<bool>>(false);
  caf::actor_system_config settings;
  caf::actor_system system{settings};
  {
    caf::scoped_actor self{system};
    auto write = system.spawn<caf::detached>(writer, store, stages::sabotage{}, end_flag(ending));
    self->request(write, std::chrono::seconds(30), put("before"))
        .receive([](stored_atom) {}, [](const caf::error&) { BOOST_FAIL("not written"); });
    disk->set_quota(1); // The ballast does not help either.
    self->request(write, std::chrono::milliseconds(600), put("behind"))
        .receive([](stored_atom) { BOOST_FAIL("written to a full disk"); },
                 [](const caf::error&) {});
    BOOST_TEST(!store->accepts_data());
    *ending = true;
    caf::anon_send_exit(write, caf::exit_reason::user_shutdown);
    write = writer_actor();
    const auto begin = std::chrono::steady_clock::now();
    system.registry().await_running_count_equal(1); // This test's own.
    BOOST_TEST((std::chrono::steady_clock::now() - begin < std::chrono::seconds(5)));
  }
  store.reset();
  disk->set_quota(1 << 30);
  auto again = storage::store::open(options);
  BOOST_REQUIRE(again);
  BOOST_TEST((*again)->meta("before").value().has_value());
}

// Scenario: three commits are in its mailbox: one adds to the batch late, one wants no sync; a fourth comes
// behind them. Guarantee: the three are one commit, in order, and what is added late sees what was durable
// before; each is told before it is answered; the fourth is the next.
BOOST_AUTO_TEST_CASE(what_has_come_is_one_commit) {
  test::temporary_directory directory;
  storage::options settings;
  settings.directory = directory.path() + "/data";
  std::shared_ptr<storage::store> store = std::move(*storage::store::open(settings));
  stepped_system actors;
  std::vector<std::string> order;
  auto write = actors.system.spawn(writer, store, stages::sabotage{}, end_flag());
  const auto put = [&](const std::string& name, bool adds_late) {
    auto work = std::make_shared<stages::commit>();
    work->batch.put_meta(name, "early");
    work->sync = false;
    if (adds_late)
      work->late = [&, name](storage::batch& batch) {
        order.push_back("late " + name);
        BOOST_TEST(!store->meta("a").value().has_value());
        batch.put_meta("a", "late");
      };
    work->durable = [&, name](steady_ns) {
      order.push_back("durable " + name);
      BOOST_TEST(store->meta("c").value().has_value());
    };
    caf::anon_send(write, commit_ptr(work));
  };
  put("a", true);
  put("b", false);
  put("c", false);
  actors.run();
  const std::vector<std::string> expected{"late a", "durable a", "durable b", "durable c"};
  BOOST_TEST(order == expected, boost::test_tools::per_element());
  BOOST_TEST(store->meta("a").value().value() == "late");
  auto fourth = std::make_shared<stages::commit>();
  fourth->batch.put_meta("d", "x");
  BOOST_TEST(*actors.ask<stored_atom>(write, commit_ptr(fourth)) == 1);
  BOOST_TEST(store->meta("d").value().has_value());
  actors.end(write);
}

BOOST_AUTO_TEST_SUITE_END()
