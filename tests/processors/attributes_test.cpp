#include "processors/attributes.hpp"

#include "processors/actions.hpp"
#include "tests/editing/apply.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir;
using namespace weir::processors;
using namespace weir::editing::test;

std::string any_text(std::string_view text) {
  arena memory;
  return std::string(make_string(memory, text));
}

action_config act(action_kind kind, std::string key) {
  action_config made;
  made.action = kind;
  made.key = std::move(key);
  return made;
}

action_config put(action_kind kind, std::string key, std::string_view text) {
  auto made = act(kind, std::move(key));
  made.value.bytes = any_text(text);
  return made;
}

// The attributes of the one span, edited.
std::string edit(const std::vector<action_config>& actions, const std::string& attributes,
                 const request_context& request = {}) {
  const auto made = make_attributes({std::nullopt, std::nullopt, actions}, signal::traces);
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
  const auto out = json(edited_by(*made, one_span(attributes), signal::traces, request));
  const auto begin = out.find("\"attributes\":");
  return begin == out.npos ? "[]" : out.substr(begin + 13, out.rfind("}]}]}]}") - begin - 13);
}

std::string text_attribute(std::string_view key, std::string_view text) {
  return R"({"key":")" + std::string(key) + R"(","value":{"stringValue":")" + std::string(text)
         + R"("}})";
}

