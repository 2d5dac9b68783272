#include "records.hpp"
#include "storage/store.hpp"
#include "temporary_directory.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <thread>

using namespace weir;
using namespace weir::storage;

namespace {

constexpr std::uint64_t commits = 400;

} // namespace

BOOST_AUTO_TEST_SUITE(threads_test)

// Scenario: as in a node, one thread commits, one maintains and trims, others read, one makes new
// logs, all at the same time. Guarantee: readers see what was written, in order, and nothing else.
BOOST_AUTO_TEST_CASE(stages_share_a_store) {
  const temporary_directory directory;
  auto how = options();
  how.directory = directory.path() + "/data";
  how.memtable_bytes = 64 << 10;
  how.max_wal_bytes = 512 << 10;
  auto opened = store::open(how);
  BOOST_REQUIRE(opened);
  auto& shared = **opened;
  const auto pipeline = shared.pipeline("traces").value();
  BOOST_REQUIRE(shared.open_log(pipeline));
  auto done = std::atomic<bool>(false);
  auto wrong = std::atomic<unsigned>(0);

  auto reader = std::thread([&] {
    while (!done) {
      auto last = journal_position{0};
      const auto scanned =
          shared.scan_journal(0, [&](journal_position position, std::string_view entry) {
            wrong += position < last || entry != make_entry({1, 2, position + 1}, 1000);
            last = position;
            return true;
          });
      wrong += !scanned;
      const auto held = shared.log(pipeline);
      for (auto p = held.first; p < held.next; ++p)
        if (const auto block = shared.read_block(pipeline, p))
          wrong += *block != make_block(pipeline, p, 1000);
      (void)shared.cursors(pipeline);
      (void)shared.find_time(pipeline, 1100);
      (void)shared.usage();
    }
  });
  auto keeper = std::thread([&] {
    while (!done) {
      const auto journal = shared.journal();
      (void)shared.trim_journal(journal.next - std::min<journal_position>(journal.next, 50));
      (void)shared.trim_progress(1, 2, shared.journal_gone());
      (void)shared.trim_log(pipeline, shared.log(pipeline).next / 2);
      shared.maintain();
      wrong += shared.failure().has_value();
    }
  });
  auto maker = std::thread([&] {
    for (int i = 0; i < 5; ++i) {
      const auto more = shared.pipeline("more/" + std::to_string(i));
      wrong += !more || !shared.open_log(*more) || shared.pipelines().size() < 2;
    }
  });
  for (std::uint64_t i = 0; i < commits; ++i) {
    auto b = batch();
    b.put_entry(i, make_entry({1, 2, i + 1}, 1000));
    b.append_block(pipeline, i, 1000 + i, make_block(pipeline, i, 1000));
    b.put_progress({1, 2, i + 1}, "done");
    b.put_cursor("otlp", pipeline, {i, 0});
    wrong += !shared.commit(std::move(b), i % 4 == 0);
  }
  done = true;
  reader.join();
  keeper.join();
  maker.join();
  BOOST_TEST(wrong == 0u);
  BOOST_TEST(shared.journal().next == commits);
}

BOOST_AUTO_TEST_SUITE_END()
