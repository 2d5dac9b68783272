#include "core/log.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <fcntl.h>
#include <functional>
#include <regex>
#include <unistd.h>

namespace {

/// What comes to standard error while `speak` runs.
std::string said_by(const std::function<void()>& speak) {
  auto* file = std::tmpfile();
  BOOST_REQUIRE(file != nullptr);
  std::fflush(stderr);
  const auto before = dup(STDERR_FILENO);
  BOOST_REQUIRE(dup2(fileno(file), STDERR_FILENO) >= 0);
  speak();
  spdlog::default_logger()->flush();
  dup2(before, STDERR_FILENO);
  close(before);
  std::string text(1 << 16, '\0');
  std::rewind(file);
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(log_test)

// Scenario: `encoding: json`, and a message with quotes, a line break and bytes that are not UTF-8,
// as a back end may send them. Guarantee: one line of good JSON.
BOOST_AUTO_TEST_CASE(json_lines_are_good_json) {
  const auto said = said_by([] {
    weir::log::configure({.level = "info", .encoding = "json"});
    weir::log::warn("he said \"no\"\nand \xff");
  });
  static const std::regex line(
      R"re(\{"ts":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d","level":"warning",)re"
      R"re("msg":"he said \\"no\\"\\u000aand \\ufffd"\}\n)re");
  BOOST_TEST(std::regex_match(said, line), said);
}

// Scenario: each level is configured, messages of each come. Guarantee: those below are left out.
BOOST_AUTO_TEST_CASE(levels_are_kept) {
  const auto lines_at = [](const std::string& level) {
    const auto said = said_by([&] {
      weir::log::configure({.level = level, .encoding = "console"});
      weir::log::debug("a");
      weir::log::info("b");
      weir::log::warn("c");
      weir::log::error("d");
    });
    return std::count(said.begin(), said.end(), '\n');
  };
  BOOST_TEST(lines_at("debug") == 4);
  BOOST_TEST(lines_at("info") == 3);
  BOOST_TEST(lines_at("warn") == 2);
  BOOST_TEST(lines_at("error") == 1);
}

// Scenario: a kind of message that repeats without pause, and another. Guarantee: the first of each
// may pass, the next only when the interval is over.
BOOST_AUTO_TEST_CASE(repeats_are_limited_by_kind) {
  BOOST_TEST(weir::log::permit("log_test", 3600));
  for (int i = 0; i < 1000; ++i)
    BOOST_REQUIRE(!weir::log::permit("log_test", 3600));
  BOOST_TEST(weir::log::permit("log_test, another", 3600));
  BOOST_TEST(weir::log::permit("log_test", 0));
}

BOOST_AUTO_TEST_SUITE_END()
