#include "core/quote.hpp"

#include <boost/test/unit_test.hpp>

using weir::quote_json;

BOOST_AUTO_TEST_SUITE(quote_test)

// Scenario: bytes that are not UTF-8 in a text: cut, overlong, surrogates, beyond the last code
// point. Guarantee: each bad byte becomes U+FFFD, so that the JSON stays valid; good text is kept.
BOOST_AUTO_TEST_CASE(the_text_is_always_utf8) {
  BOOST_TEST(quote_json("a\xff"
                        "b")
             == R"("a\ufffdb")");
  BOOST_TEST(quote_json("\xc3") == R"("\ufffd")");
  BOOST_TEST(quote_json("\xc0\x80") == R"("\ufffd\ufffd")");
  BOOST_TEST(quote_json("\xed\xa0\x80") == R"("\ufffd\ufffd\ufffd")");
  BOOST_TEST(quote_json("\xf4\x90\x80\x80") == R"("\ufffd\ufffd\ufffd\ufffd")");
  BOOST_TEST(quote_json("\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80")
             == "\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

// Scenario: quotes, backslashes, control characters. Guarantee: they are escaped as JSON wants.
BOOST_AUTO_TEST_CASE(what_json_keeps_for_itself_is_escaped) {
  BOOST_TEST(quote_json("") == "\"\"");
  BOOST_TEST(quote_json("a\"b\\c\n\x1f") == R"("a\"b\\c\u000a\u001f")");
}

// Scenario: endpoints with passwords and keys in them, and texts that are none. Guarantee: neither
// password nor query is left; other texts stay as they are.
BOOST_AUTO_TEST_CASE(urls_show_no_secrets) {
  using weir::without_secrets;
  BOOST_TEST(without_secrets("ftp://ann:pass@host:1/v1?key=k#x")
             == "ftp://[REDACTED]@host:1/v1?[REDACTED]");
  BOOST_TEST(without_secrets("https://token@host/") == "https://[REDACTED]@host/");
  BOOST_TEST(without_secrets("https://a:p@ss@host") == "https://[REDACTED]@host");
  BOOST_TEST(without_secrets("htp://host?key=k") == "htp://host?[REDACTED]");
  BOOST_TEST(without_secrets("ann:pass@tempo:4317") == "[REDACTED]@tempo:4317");
  for (const std::string text :
       {"tempo:4317", "ann@example.com", "what? no", "https://host/a@b", ""})
    BOOST_TEST(without_secrets(text) == text);
}

// Scenario: text of clients with control characters. Guarantee: they are shown, in one line.
BOOST_AUTO_TEST_CASE(controls_are_shown) {
  BOOST_TEST(weir::without_controls("a\r\nb\x1b[2J\x7f\xff") == "a\\r\\nb\\x1b[2J\\x7f\\xff");
}

BOOST_AUTO_TEST_SUITE_END()
