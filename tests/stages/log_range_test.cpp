#include "stages/log_range.hpp"

#include "blocks.hpp"
#include "tests/support/model_disk.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::stages;

namespace {

constexpr pipeline_id traces = 1;
constexpr unix_ns minute = 60ULL * second_ns;
constexpr unix_ns day = 24 * 60 * minute;

struct fixture {
  // A block with data that came between these moments.
  void append(unix_ns first, unix_ns last) {
    auto made = block_of(some_spans(1, 1, 10), 1, day + last);
    made.header.first_time = day + first;
    std::string packed;
    codec::packer().pack(made.header.codec, 1, some_spans(1, 1, 10), packed);
    made.bytes.clear();
    codec::write_block(made.header, packed, made.bytes);
    storage::batch batch;
    batch.append_block(traces, disk.log(traces).next, made.header.last_time, made.bytes);
    disk.commit(batch, true);
  }

  log_range find(unix_ns begin, unix_ns end) {
    return log_range::find(disk, traces, day + begin, day + end, disk.log(traces).next).value();
  }

  // As a replay goes through it.
  std::vector<log_position> played(unix_ns begin, unix_ns end, bool sampled = false) {
    auto range = find(begin, end);
    std::vector<log_position> found;
    log_position next = 0;
    looked_at = 0;
    while (const auto position = range.next(next)) {
      ++looked_at;
      const auto bytes = disk.read_block(traces, *position).value();
      auto header = codec::read_block(bytes)->header;
      header.layout = sampled ? codec::block_layout::traces : codec::block_layout::otlp;
      if (range.is_behind(*position, header)) {
        range.close(*position);
        continue;
      }
      if (range.holds(*position, header))
        found.push_back(*position);
      next = *position + 1;
    }
    return found;
  }

  test::model_disk disk;
  std::size_t looked_at = 0;
};

using positions = std::vector<log_position>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(log_range_test, fixture)

// Scenario: ten blocks a minute apart. Guarantee: those of a range are found, the first is sought,
// and one behind the range is looked at.
BOOST_AUTO_TEST_CASE(a_range_is_a_run) {
  for (unix_ns i = 0; i < 10; ++i)
    append(i * minute, i * minute);
  BOOST_TEST(played(3 * minute, 6 * minute) == (positions{3, 4, 5}));
  BOOST_TEST(looked_at == 4U);
  BOOST_TEST(played(20 * minute, 30 * minute).empty());
  BOOST_TEST(looked_at == 0U);
  BOOST_TEST(find(3 * minute, 6 * minute).blocks() == 3U);
  BOOST_TEST(find(3 * minute, 6 * minute).blocks_before(5) == 2U);
}

// Scenario: two ranges that meet, over random blocks. Guarantee: every block is in one of them at
// least.
BOOST_AUTO_TEST_CASE(ranges_that_meet_leave_nothing_out) {
  std::mt19937_64 random(1);
  for (unix_ns i = 0; i < 200; ++i) {
    const auto last = i * second_ns + random() % (20 * second_ns);
    append(last - std::min<unix_ns>(last, random() % (30 * second_ns)), last);
  }
  for (unix_ns cut = 0; cut <= 220; cut += 11) {
    const auto before = played(0, cut * second_ns + 1, true);
    const auto after = played(cut * second_ns + 1, day, true);
    std::set<log_position> all(before.begin(), before.end());
    all.insert(after.begin(), after.end());
    BOOST_TEST(all.size() == 200U);
  }
}

// Scenario: a block of a sampled pipeline ends behind the range, and holds spans of it; one that
// does not lies before it. Guarantee: it is found.
BOOST_AUTO_TEST_CASE(what_reaches_into_the_range_is_of_it) {
  append(0, 1 * minute);
  append(3 * minute + 5 * second_ns, 3 * minute + 6 * second_ns);
  append(2 * minute, 3 * minute + 10 * second_ns);
  append(5 * minute, 6 * minute);
  append(7 * minute, 8 * minute);
  BOOST_TEST(played(2 * minute, 3 * minute, true) == positions{2});
  BOOST_TEST(looked_at == 3U);
}

// Scenario: the clock is set back by an hour, passes the same time again, and is then set forward
// by a day and back. Guarantee: both passes are found, and what came at no such time is not.
BOOST_AUTO_TEST_CASE(a_clock_that_jumps_is_followed) {
  for (unix_ns i = 60; i < 70; ++i)
    append(i * minute, i * minute);
  for (unix_ns i = 0; i < 70; ++i)
    append(i * minute, i * minute);
  append(2 * day, 2 * day);
  append(71 * minute, 71 * minute);
  BOOST_TEST(played(62 * minute, 64 * minute) == (positions{2, 3, 72, 73}));
  BOOST_TEST(played(day, 3 * day) == positions{80});
  BOOST_TEST(played(70 * minute, 80 * minute) == positions{81});
}

// Scenario: a clock that jumps to and fro with each block. Guarantee: the runs are bounded, and
// nothing of the range is left out.
BOOST_AUTO_TEST_CASE(runs_are_bounded) {
  const auto blocks = 4 * max_runs_of_range;
  for (unix_ns i = 0; i < blocks; ++i)
    append(i % 2 * day / 2 + i * second_ns, i % 2 * day / 2 + i * second_ns);
  const auto range = find(0, day / 2);
  BOOST_TEST(range.runs().size() <= max_runs_of_range);
  for (log_position position = 0; position < blocks; position += 2)
    BOOST_REQUIRE(range.holds(position, {.first_time = 9 * day}));
}

BOOST_AUTO_TEST_SUITE_END()