std::string why(const action_config& action) {
  const auto made = make_attributes({std::nullopt, std::nullopt, {action}}, signal::traces);
  return made ? "" : made.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(attributes_test)

// Scenario: insert, update and upsert of a key that is there and of one that is not; delete by key
// and by pattern.
// Guarantee: what each promises, in the order of the actions.
BOOST_AUTO_TEST_CASE(values_are_put_and_deleted) {
  using enum action_kind;
  const auto before = "[" + text_attribute("a", "1") + "," + text_attribute("b", "2") + "]";
  BOOST_TEST(edit({put(insert, "a", "x"), put(insert, "c", "x")}, before)
             == "[" + text_attribute("a", "1") + "," + text_attribute("b", "2") + ","
                    + text_attribute("c", "x") + "]");
  BOOST_TEST(edit({put(update, "a", "x"), put(update, "c", "x")}, before)
             == "[" + text_attribute("a", "x") + "," + text_attribute("b", "2") + "]");
  BOOST_TEST(edit({put(upsert, "a", "x"), put(upsert, "c", "y")}, before)
             == "[" + text_attribute("a", "x") + "," + text_attribute("b", "2") + ","
                    + text_attribute("c", "y") + "]");
  BOOST_TEST(edit({act(remove, "a"), put(insert, "a", "back")}, before)
             == "[" + text_attribute("b", "2") + "," + text_attribute("a", "back") + "]");
  auto by_pattern = act(remove, "");
  by_pattern.pattern = "^[ab]$";
  BOOST_TEST(edit({by_pattern}, before) == "[]");
}

// Scenario: values from other attributes, from metadata (twice the same name, another case), from
// the client's address, from an authenticator; sources that are not there, with and without
// default. Guarantee: the value, several joined by ";", the default, or nothing done.
BOOST_AUTO_TEST_CASE(values_come_from_elsewhere) {
  request_context request;
  request.metadata = {{"x-tenant", "t1"}, {"other", "o"}, {"x-tenant", "t2"}};
  request.auth = {{"subject", "me"}};
  request.client_address = "10.1.2.3";
  const auto source = [&](std::string attribute, std::string context, std::string otherwise = "") {
    auto action = act(action_kind::upsert, "k");
    action.from_attribute = std::move(attribute);
    action.from_context = std::move(context);
    if (!otherwise.empty())
      action.default_value.bytes = any_text(otherwise);
    return edit({action}, R"([{"key":"n","value":{"intValue":"7"}}])", request);
  };
  const std::string n = R"({"key":"n","value":{"intValue":"7"}})";
  BOOST_TEST(source("n", "") == "[" + n + R"(,{"key":"k","value":{"intValue":"7"}}])");
  BOOST_TEST(source("", "metadata.X-Tenant") == "[" + n + "," + text_attribute("k", "t1;t2") + "]");
  BOOST_TEST(source("", "other") == "[" + n + "," + text_attribute("k", "o") + "]");
  BOOST_TEST(source("", "auth.subject") == "[" + n + "," + text_attribute("k", "me") + "]");
  BOOST_TEST(source("", "client.address") == "[" + n + "," + text_attribute("k", "10.1.2.3") + "]");
  BOOST_TEST(source("nowhere", "") == "[" + n + "]");
  BOOST_TEST(source("", "metadata.nowhere") == "[" + n + "]");
  BOOST_TEST(source("nowhere", "", "d") == "[" + n + "," + text_attribute("k", "d") + "]");
}

// Scenario: a header of 8 KiB goes into each of 3,000 spans.
// Guarantee: a request cannot make more than 16 MiB of it: it is refused, with the reason.
BOOST_AUTO_TEST_CASE(headers_do_not_multiply_without_end) {
  auto action = act(action_kind::upsert, "k");
  action.from_context = "big";
  request_context request;
  request.metadata = {{"big", std::string(8 << 10, 'x')}};
  std::string spans = R"({"name":"n"})";
  for (int i = 1; i < 3000; ++i)
    spans += R"(,{"name":"n"})";
  const auto made = make_attributes({std::nullopt, std::nullopt, {action}}, signal::traces);
  BOOST_REQUIRE(made);
  const chain uut({{"p", *made}});
  scratch scratch;
  std::string out;
  const auto all = traces(R"([{"scopeSpans":[{"spans":[)" + spans + "]}]}]");
  const auto outcome = uut.apply(signal::traces, all, request, scratch, out);
  BOOST_TEST(outcome.refusal.find("more than 16777216 bytes") != std::string::npos,
             outcome.refusal);
  BOOST_TEST(out.size() < 20u << 20);
  BOOST_TEST(uut.apply(signal::traces, one_span("[]"), request, scratch, out).refusal.empty());
}

// Scenario: values of every kind are hashed, by key and by pattern.
// Guarantee: SHA-256 of the bytes that the Collector hashes; kinds that have none become "".
BOOST_AUTO_TEST_CASE(values_are_hashed) {
  arena memory;
  const auto hash = [&](std::string_view any) {
    return std::string(string_of(hash_value(memory, any))).substr(0, 16);
  };
  BOOST_TEST(hash(make_string(memory, "abc")) == "ba7816bf8f01cfea");
  BOOST_TEST(hash(make_string(memory, "")) == "e3b0c44298fc1c14");
  BOOST_TEST(hash(make_boolean(memory, true)) == "4bf5122f344554c5");
  BOOST_TEST(hash(make_boolean(memory, false)) == "6e340b9cffb37a98");
  BOOST_TEST(hash(make_integer(memory, 1)) == "7c9fa136d4413fa6");
  BOOST_TEST(hash(make_real(memory, 0.0)) == "af5570f5a1810b7a");
  BOOST_TEST(hash(make_bytes(memory, "abc")) == "");
  BOOST_TEST(hash("") == "");
  auto action = act(action_kind::hash, "a");
  const auto once = edit({action}, "[" + text_attribute("a", "abc") + "]");
  BOOST_TEST(once.find("ba7816bf") != once.npos);
  action.key.clear();
  action.pattern = "a";
  BOOST_TEST(edit({action}, "[" + text_attribute("a", "abc") + "]") == once);
}

// Scenario: named groups are extracted from a text, from one that does not match, from a number.
// Guarantee: an attribute a group, what was there overwritten; nothing else done.
BOOST_AUTO_TEST_CASE(groups_are_extracted) {
  auto action = act(action_kind::extract, "url");
  action.pattern = "^(?P<scheme>.*):\\/\\/(?P<host>.*)\\/(?P<rest>x)?";
  const auto url = text_attribute("url", "http://example.com/path");
  BOOST_TEST(edit({action}, "[" + url + "," + text_attribute("host", "old") + "]")
             == "[" + url + "," + text_attribute("host", "example.com") + ","
                    + text_attribute("scheme", "http") + "," + text_attribute("rest", "") + "]");
  const auto other = "[" + text_attribute("url", "nothing") + "]";
  BOOST_TEST(edit({action}, other) == other);
  const std::string number = R"([{"key":"url","value":{"intValue":"7"}}])";
  BOOST_TEST(edit({action}, number) == number);
}

// Scenario: every kind is converted to every type, good and bad texts.
// Guarantee: what the Collector makes of it; what cannot be converted stays.
BOOST_AUTO_TEST_CASE(values_are_converted) {
  arena memory;
  const auto target = [&](conversion type, std::string_view any) {
    std::string text;
    append_text(text, convert_value(memory, any, type));
    return text;
  };
  using enum conversion;
  const auto text = [&](std::string_view s) { return make_string(memory, s); };
  BOOST_TEST(target(to_int, text("-12")) == "-12");
  BOOST_TEST(target(to_int, text("+12")) == "12");
  BOOST_TEST(target(to_int, text("1.5")) == "1.5");
  BOOST_TEST(target(to_int, text("9223372036854775808")) == "9223372036854775808");
  BOOST_TEST(target(to_int, make_real(memory, -2.9)) == "-2");
  BOOST_TEST(target(to_int, make_real(memory, 1e300)) == "-9223372036854775808");
  BOOST_TEST(target(to_int, make_boolean(memory, true)) == "1");
  BOOST_TEST(target(to_double, text("1e3")) == "1000");
  BOOST_TEST(target(to_double, text("0x1p-2")) == "0.25");
  BOOST_TEST(target(to_double, text("--1")) == "--1");
  BOOST_TEST(target(to_double, make_integer(memory, 3)) == "3");
  BOOST_TEST(otlp::read_value(convert_value(memory, make_integer(memory, 3), to_double)).real == 3);
  BOOST_TEST(target(to_string, make_real(memory, 1.5)) == "1.5");
  BOOST_TEST((otlp::read_value(convert_value(memory, make_boolean(memory, false), to_string)).kind
              == otlp::value_kind::string));
}

// Scenario: actions that miss something, have too much, or a bad or explosive regex.
// Guarantee: an error that names the action and what is wrong with it.
BOOST_AUTO_TEST_CASE(wrong_actions_are_errors) {
  using enum action_kind;
  const auto has = [](const std::string& text, std::string_view part) {
    BOOST_TEST(text.find(part) != text.npos, text << " lacks " << part);
  };
  has(why(act(insert, "k")), "`actions[0]`: `insert` found no value");
  has(why(act(insert, "")), "found no `key`");
  auto two = put(update, "k", "v");
  two.from_attribute = "a";
  has(why(two), "several values");
  has(why(put(hash, "k", "v")), "does not use `value`");
  has(why(act(remove, "")), "neither `key` nor `pattern`");
  has(why(act(extract, "k")), "no `pattern`");
  has(why(act(convert, "k")), "no `converted_type`");
  auto pattern = act(extract, "k");
  pattern.pattern = "a(b)";
  has(why(pattern), "a group without a name");
  pattern.pattern = "ab";
  has(why(pattern), "no groups");
  pattern.pattern = "(?P<x>(";
  has(why(pattern), "invalid regex");
  pattern.pattern = "(?P<x>(((a{100}){100}){100}))";
  has(why(pattern), "invalid regex");
  pattern.action = remove;
  pattern.pattern = std::string(20'000, 'a');
  has(why(pattern), "expected at most 16384");
}

// Scenario: include and exclude by service, name, kind, attribute, resource, library; strict and
// regexp; both.
// Guarantee: what is given has to match, of each list one, of attributes all; exclude wins.
BOOST_AUTO_TEST_CASE(only_what_matches_is_edited) {
  const auto edited = [](const std::optional<match_config>& include,
                         const std::optional<match_config>& exclude = {}) {
    const auto made = make_attributes(
        {include, exclude, {put(action_kind::insert, "edited", "yes")}}, signal::traces);
    BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
    const auto out =
        json(edited_by(*made, traces(R"([{"resource":{"attributes":[{"key":"service.name","value":{
          "stringValue":"shop"}}]},"scopeSpans":[{"scope":{"name":"lib","version":"1.2"},"spans":[
          {"name":"get","kind":2,"attributes":[{"key":"n","value":{"intValue":"7"}}]}]}]}])")));
    return out.find("edited") != out.npos;
  };
  const auto match = [](auto fill, bool regexp = false) {
    match_config made;
    made.regexp = regexp;
    fill(made);
    return made;
  };
  using m = match_config;
  BOOST_TEST(edited(match([](m& c) { c.services = {"bank", "shop"}; })));
  BOOST_TEST(!edited(match([](m& c) { c.services = {"sho"}; })));
  BOOST_TEST(edited(match([](m& c) { c.services = {"sho"}; }, true)));
  BOOST_TEST(!edited(match([](m& c) { c.services = {"^ho"}; }, true)));
  BOOST_TEST(edited(match([](m& c) { c.span_names = {"get"}; })));
  BOOST_TEST(!edited(match([](m& c) { c.span_names = {"put"}; })));
  BOOST_TEST(edited(match([](m& c) { c.span_kinds = {"SPAN_KIND_SERVER"}; })));
  BOOST_TEST(!edited(match([](m& c) { c.span_kinds = {"SPAN_KIND_CLIENT"}; })));
  arena memory;
  const auto seven = std::string(make_integer(memory, 7));
  BOOST_TEST(edited(match([&](m& c) { c.attributes = {{"n", {seven}}}; })));
  BOOST_TEST(!edited(match([&](m& c) { c.attributes = {{"n", {any_text("7")}}}; })));
  BOOST_TEST(edited(match([&](m& c) { c.attributes = {{"n", {any_text("^7$")}}}; }, true)));
  BOOST_TEST(edited(match([](m& c) { c.attributes = {{"n", {}}}; })));
  BOOST_TEST(!edited(match([](m& c) { c.attributes = {{"n", {}}, {"o", {}}}; })));
  BOOST_TEST(edited(match([](m& c) { c.resources = {{"service.name", {any_text("shop")}}}; })));
  BOOST_TEST(edited(match([](m& c) { c.libraries = {{"lib", {}}}; })));
  BOOST_TEST(!edited(match([](m& c) { c.libraries = {{"lib", ""}}; })));
  BOOST_TEST(edited(match([](m& c) { c.libraries = {{"lib", "1.2"}}; })));
  BOOST_TEST(!edited(match([](m& c) {
    c.services = {"shop"};
    c.span_names = {"put"};
  })));
  BOOST_TEST(!edited(std::nullopt, match([](m& c) { c.services = {"shop"}; })));
  BOOST_TEST(!edited(match([](m& c) { c.services = {"shop"}; }),
                     match([](m& c) { c.span_names = {"get"}; })));
  BOOST_TEST(edited(match([](m& c) { c.services = {"shop"}; }), match([](m& c) {
                      c.services = {"bank"};
                      c.span_names = {"get"};
                    })));
}

