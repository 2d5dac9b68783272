#include "otlp/trace_state.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <string>

using namespace weir::otlp;

BOOST_AUTO_TEST_SUITE(trace_state_test)

// Scenario: lists as the specification allows them: blanks around members, empty members, a tenant.
// Guarantee: they are taken apart, and members found by their key.
BOOST_AUTO_TEST_CASE(lists) {
  const auto list = read_trace_state("ot=th:8, \tt@sys=a b,,rojo=00f067aa0ba902b7 ");
  BOOST_REQUIRE(list);
  BOOST_TEST(list->members().size() == 3U);
  BOOST_TEST(list->find("t@sys")->value == "a b");
  BOOST_TEST(list->find("rojo")->value == "00f067aa0ba902b7");
  BOOST_TEST(list->find("none") == nullptr);
  BOOST_TEST(read_trace_state("")->members().empty());
  BOOST_TEST((trace_state_value("a=1", "a") == "1"));
  BOOST_TEST(!trace_state_value("a=1", "b"));
}

// Scenario: keys, values and lists that break the format each in one way, a 33rd member too.
// Guarantee: the whole list counts as none.
BOOST_AUTO_TEST_CASE(broken_lists) {
  std::string many;
  for (int i = 0; i < 33; ++i)
    many += fmt::format("k{}=v,", i);
  for (const auto& text :
       {std::string("a"), std::string("=v"), std::string("a="), std::string("A=v"),
        std::string("1a=v"), std::string("a=v=w"), std::string("a=v,a=w"), std::string("a@=v"),
        std::string("@b=v"), std::string("a@b@c=v"), std::string("a=\x01"),
        std::string("a=\xc3\xa4"), std::string(257, 'a') + "=v", "a=" + std::string(257, 'v'),
        "t@" + std::string(15, 's') + "=v", many})
    BOOST_TEST(!read_trace_state(text), text);
  BOOST_TEST(read_trace_state(many.substr(0, many.find("k32"))).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
