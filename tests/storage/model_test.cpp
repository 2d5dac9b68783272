#include "model.hpp"

#include "core/log.hpp"
#include "faulty_file_system.hpp"
#include "records.hpp"
#include "small_store.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <fstream>
#include <rocksdb/system_clock.h>
#include <unistd.h>

using namespace weir;
using namespace weir::storage;

namespace {

// RocksDB sleeps a second after each failed flush, and looks five seconds after a full disk whether
// there is room: it names the moment by this clock and waits for it by the real one.
class hurried_clock final : public rocksdb::SystemClockWrapper {
public:
  hurried_clock() : SystemClockWrapper(rocksdb::SystemClock::Default()) {}
  const char* Name() const override { return "hurried"; }
  std::uint64_t NowMicros() override { return target_->NowMicros() - 4'990'000; }
  void SleepForMicroseconds(int) override { target_->SleepForMicroseconds(100); }
};

// Random work on a store over a disk that loses power, fails and fills up, held against the model.
// One seed is one run; run() gives the first thing that was wrong.
class random_run {
public:
  random_run(std::uint64_t seed, options::sabotage broken)
      : random_(seed), disk_(std::make_shared<faulty_file_system>(directory_.path())) {
    settings_.file_system = disk_;
    settings_.clock = std::make_shared<hurried_clock>();
    settings_.broken = broken;
  }

  std::optional<std::string> run() {
    if (!open())
      return wrong_;
    for (int step = 0; step < 120 && !wrong_; ++step)
      one_step();
    if (!wrong_)
      damage_the_log();
    return wrong_;
  }

  unsigned crashes = 0, full = 0, errors = 0;

private:
  std::uint64_t draw(std::uint64_t below) {
    return std::uniform_int_distribution<std::uint64_t>(0, below - 1)(random_);
  }

  void fail(std::string why) {
    if (!wrong_)
      wrong_ = std::move(why);
  }

  bool open() {
    auto opened = store::open(settings_);
    if (!opened) {
      fail("open: " + opened.error().message);
      return false;
    }
    store_ = std::move(*opened);
    if (!store_->pipeline("traces/main") || !store_->open_log(1))
      fail("the log cannot be opened");
    for (const auto& [place, bytes] : std::exchange(spilled_, {}))
      if (store_->read_spilled(place))
        fail("what was spilled is there after a start");
    return !wrong_;
  }

  void one_step() {
    const auto part = draw(100);
    if (part < 64)
      write();
    else if (part < 70)
      spill();
    else if (part < 80)
      trim();
    else if (part < 88)
      store_->maintain();
    else if (part < 92)
      cut_power(draw(2) == 0);
    else if (part < 94)
      reopen();
    else if (part < 97)
      fill_the_disk();
    else
      hit_an_error();
  }

  commit_record make_commit() {
    auto record = commit_record{.number = ++commits_, .changes = {}};
    auto next = contents(all_);
    const auto end = [](const auto& map) { return map.empty() ? 0 : map.rbegin()->first + 1; };
    for (auto n = 1 + draw(4); n > 0; --n) {
      auto c = change{.form = static_cast<change::kind>(draw(8)), .number = 0, .value = {}};
      const auto size = 100 + draw(5000);
      if (c.form == change::kind::entry) {
        c.number = std::max(store_->journal().next, end(next.entries));
        c.value = make_entry({model_node, model_epoch, commits_ * 10 + n}, size);
      } else if (c.form == change::kind::block) {
        c.number = std::max(store_->log(1).next, end(next.blocks));
        c.value = make_block(1, c.number * 1000 + commits_, size);
      } else if (c.form == change::kind::letter) {
        c.number = std::max(store_->dead_letters(1).next, end(next.letters));
        c.value = noise(size, commits_);
      } else if (c.form == change::kind::erase) {
        if (all_.entries.empty())
          continue;
        c.number = all_.entries.lower_bound(draw(all_.entries.rbegin()->first + 1))->first;
      } else if (c.form == change::kind::cursor) {
        c.number = commits_;
        c.value = draw(2) == 0 ? "otlp/a" : "file";
      } else {
        c.number = c.form == change::kind::decisions ? trimmed_.decisions + draw(20)
                                                     : trimmed_.progress + draw(40);
        c.value = noise(1 + draw(60), commits_ * 7 + n);
      }
      c.apply(next);
      record.changes.push_back(std::move(c));
    }
    return record;
  }

