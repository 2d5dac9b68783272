#include "tests/ottl/values.hpp"

#include <boost/test/unit_test.hpp>

// Patterns with names, and headers of browsers.
namespace {

using namespace weir;
using namespace weir::processors;
using namespace weir::ottl::test;

} // namespace

BOOST_AUTO_TEST_SUITE(grok_test)

// Scenario: known patterns, own ones, keys with dots, types. Guarantee: pairs for what has a key
// and is not empty; no match gives an empty map.
BOOST_AUTO_TEST_CASE(grok_patterns) {
  check_values({
      {R"x(ExtractGrokPatterns("GET /a", "%{WORD:http.verb} %{URIPATH}", true))x",
       map_json({{"http.verb", "GET"}})},
      {R"x(ExtractGrokPatterns("GET /a", "%{WORD:verb} %{URIPATH}"))x",
       map_json({{"verb", "GET"}, {"URIPATH", "/a"}})},
      {R"x(ExtractGrokPatterns("id-7", "%{ID:id}", true, ["ID=[a-z]+-%{INT:n:int}"]))x",
       R"({"kvlistValue":{"values":[{"key":"id","value":{"stringValue":"id-7"}},)"
       R"({"key":"n","value":{"intValue":"7"}}]}})"},
      {R"x(ExtractGrokPatterns("x 1.5", "%{NUMBER:n:float}", true)["n"])x",
       R"({"doubleValue":1.5})"},
      {R"x(ExtractGrokPatterns("true", "%{BOOL:b:bool}", true)["b"])x", R"({"boolValue":true})"},
      {R"x(ExtractGrokPatterns("a]b", "(?<x>[]a]+)(b)"))x", map_json({{"x", "a]"}})},
      {R"x(ExtractGrokPatterns("-", "%{INT:n}"))x", R"({"kvlistValue":{"values":[]}})"},
      {R"x(ExtractGrokPatterns("2001:db8::1 up", "%{IPORHOST:h} %{WORD:w}", true))x",
       map_json({{"h", "2001:db8::1"}, {"w", "up"}})},
  });
  check_failures({R"x(ExtractGrokPatterns("a", "%{WORD:n:int}", true))x",
                  R"x(ExtractGrokPatterns("a", "%{WORD:n:date}", true))x",
                  R"x(ExtractGrokPatterns(kind, "%{WORD:n}", true))x"});
}

// Scenario: patterns that are unknown, endless, too long, malformed. Guarantee: refused at start.
BOOST_AUTO_TEST_CASE(grok_patterns_are_checked) {
  std::string bombs = R"("A0=aaaaaaaaaaaaaaaa")";
  for (int i = 1; i < 20; ++i)
    bombs += fmt::format(R"(, "A{0}=%{{A{1}}}%{{A{1}}}%{{A{1}}}%{{A{1}}}")", i, i - 1);
  check_refused({
      {R"x(ExtractGrokPatterns(name, "%{NOPE}"))x", "NOPE"},
      {R"x(ExtractGrokPatterns(name, "%{A:x}", true, ["A=%{B}", "B=%{A}"]))x", "each other"},
      {"ExtractGrokPatterns(name, \"%{A19:x}\", true, [" + bombs + "])", "too long"},
      {R"x(ExtractGrokPatterns(name, "%{WORD:a}("))x", "invalid regex"},
      {R"x(ExtractGrokPatterns(name, "%{WORD}", true))x", "without keys"},
      {R"x(ExtractGrokPatterns(name, "%{A:x}", true, ["A"]))x", "NAME=expression"},
      {R"x(ExtractGrokPatterns(name, "%{A:x}", true, ["A:b=c"]))x", "NAME=expression"},
  });
}

// Scenario: headers of browsers, of programs, none, one that is huge. Guarantee: names and
// versions; "Other" for what is not known.
BOOST_AUTO_TEST_CASE(user_agents) {
  const auto parts = [](const std::string& header, const std::string& name,
                        const std::string& version, const std::string& system,
                        const std::string& system_version) {
    std::vector<std::pair<std::string, std::string>> pairs{{"user_agent.name", name},
                                                           {"user_agent.original", header},
                                                           {"user_agent.version", version},
                                                           {"os.name", system}};
    if (!system_version.empty())
      pairs.emplace_back("os.version", system_version);
    return value_row{"UserAgent(\"" + header + "\")", map_json(pairs)};
  };
  check_values({
      parts("curl/8.4.0", "curl", "8.4.0", "Other", ""),
      parts("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
            "Firefox", "120.0", "Ubuntu", ""),
      parts("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
            "Gecko) "
            "Version/16.6 Safari/605.1.15",
            "Safari", "16.6", "Mac OS X", "10.15.7"),
      parts("", "Other", "", "Other", ""),
      parts(std::string(9 << 10, 'a') + "curl/8.4.0", "Other", "", "Other", ""),
  });
  check_failures({"UserAgent(kind)", R"(UserAgent(attributes["x"]))"});
}

BOOST_AUTO_TEST_SUITE_END()
