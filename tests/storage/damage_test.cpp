#include "storage/store.hpp"

#include "records.hpp"
#include "small_store.hpp"

#include <boost/test/unit_test.hpp>
#include <core/log.hpp>
#include <cstdlib>
#include <fstream>
#include <set>
#include <unistd.h>

using namespace weir;
using namespace weir::storage;
namespace fs = std::filesystem;

namespace {

constexpr unsigned entries = 60;
constexpr unsigned blocks = 40;
constexpr std::size_t value_bytes = 3000;

// How far apart the bytes are that are flipped; WEIR_DAMAGE_STEP=1 flips each of them (hours).
std::uint64_t step_of(std::uint64_t usual) {
  const char* wanted = std::getenv("WEIR_DAMAGE_STEP");
  return wanted ? std::max<std::uint64_t>(std::strtoull(wanted, nullptr, 10), 1) : usual;
}

// A database with known content: tables, a write-ahead log with more than one file, everything
// synced, not closed (its files are copied while it runs, as after kill -9).
struct fixture {
  fixture() {
    spdlog::set_level(spdlog::level::off);
    make();
  }
  ~fixture() { spdlog::set_level(spdlog::level::info); }

  void make() {
    auto database = open_store(settings);
    node = database->node();
    BOOST_REQUIRE(database->pipeline("traces/main").value() == 1u);
    BOOST_REQUIRE(database->open_log(1));
    for (unsigned i = 0; i < entries; ++i) {
      auto b = batch();
      b.put_entry(i, make_entry({node, 7, i + 1}, value_bytes));
      b.put_progress({node, 7, i + 1}, std::to_string(i));
      b.put_settled({node, 7, i + 1}, std::to_string(i) + " settled");
      if (i < blocks)
        b.append_block(1, i, 1000 + i, make_block(1, i, value_bytes));
      b.put_cursor("otlp", 1, {i / 2, 0});
      BOOST_REQUIRE(database->commit(std::move(b), i % 10 == 9));
      if (i == 30)
        database->maintain();
    }
    for (int i = 0; i < 1000 && !has_tables(*database); ++i)
      usleep(1000), database->maintain();
    database.reset();
    original = directory.path() + "/original";
    fs::copy(settings.directory, original, fs::copy_options::recursive);
  }

  // Flushes run behind the commits.
  static bool has_tables(const store& database) {
    auto usage = database.usage();
    return usage["journal"] > 100'000 && usage["log/traces/main"] > 50'000;
  }

  // What a look at the database found.
  struct found {
    recovery_report report;
    std::set<journal_position> entries;
    std::set<log_position> blocks;
    unsigned progress = 0; ///< Records that say what was written.
    unsigned settled = 0;
    bool same_node = false;
    bool named = false;
    bool placed = false; ///< The exporter's cursor is there, and not behind where it was.
  };

  found open_and_read() {
    auto opened = store::open(settings);
    BOOST_REQUIRE_MESSAGE(opened, part << ": " << (opened ? "" : opened.error().message));
    auto& database = **opened;
    auto result = found{.report = database.recovery(), .entries = {}, .blocks = {}};
    result.same_node = database.node() == node;
    result.named = database.pipelines().contains(1) && database.pipelines().at(1) == "traces/main";
    const auto cursors = database.cursors(1);
    BOOST_TEST_REQUIRE(cursors.has_value(), part << ": " << cursors.error().message);
    const auto cursor = cursors->find("otlp");
    result.placed = cursor != cursors->end() && cursor->second.position < entries / 2;
    // By what they say themselves: where the key is what was hit, they are found at the end.
    BOOST_REQUIRE(database.scan_journal(0, [&](journal_position position, std::string_view entry) {
      const auto read = codec::read_entry(entry);
      BOOST_REQUIRE_MESSAGE(read, part);
      const auto number = read->header.id.sequence;
      BOOST_TEST_REQUIRE(entry == make_entry({node, 7, number}, value_bytes), part);
      BOOST_TEST(result.entries.insert(number - 1).second, part << ": entry " << number - 1
                                                                << " twice, also at " << position
                                                                << "; " << result.report.text);
      return true;
    }));
    const auto log = database.log(1);
    for (auto position = log.first; position < log.next; ++position) {
      const auto block = database.read_block(1, position);
      if (!block) {
        BOOST_TEST((block.error().code == errc::corrupt), part << ": " << block.error().message);
        continue;
      }
      const auto read = codec::read_block(*block);
      BOOST_REQUIRE_MESSAGE(read, part);
      const auto number = read->header.first_time - 1000;
      BOOST_TEST_REQUIRE(*block == make_block(1, number, value_bytes), part);
      BOOST_TEST(result.blocks.insert(number).second, part << ": twice");
    }
    read_small(database, result);
    write_more(database);
    return result;
  }

