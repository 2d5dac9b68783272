#include "records.hpp"
#include "small_store.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <thread>
#include <vector>

using namespace weir;
using namespace weir::storage;

namespace {

constexpr std::uint64_t commits = 400;

} // namespace

BOOST_AUTO_TEST_SUITE(threads_test)

// Scenario: as in a node, one thread commits, one maintains and trims, others read, one makes new
// logs, all at the same time. Guarantee: readers see what was written, in order, and nothing else.
BOOST_AUTO_TEST_CASE(stages_share_a_store) {
  const test::temporary_directory directory;
  const auto opened = open_store(small_options(directory, 64 << 10, 512 << 10));
  auto& shared = *opened;
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

// Scenario: one thread reads the oldest block all the time while another trims it and its file
// goes. Guarantee: it is there, or it is gone; never is it taken for damaged.
BOOST_AUTO_TEST_CASE(a_trimmed_block_is_not_damaged) {
  const test::temporary_directory directory;
  const auto opened = open_store(small_options(directory));
  auto& shared = *opened;
  const auto pipeline = shared.pipeline("traces").value();
  BOOST_REQUIRE(shared.open_log(pipeline));
  auto done = std::atomic<bool>(false);
  auto corrupt = std::atomic<unsigned>(0);
  auto gone = std::atomic<unsigned>(0);
  auto readers = std::vector<std::thread>();
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      while (!done) {
        const auto held = shared.log(pipeline);
        for (auto p = held.first; p < std::min(held.next, held.first + 8); ++p)
          if (const auto block = shared.read_block(pipeline, p); !block)
            ++(block.error().code == errc::corrupt ? corrupt : gone);
      }
    });
  for (log_position i = 0; i < 3000; ++i) {
    auto b = batch();
    b.append_block(pipeline, i, 1000 + i, std::string(6000, 'x'));
    BOOST_REQUIRE(shared.commit(std::move(b), false));
    if (i % 8 != 7)
      continue;
    BOOST_REQUIRE(shared.trim_log(pipeline, i - 4));
    shared.give_back();
  }
  done = true;
  for (auto& reader : readers)
    reader.join();
  BOOST_TEST(corrupt == 0u);
  BOOST_TEST_MESSAGE(gone << " reads came too late");
}

BOOST_AUTO_TEST_SUITE_END()
