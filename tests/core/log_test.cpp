#include "core/log.hpp"
#include "core/log_block.hpp"

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

// Scenario: a line with fields of each type, some of them hostile. Guarantee: in JSON they are
// members of their own with their types; on the console they stand behind the text; the next line
// has none of them.
BOOST_AUTO_TEST_CASE(fields_stand_beside_the_text) {
  const auto speak = [](const char* encoding) {
    return said_by([&] {
      weir::log::configure({.level = "info", .encoding = encoding});
      weir::log::warn({{"exporter", std::string("otlp/\"a\"")},
                       {"items", 12U},
                       {"delta", -3},
                       {"share", 0.5},
                       {"well", false}},
                      "away for {} s", 80);
      weir::log::debug({{"hidden", 1}}, "not at this level");
      weir::log::info("next");
    });
  };
  const std::string members =
      R"("exporter":"otlp/\"a\"","items":12,"delta":-3,"share":0.5,"well":false)";
  const auto json = speak("json");
  BOOST_TEST(json.find(R"("msg":"away for 80 s",)" + members + "}\n") != std::string::npos, json);
  BOOST_TEST(json.find("\"msg\":\"next\"}\n") != std::string::npos, json);
  const auto console = speak("console");
  BOOST_TEST(console.find("away for 80 s\t{" + members + "}\n") != std::string::npos, console);
  BOOST_TEST(console.find("\tnext\n") != std::string::npos, console);
  BOOST_TEST(console.find("hidden") == std::string::npos, console);
}

// Scenario: a client's text with line ends, ESC, and bytes that are orders to a terminal, on the
// console. Guarantee: one line, in which they are shown; letters outside of ASCII stay.
BOOST_AUTO_TEST_CASE(console_lines_are_plain_text) {
  const auto said = said_by([] {
    weir::log::configure({.level = "info", .encoding = "console"});
    weir::log::warn("path /\r\n2026-01-01T00:00:00\terror\tall is lost \x1b[2J \x9b\x7f \xc2\x9b "
                    "gr\u00fc\u00df");
  });
  BOOST_TEST(std::count(said.begin(), said.end(), '\n') == 1);
  BOOST_TEST(said.find('\r') == std::string::npos);
  BOOST_TEST(said.find("path /\\r\\n2026-01-01T00:00:00\\terror\\tall is lost \\x1b[2J \\x9b\\x7f "
                       "\\xc2\\x9b gr\u00fc\u00df\n")
                 != std::string::npos,
             said);
}

// Scenario: a text of several lines and columns, as the debug exporter's, with what would move a
// cursor. Guarantee: lines and columns stay, the rest is shown; the next line is an ordinary one.
BOOST_AUTO_TEST_CASE(blocks_keep_their_lines) {
  const auto said = said_by([] {
    weir::log::configure({.level = "info", .encoding = "console"});
    weir::log::write_block("Traces\t{\"spans\": 1}\n     -> k: Str(\x1b[2J)\n");
    weir::log::info("a\nb");
  });
  BOOST_TEST(said.find("Traces\t{\"spans\": 1}\n     -> k: Str(\\x1b[2J)\n") != std::string::npos,
             said);
  BOOST_TEST(said.find("a\\nb\n") != std::string::npos, said);
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