  void read_small(const store& database, found& result) {
    BOOST_REQUIRE(database.scan_progress([&](const entry_id& id, std::string_view value) {
      result.progress += id.node == node && value == std::to_string(id.sequence - 1);
      return true;
    }));
    BOOST_REQUIRE(database.scan_settled([&](const entry_id& id, std::string_view value) {
      result.settled += id.node == node && value == std::to_string(id.sequence - 1) + " settled";
      return true;
    }));
  }

  // Whatever happened, it goes on.
  void write_more(store& database) {
    BOOST_REQUIRE(database.open_log(1));
    const auto next = database.journal().next;
    auto b = batch();
    b.put_entry(next, make_entry({node, 8, 1}, 10));
    BOOST_TEST_REQUIRE(database.commit(std::move(b), true).has_value(), part);
    BOOST_TEST_REQUIRE(database.read_entry(next).has_value(), part);
    database.maintain();
  }

  void restore() {
    fs::remove_all(settings.directory);
    fs::copy(original, settings.directory, fs::copy_options::recursive);
  }

  std::vector<std::string> files(std::string_view like) const {
    auto result = std::vector<std::string>();
    for (const auto& file : fs::recursive_directory_iterator(original)) {
      const auto path = fs::relative(file.path(), original).string();
      if (file.is_regular_file() && path.find(like) != path.npos)
        result.push_back(path);
    }
    std::sort(result.begin(), result.end());
    return result;
  }

  std::uint64_t size(const std::string& file) const { return fs::file_size(original + '/' + file); }

  void flip(const std::string& file, std::uint64_t offset) {
    auto io = std::fstream(settings.directory + '/' + file,
                           std::ios::in | std::ios::out | std::ios::binary);
    io.seekg(static_cast<std::streamoff>(offset));
    const auto byte = static_cast<char>(io.get() ^ 0x5a);
    io.seekp(static_cast<std::streamoff>(offset));
    io.put(byte);
  }

  // What is not found must be counted, unless `quiet` says that nobody can know.
  void check(const found& seen, std::size_t may_miss) {
    const auto missing = entries + blocks - seen.entries.size() - seen.blocks.size();
    BOOST_TEST(missing <= may_miss, part << ": " << missing << " missing; " << seen.report.text);
    BOOST_TEST(seen.same_node, part);
    BOOST_TEST(seen.named, part);
    BOOST_TEST(seen.placed, part);
    if (may_miss == 0) {
      BOOST_TEST(seen.progress == entries, part);
      BOOST_TEST(seen.settled == entries, part);
    }
    worst = std::max(worst, missing);
    if (missing > 0)
      BOOST_TEST(seen.report.records_lost >= 1, part << ": " << missing << " missing, not counted");
  }