// Scenario: criteria of another signal, none at all, wrong ones.
// Guarantee: an error that says which.
BOOST_AUTO_TEST_CASE(wrong_criteria_are_errors) {
  const auto why_not = [](const match_config& include, weir::signal kind) {
    const auto made =
        make_attributes({include, std::nullopt, {act(action_kind::remove, "k")}}, kind);
    return made ? "" : made.error().message;
  };
  match_config config;
  BOOST_TEST(why_not(config, signal::traces).find("nothing to match traces by")
             != std::string::npos);
  config.span_names = {"x"};
  BOOST_TEST(why_not(config, signal::logs).find("`span_names`, which logs do not have")
             != std::string::npos);
  config.span_kinds = {"SERVER"};
  BOOST_TEST(why_not(config, signal::traces).find("`SERVER`") != std::string::npos);
  config.span_kinds.clear();
  config.regexp = true;
  config.span_names = {"("};
  BOOST_TEST(why_not(config, signal::traces).find("`include`: invalid regex") != std::string::npos);
}

// Scenario: log records by body, severity text and number; metrics by name.
// Guarantee: those that match are edited; of metrics the points.
BOOST_AUTO_TEST_CASE(logs_and_metrics_are_matched_too) {
  const auto message = logs(R"([{"scopeLogs":[{"logRecords":[
    {"body":{"stringValue":"one"},"severityText":"INFO","severityNumber":9},
    {"body":{"intValue":"2"},"severityText":"WARN","severityNumber":13},
    {"body":{"stringValue":"three"}}]}]}])");
  const auto edited = [&](const match_config& include) {
    const auto made = make_attributes(
        {include, std::nullopt, {put(action_kind::insert, "edited", "yes")}}, signal::logs);
    BOOST_REQUIRE(made);
    const auto out = json(edited_by(*made, message, signal::logs), signal::logs);
    std::string which;
    std::size_t record = 0;
    for (auto found = out.find("body"); found != out.npos;
         found = out.find("body", found + 1), ++record)
      if (out.substr(found, out.find("body", found + 1) - found).find("edited") != out.npos)
        which += static_cast<char>('0' + record);
    return which;
  };
  match_config config;
  config.log_bodies = {"2", "three"};
  BOOST_TEST(edited(config) == "12");
  config = {};
  config.log_severity_texts = {"INFO"};
  BOOST_TEST(edited(config) == "0");
  config = {};
  config.log_severity_number = match_severity{13, false};
  BOOST_TEST(edited(config) == "1");
  config.log_severity_number = match_severity{13, true};
  BOOST_TEST(edited(config) == "12");

  config = {};
  config.metric_names = {"b"};
  const auto made = make_attributes(
      {config, std::nullopt, {put(action_kind::insert, "edited", "yes")}}, signal::metrics);
  BOOST_REQUIRE(made);
  const auto out = json(edited_by(*made, metrics(R"([{"scopeMetrics":[{"metrics":[
        {"name":"a","gauge":{"dataPoints":[{"asInt":"1"}]}},
        {"name":"b","sum":{"dataPoints":[{"asInt":"1"},{"asInt":"2"}]}}]}]}])"),
                                  signal::metrics),
                        signal::metrics);
  BOOST_TEST(out.find("edited") > out.find("\"b\""));
  BOOST_TEST(out.find("edited", out.find("edited") + 1) != out.npos);
}

// Scenario: the resource processor on a resource and on a message without one.
// Guarantee: its attributes are edited; spans are not.
BOOST_AUTO_TEST_CASE(resources_are_edited) {
  const auto made = make_resource({{put(action_kind::upsert, "region", "eu")}});
  BOOST_REQUIRE(made);
  BOOST_TEST(json(edited_by(*made, one_span("[]")))
             == R"({"resourceSpans":[{"resource":{"attributes":[)" + text_attribute("region", "eu")
                    + R"(]},"scopeSpans":[{"spans":[{"name":"n"}]}]}]})");
}

BOOST_AUTO_TEST_SUITE_END()