  // Tries until it is written, as the writer does; false when the disk failed for good.
  bool write(bool expect_room = true) {
    pending_ = make_commit();
    history_.push_back(pending_);
    auto batch = pending_.make_batch();
    const auto sync = draw(2) == 0;
    for (int attempt = 0; attempt < 3000; ++attempt) {
      const auto written = store_->commit(std::move(batch), sync);
      if (written) {
        pending_.apply(all_);
        if (sync)
          synced_ = pending_.number;
        return true;
      }
      if (written.error().code == errc::fatal)
        return false;
      if (written.error().code == errc::full && !expect_room)
        return false;
      usleep(1000);
      store_->maintain();
    }
    fail("there is room again, but commits are still refused");
    return false;
  }

  // Puts something away, looks at what was, and forgets some of it.
  void spill() {
    const auto bytes = noise(1 + draw(20'000), draw(1'000'000));
    if (const auto place = store_->spill(bytes); !place)
      fail("spilling: " + place.error().message);
    else if (!spilled_.emplace(*place, bytes).second)
      fail("a place is given twice");
    for (const auto& [place, should] : spilled_)
      if (const auto found = store_->read_spilled(place); !found || *found != should)
        return fail("spilled bytes: " + (found ? "not what was written" : found.error().message));
    while (spilled_.size() > 20 || (!spilled_.empty() && draw(3) > 0)) {
      store_->drop_spilled(spilled_.begin()->first);
      spilled_.erase(spilled_.begin());
    }
  }

  void trim() {
    const auto up_to = [&](std::uint64_t& trimmed, const bounds& held) {
      trimmed = std::max(trimmed, held.first + draw(held.next - held.first + 1));
      return trimmed;
    };
    switch (draw(7)) {
    case 0:
      (void)store_->trim_journal(up_to(trimmed_.journal, store_->journal()));
      break;
    case 1:
      (void)store_->trim_log(1, up_to(trimmed_.log, store_->log(1)));
      break;
    case 2:
      (void)store_->trim_dead_letters(1, up_to(trimmed_.letters, store_->dead_letters(1)));
      break;
    case 3:
      trimmed_.progress += draw(10);
      (void)store_->trim_progress(model_node, model_epoch, trimmed_.progress);
      break;
    case 4:
      trimmed_.decisions += draw(5);
      (void)store_->trim_decisions(1, trimmed_.decisions);
      break;
    case 5:
      trim_segments(store_->log_segments(1), store_->log(1), trimmed_.log,
                    [&](auto below) { return store_->trim_log(1, below); });
      break;
    case 6:
      trim_segments(store_->dead_letter_segments(1), store_->dead_letters(1), trimmed_.letters,
                    [&](auto below) { return store_->trim_dead_letters(1, below); });
      break;
    }
  }

  // As whoever makes room does it: whole tables, which are gone at once.
  template <class Trim>
  void trim_segments(const std::vector<segment>& segments, const bounds& held,
                     std::uint64_t& trimmed, Trim trim) {
    auto next = held.first;
    for (const auto& each : segments) {
      if (each.first < next || each.next > std::max(held.next, next))
        fail(fmt::format("a segment from {} to {} of a queue from {} to {}, behind {}", each.first,
                         each.next, held.first, held.next, next));
      next = each.next;
    }
    if (segments.empty())
      return;
    trimmed = std::max(trimmed, segments[draw(segments.size())].next);
    (void)trim(trimmed);
    store_->give_back();
  }

  // The process ends, the disk keeps what it was given.
  void reopen() {
    store_.reset();
    if (open())
      check_after_start(0);
  }

  void cut_power(bool torn) {
    ++crashes;
    disk_->cut_power();
    store_.reset();
    disk_->restore_power(torn ? &random_ : nullptr);
    disk_->set_quota(1 << 30);
    if (open())
      check_after_start(0);
  }

  // Of the commits since the last look, those up to some number must be there, whole, the synced
  // ones surely.
  void check_after_start(std::uint64_t may_lose) {
    const auto last = last_commit(*store_);
    if (last < synced_)
      return fail(fmt::format("commit {} was synced, the store ends with {}", synced_, last));
    for (const auto& commit : history_)
      if (commit.number <= last && commit.number > base_.commit)
        commit.apply(base_);
    if (base_.commit != last)
      return fail(fmt::format("the store ends with commit {}, which never was", last));
    history_.clear();
    all_ = base_;
    synced_ = last;
    if (store_->recovery().records_lost > may_lose)
      return fail("losses are reported where there are none: " + store_->recovery().text);
    if (auto d = difference(*store_, all_, trimmed_))
      fail(fmt::format(
          "after a start: {} (journal {} to {}, trimmed {}; log {} to {}, trimmed {}; {})", *d,
          store_->journal().first, store_->journal().next, trimmed_.journal, store_->log(1).first,
          store_->log(1).next, trimmed_.log, store_->recovery().text));
  }

  void fill_the_disk() {
    ++full;
    disk_->set_quota(disk_->used() + draw(20'000));
    auto went = true;
    for (int i = 0; i < 1000 && went && !wrong_; ++i)
      went = write(false);
    if (went)
      return fail("the disk never got full");
    if (store_->accepts_data())
      fail("intake is not stopped on a full disk");
    if (draw(3) == 0)
      return cut_power(false);
    disk_->set_quota(1 << 30);
    auto batch = pending_.make_batch();
    for (int attempt = 0; attempt < 3000; ++attempt) {
      store_->maintain();
      if (store_->commit(std::move(batch), true)) {
        pending_.apply(all_);
        synced_ = pending_.number;
        if (auto d = difference(*store_, all_, trimmed_))
          fail("after a full disk: " + *d);
        return;
      }
      usleep(1000);
    }
    fail("there is room again, but commits are still refused");
  }

  // An error that is not a full disk ends the process, with or without the power.
  void hit_an_error() {
    ++errors;
    if (draw(2) == 0)
      disk_->fail_sync(1 + draw(2));
    else
      disk_->fail_write(1 + draw(6));
    trim();
    if (draw(2) == 0)
      store_->maintain();
    for (int i = 0; i < 5 && write(); ++i) {
    }
    if (draw(2) == 0)
      return cut_power(draw(2) == 0);
    disk_->fail_write(0);
    disk_->fail_sync(0);
    reopen();
  }

  // At the end: a byte of the write-ahead log rots. No more is missing than the commit that it hit,
  // and that is counted.
  void damage_the_log() {
    for (int i = 0; i < 12 && !wrong_; ++i)
      write();
    store_->maintain();
    store_.reset();
    auto largest = std::filesystem::path();
    for (const auto& file : std::filesystem::directory_iterator(settings_.directory + "/db"))
      if (file.path().extension() == ".log"
          && (largest.empty() || file.file_size() > std::filesystem::file_size(largest)))
        largest = file.path();
    const auto size = largest.empty() ? 0 : std::filesystem::file_size(largest);
    if (size < 20'000)
      return;
    const auto index = static_cast<std::streamoff>(draw(size / 2));
    auto io = std::fstream(largest, std::ios::in | std::ios::out | std::ios::binary);
    io.seekg(index);
    const auto byte = static_cast<char>(io.get() ^ 0x21);
    io.seekp(index);
    io.put(byte);
    io.close();
    if (!open())
      return;
    auto missing = std::uint64_t{0};
    const auto begin = store_->journal().first;
    for (const auto& [position, entry] : all_.entries)
      missing += position >= begin && !store_->read_entry(position);
    const auto log = store_->log(1);
    for (const auto& [position, block] : all_.blocks)
      missing += position >= log.first && !store_->read_block(1, position);
    if (missing > 4)
      return fail(fmt::format("one byte of the log rots, {} records are gone", missing));
    if (missing > store_->recovery().records_lost)
      fail(
          fmt::format("{} records are gone, {} counted", missing, store_->recovery().records_lost));
  }

  test::temporary_directory directory_;
  std::mt19937_64 random_;
  std::shared_ptr<faulty_file_system> disk_;
  options settings_ = small_options(directory_);
  std::unique_ptr<store> store_;
  std::optional<std::string> wrong_;

  contents base_; // At the last start.
  contents all_;  // With every commit that was answered since.
  std::vector<commit_record> history_;
  commit_record pending_;
  std::map<std::uint64_t, std::string> spilled_;
  trims trimmed_;
  std::uint64_t commits_ = 0;
  std::uint64_t synced_ = 0;
};

struct outcome {
  std::optional<std::string> wrong;
  unsigned crashes = 0, full = 0, errors = 0;
};

outcome run_one(std::uint64_t seed, options::sabotage broken) {
  auto run = random_run(seed, broken);
  auto wrong = run.run();
  return {std::move(wrong), run.crashes, run.full, run.errors};
}

struct quiet {
  quiet() { spdlog::set_level(spdlog::level::off); }
  ~quiet() { spdlog::set_level(spdlog::level::info); }
};

// How many seeds it takes until a broken store is caught; nothing if it is not. RocksDB's own
// threads are not under the seed's control: a seed that catches one run may miss the next (of 60
// seeds all missed a dropped salvage in one run of four), so there are many.
std::optional<std::uint64_t> seeds_until_caught(options::sabotage broken) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed)
    if (const auto result = run_one(seed, broken); result.wrong) {
      BOOST_TEST_MESSAGE("caught by seed " << seed << ": " << *result.wrong);
      return seed;
    }
  return {};
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(model_test, quiet)

// Scenario: random commits, trims, restarts, power cuts, full disks and disk errors, by fixed seeds
// (WEIR_SEEDS=from-to runs others). Guarantee: what was synced is there, nothing is half there,
// order holds, a full disk is left by itself, a rotten byte costs one commit at most.
BOOST_AUTO_TEST_CASE(the_store_keeps_its_promises) {
  auto source = std::uint64_t{1};
  auto target = std::uint64_t{12};
  if (const auto* range = std::getenv("WEIR_SEEDS"))
    std::sscanf(range, "%lu-%lu", &source, &target);
  auto crashes = 0u, full = 0u, errors = 0u;
  for (auto seed = source; seed <= target; ++seed) {
    const auto result = run_one(seed, {});
    BOOST_TEST(!result.wrong, "seed " << seed << ": " << result.wrong.value_or(""));
    crashes += result.crashes, full += result.full, errors += result.errors;
  }
  BOOST_TEST_MESSAGE("seeds " << source << " to " << target << ": " << crashes << " power cuts, "
                              << full << " full disks, " << errors << " disk errors");
}

// Scenario: commits are answered before they are synced. Guarantee: this test notices.
BOOST_AUTO_TEST_CASE(a_skipped_sync_is_caught) {
  BOOST_TEST(seeds_until_caught({.skip_sync = true}).has_value());
}

// Scenario: files go before the head mark that says so is synced. Guarantee: this test notices.
BOOST_AUTO_TEST_CASE(a_trim_ahead_of_its_mark_is_caught) {
  BOOST_TEST(seeds_until_caught({.trim_unsynced = true}).has_value());
}

// Scenario: damaged files are moved aside and not read. Guarantee: this test notices.
BOOST_AUTO_TEST_CASE(a_dropped_salvage_is_caught) {
  BOOST_TEST(seeds_until_caught({.skip_salvage = true}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
