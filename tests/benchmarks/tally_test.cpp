#include "benchmarks/load/tally.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace weir::load;

namespace {

struct file_of_its_own {
  std::string path =
      std::filesystem::temp_directory_path() / ("weir-tally-" + std::to_string(getpid()));

  ~file_of_its_own() { std::filesystem::remove(path); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(tally_test)

// Scenario: a tally is written, then cut anywhere in its last frame, as when its writer is killed.
// Guarantee: what was written is read; a frame that is cut is left out.
BOOST_AUTO_TEST_CASE(what_was_written_is_read) {
  const file_of_its_own file;
  {
    auto writer = tally_writer::create(file.path);
    BOOST_REQUIRE(writer);
    writer->add(note::acknowledged, 7, 3);
    writer->add_ids(note::sent, 8, std::string(48, 'x'));
  }
  const auto whole = read_tally(file.path);
  BOOST_REQUIRE(whole);
  BOOST_REQUIRE(whole->frames.size() == 2u);
  BOOST_TEST(whole->frames[0].count == 3u);
  BOOST_TEST(whole->frames[1].ids == std::string(48, 'x'));
  for (auto size = std::filesystem::file_size(file.path) - 1; size >= 14; --size) {
    std::filesystem::resize_file(file.path, size);
    const auto cut = read_tally(file.path);
    BOOST_REQUIRE(cut);
    BOOST_REQUIRE(cut->frames.size() == 1u);
  }
}

// Scenario: a file of something else, short or long. Guarantee: an error: it proves nothing.
BOOST_AUTO_TEST_CASE(something_else_is_an_error) {
  const file_of_its_own file;
  for (const auto* text : {"junk", "a text that is longer than the head of a frame"}) {
    std::ofstream(file.path) << text;
    const auto read = read_tally(file.path);
    BOOST_REQUIRE(!read);
    BOOST_TEST(read.error().message == file.path + ": at byte 0: this is no tally of play or sink");
  }
}

BOOST_AUTO_TEST_SUITE_END()