  test::temporary_directory directory;
  options settings = small_options(directory, 64 << 10, 512 << 10);
  node_id node = 0;
  std::string original;
  std::string part;
  std::size_t worst = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(damage_test, fixture)

// Scenario: nothing is damaged, the process was just killed. Guarantee: nothing is missing, no
// salvage.
BOOST_AUTO_TEST_CASE(a_killed_process_loses_nothing) {
  restore();
  part = "killed";
  const auto seen = open_and_read();
  check(seen, 0);
  BOOST_TEST(!seen.report.salvaged);
  BOOST_TEST(seen.report.records_lost == 0u);
}

// Scenario: a byte is flipped anywhere in the write-ahead log. Guarantee: the node starts; at most
// what the byte was part of is missing (here a commit holds an entry and a block), and is counted.
BOOST_AUTO_TEST_CASE(flips_in_the_log) {
  auto tried = 0;
  auto salvaged = 0;
  for (const auto& file : files(".log"))
    for (std::uint64_t offset = 3; offset < size(file); offset += step_of(2339)) {
      part = file + " at " + std::to_string(offset);
      restore();
      flip(file, offset);
      const auto seen = open_and_read();
      // The last record of all may be a torn one for all we know; the mark knows what it held.
      check(seen, 2);
      // One commit's; a header that was hit costs what is behind it in the log's page.
      BOOST_TEST(seen.settled + 12 >= entries, part);
      BOOST_TEST(seen.settled == seen.progress, part);
      ++tried;
      salvaged += seen.report.salvaged;
    }
  BOOST_TEST_MESSAGE(tried << " flips, " << salvaged << " salvages, at worst " << worst
                           << " records missing");
  BOOST_TEST(salvaged > 0);
}

// Scenario: the write-ahead log is cut or a file of it is gone. Guarantee: starts, counts what is
// missing.
BOOST_AUTO_TEST_CASE(cuts_in_the_log) {
  for (const auto& file : files(".log")) {
    for (const auto keep : {std::uint64_t{0}, size(file) / 3, size(file) * 2 / 3}) {
      part = file + " cut to " + std::to_string(keep);
      restore();
      fs::resize_file(settings.directory + '/' + file, keep);
      check(open_and_read(), entries + blocks);
    }
    part = file + " removed";
    restore();
    fs::remove(settings.directory + '/' + file);
    check(open_and_read(), entries + blocks);
  }
}

// Scenario: MANIFEST, CURRENT, OPTIONS, IDENTITY or LOCK of the database is damaged or gone.
// Guarantee: starts and nothing is missing.
BOOST_AUTO_TEST_CASE(files_about_files) {
  for (const auto* like : {"MANIFEST", "CURRENT", "OPTIONS", "IDENTITY", "db/LOCK"})
    for (const auto& file : files(like)) {
      const auto step = step_of(std::max<std::uint64_t>(size(file) / 6, 1));
      for (std::uint64_t offset = 0; offset < size(file); offset += step) {
        part = file + " at " + std::to_string(offset);
        restore();
        flip(file, offset);
        check(open_and_read(), 0);
      }
      part = file + " emptied";
      restore();
      fs::resize_file(settings.directory + '/' + file, 0);
      check(open_and_read(), 0);
      part = file + " removed";
      restore();
      fs::remove(settings.directory + '/' + file);
      check(open_and_read(), 0);
    }
}

// Scenario: one of Weir's own small files is damaged or gone. Guarantee: starts, same node, nothing
// missing.
BOOST_AUTO_TEST_CASE(own_files) {
  for (const std::string file : {"VERSION", "MARK", "LOCK"}) {
    for (std::uint64_t offset = 0; offset < size(file);
         offset += std::min<std::uint64_t>(step_of(5), 5)) {
      part = file + " at " + std::to_string(offset);
      restore();
      flip(file, offset);
      check(open_and_read(), 0);
    }
    part = file + " removed";
    restore();
    fs::remove(settings.directory + '/' + file);
    check(open_and_read(), 0);
  }
}

// Scenario: the whole database is gone but the small files are there. Guarantee: starts, and says
// settings much it knows to be lost.
BOOST_AUTO_TEST_CASE(everything_gone) {
  part = "db removed";
  restore();
  fs::remove_all(settings.directory + "/db");
  const auto seen = open_and_read();
  BOOST_TEST(seen.entries.empty());
  BOOST_TEST(seen.report.records_lost >= entries);
  BOOST_TEST(!seen.report.fresh);
}

// Scenario: the directory is from a newer Weir. Guarantee: refused naming both versions, nothing
// touched.
BOOST_AUTO_TEST_CASE(a_newer_version_is_refused) {
  restore();
  const auto path = settings.directory + "/VERSION";
  // format 2, with the checksum that a newer program would have written
  std::ofstream(path) << "weir storage\nformat 2\nnode 0000000000000001\n";
  const auto text = std::string("weir storage\nformat 2\nnode 0000000000000001\n");
  char check[32];
  std::snprintf(check, sizeof check, "check %016llx\n",
                static_cast<unsigned long long>(codec::xxh3(text)));
  std::ofstream(path) << text << check;
  const auto opened = store::open(settings);
  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == errc::unsupported));
  BOOST_TEST(opened.error().message.find("version 2") != std::string::npos);
  BOOST_TEST(opened.error().message.find("version 1") != std::string::npos);
}

// Scenario: a table is damaged, cut or gone. Guarantee: starts or says corrupt when it is read; the
// records in other blocks of it are still there.
BOOST_AUTO_TEST_CASE(tables) {
  const auto all = files(".sst");
  BOOST_TEST_REQUIRE(!all.empty());
  for (const auto& file : all) {
    for (std::uint64_t offset = 7; offset < size(file); offset += step_of(9001)) {
      part = file + " at " + std::to_string(offset);
      restore();
      flip(file, offset);
      const auto seen = open_and_read();
      const auto missing = entries + blocks - seen.entries.size() - seen.blocks.size();
      // Two values of this size share one of RocksDB's blocks, which has one checksum.
      BOOST_TEST(missing <= 2u, part << ": " << missing << " missing; " << seen.report.text);
    }
    for (const auto back : {5, 30, 100, 400}) {
      if (size(file) <= static_cast<std::uint64_t>(back))
        continue;
      part = file + " at end - " + std::to_string(back);
      restore();
      flip(file, size(file) - back);
      const auto seen = open_and_read();
      BOOST_TEST(entries + blocks - seen.entries.size() - seen.blocks.size() <= 2u, part);
    }
    part = file + " cut";
    restore();
    fs::resize_file(settings.directory + '/' + file, size(file) / 2);
    check(open_and_read(), entries + blocks);
    part = file + " removed";
    restore();
    fs::remove(settings.directory + '/' + file);
    check(open_and_read(), entries + blocks);
  }
}

BOOST_AUTO_TEST_SUITE_END()
