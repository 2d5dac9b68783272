#include "benchmarks/load/tally.hpp"

#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

using namespace weir::load;

BOOST_AUTO_TEST_SUITE(tally_test)

// Scenario: a tally is written, then cut anywhere in its last frame, as when its writer is killed.
// Guarantee: what was written is read; a frame that is cut is left out.
BOOST_AUTO_TEST_CASE(what_was_written_is_read) {
  const weir::test::temporary_directory directory;
  const auto path = directory.file("tally");
  {
    auto writer = tally_writer::create(path);
    BOOST_REQUIRE(writer);
    writer->add(note::acknowledged, 7, 3);
    writer->add_ids(note::sent, 8, std::string(48, 'x'));
  }
  const auto whole = read_tally(path);
  BOOST_REQUIRE(whole);
  BOOST_REQUIRE(whole->frames.size() == 2u);
  BOOST_TEST(whole->frames[0].count == 3u);
  BOOST_TEST(whole->frames[1].ids == std::string(48, 'x'));
  for (auto size = std::filesystem::file_size(path) - 1; size >= 14; --size) {
    std::filesystem::resize_file(path, size);
    const auto cut = read_tally(path);
    BOOST_REQUIRE(cut);
    BOOST_REQUIRE(cut->frames.size() == 1u);
  }
}

// Scenario: a file of something else, short or long. Guarantee: an error: it proves nothing.
BOOST_AUTO_TEST_CASE(something_else_is_an_error) {
  const weir::test::temporary_directory directory;
  const auto path = directory.file("tally");
  for (const auto* text : {"junk", "a text that is longer than the head of a frame"}) {
    std::ofstream(path) << text;
    const auto read = read_tally(path);
    BOOST_REQUIRE(!read);
    BOOST_TEST(read.error().message == path + ": at byte 0: this is no tally of play or sink");
  }
}

BOOST_AUTO_TEST_SUITE_END()
