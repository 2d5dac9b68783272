#include "editing/chain.hpp"

#include "messages.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>

namespace {

using namespace weir;
using namespace weir::editing;
using namespace weir::editing::test;

/// A processor out of functions.
struct fake : processor {
  editing::reach where;
  std::function<disposition(context&)> on_resource = [](context&) { return disposition::keep; };
  std::function<disposition(context&)> on_scope = on_resource;
  std::function<disposition(context&)> on_item = on_resource;
  std::function<bool(context&)> wants = [](context&) { return true; };

  editing::reach reach() const override { return where; }
  bool wants_items(context& context) const override { return wants(context); }
  disposition edit_resource(context& context) const override { return on_resource(context); }
  disposition edit_scope(context& context) const override { return on_scope(context); }
  disposition edit_item(context& context) const override { return on_item(context); }
};

std::shared_ptr<fake> on_items(std::function<disposition(context&)> part, level reads = no_level,
                               level writes = no_level) {
  auto made = std::make_shared<fake>();
  made->where = {items, reads, writes};
  made->on_item = std::move(part);
  return made;
}

std::shared_ptr<fake> on_resources(std::function<disposition(context&)> part) {
  auto made = std::make_shared<fake>();
  made->where = {resources, no_level, no_level};
  made->on_resource = std::move(part);
  return made;
}

disposition put(context& context, item& item, std::string_view key, std::string_view text) {
  item.set(key, make_string(context.memory(), text));
  return disposition::keep;
}

struct fixture {
  scratch with;
  request_context request;
  chain_outcome outcome;

  std::string apply(const std::vector<processor_ptr>& processors, const std::string& message,
                    weir::signal kind = signal::traces) {
    std::vector<chain::part> parts;
    for (const auto& p : processors)
      parts.push_back({"p", p});
    const chain uut(std::move(parts));
    passes = uut.passes();
    std::string out;
    outcome = uut.apply(kind, message, request, with, out);
    if (!outcome.changed)
      BOOST_TEST(out.empty());
    return outcome.changed ? out : message;
  }
  std::size_t passes = 0;
};

const std::string two_scopes = traces(R"([{"resource":{"attributes":[{"key":"service.name",
  "value":{"stringValue":"a"}}]},"schemaUrl":"u","scopeSpans":[
    {"scope":{"name":"one"},"spans":[{"name":"1"},{"name":"2"},{"name":"3"}],"schemaUrl":"v"},
    {"scope":{"name":"two"},"spans":[{"name":"4"}]}]},
  {"scopeSpans":[{"spans":[{"name":"5"}]}]}])");

} // namespace

BOOST_FIXTURE_TEST_SUITE(chain_test, fixture)

// Scenario: a processor that looks at everything and changes nothing.
// Guarantee: nothing is written.
BOOST_AUTO_TEST_CASE(what_changes_nothing_copies_nothing) {
  int seen = 0;
  apply({on_items([&](context& context) {
          seen +=
              static_cast<int>(context.resource().attributes() + context.scope().bytes(1).size());
          return disposition::keep;
        })},
        two_scopes);
  BOOST_TEST(!outcome.changed);
  BOOST_TEST(seen == 4 + 4 * 3);
}

// Scenario: one span of five is changed.
// Guarantee: it is, and all else is as it was; a message without that change is left alone.
BOOST_AUTO_TEST_CASE(one_changed_span_leaves_the_rest_alone) {
  const auto out = apply({on_items([](context& context) {
                           return context.current().bytes(5) == "2"
                                      ? put(context, context.current(), "k", "v")
                                      : disposition::keep;
                         })},
                         two_scopes);
  auto expected = json(two_scopes);
  const std::string plain = R"({"name":"2"})";
  expected.replace(expected.find(plain), plain.size(),
                   R"({"name":"2","attributes":[{"key":"k","value":{"stringValue":"v"}}]})");
  BOOST_TEST(json(out) == expected);
}

// Scenario: spans are dropped: one, all of a scope, all of a resource, all.
// Guarantee: scopes and resources that lost their last go too; ones that were empty before stay.
BOOST_AUTO_TEST_CASE(emptied_scopes_and_resources_go) {
  const auto without = [&](std::string_view names) {
    return apply({on_items([names](context& context) {
                   return names.find(context.current().bytes(5)) == names.npos ? disposition::keep
                                                                               : disposition::drop;
                 })},
                 two_scopes);
  };
  BOOST_TEST(json(without("1")).find(R"("name":"1")") == std::string::npos);
  BOOST_TEST(outcome.items.dropped == 1U);
  BOOST_TEST(json(without("4")).find("two") == std::string::npos);
  const auto last = json(without("1234"));
  BOOST_TEST(last == R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"5"}]}]}]})");
  BOOST_TEST(with.counts()[0].dropped == 4U);
  BOOST_TEST(without("12345").empty());
  BOOST_TEST(outcome.changed);
  const auto empty =
      traces(R"([{"scopeSpans":[{"scope":{"name":"empty"}},{"spans":[{"name":"1"}]}]}])");
  BOOST_TEST(json(apply({on_items([](context&) { return disposition::drop; })}, empty))
             == R"({"resourceSpans":[{"scopeSpans":[{"scope":{"name":"empty"}}]}]})");
}

// Scenario: a resource without the message gets an attribute; one with it behind its scopes, in two
// parts; a whole resource is dropped.
// Guarantee: edits are in the one that is written, all parts merged; the drop counts its spans.
BOOST_AUTO_TEST_CASE(resources_are_edited_wherever_they_stand) {
  const auto add = on_resources([](context& context) {
    return put(context, context.resource(), "k", context.resource().has("z") ? "zz" : "v");
  });
  BOOST_TEST(
      json(apply({add}, traces(R"([{"scopeSpans":[{"spans":[{"name":"1"}]}]}])")))
      == R"({"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":{"stringValue":"v"}}]},)"
         R"("scopeSpans":[{"spans":[{"name":"1"}]}]}]})");
  using otlp::wire::append_bytes_field;
  const auto resource = [](std::string_view key) {
    std::string entry, body, out;
    append_bytes_field(entry, 1, key);
    append_bytes_field(body, 1, entry);
    append_bytes_field(out, 1, body);
    return out;
  };
  std::string span, scope, spans, message;
  append_bytes_field(span, 5, "n");
  append_bytes_field(scope, 2, span);
  append_bytes_field(spans, 2, scope);
  append_bytes_field(message, 1, resource("y") + spans + resource("z"));
  const auto out = json(apply({add}, message));
  BOOST_TEST(
      out
      == R"({"resourceSpans":[{"resource":{"attributes":[{"key":"y"},{"key":"z"},)"
         R"({"key":"k","value":{"stringValue":"zz"}}]},"scopeSpans":[{"spans":[{"name":"n"}]}]}]})");
  apply({on_resources([](context&) { return disposition::drop; })}, two_scopes);
  BOOST_TEST(outcome.items.dropped == 5U);
}

// Scenario: scopes in the old field 1000, with and without new ones beside them.
// Guarantee: their spans are edited too, under the new number; beside new ones they go.
BOOST_AUTO_TEST_CASE(old_scopes_are_edited_too) {
  using otlp::wire::append_bytes_field;
  std::string span, scope, old, now, message, both;
  append_bytes_field(span, 5, "old");
  append_bytes_field(scope, 2, span);
  append_bytes_field(old, 1000, scope);
  append_bytes_field(now, 2, scope);
  append_bytes_field(message, 1, old);
  append_bytes_field(both, 1, now + old);
  const auto rename = on_items([](context& context) {
    context.current().set_bytes(5, "new");
    return disposition::keep;
  });
  const std::string expected = R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"new"}]}]}]})";
  BOOST_TEST(json(apply({rename}, message)) == expected);
  BOOST_TEST(json(apply({rename}, both)) == expected);
  BOOST_TEST(
      json(apply({on_resources([](context&) { return disposition::keep; })}, both)).find("old")
      != std::string::npos);
}

// Scenario: a processor of spans that reads the resource stands before one that changes the
// resource; a processor of spans that writes the resource before one of spans that reads it.
// Guarantee: each sees what the former left, for all spans, not what comes later; where nothing can
// be told apart one walk does it.
BOOST_AUTO_TEST_CASE(each_sees_what_the_former_left) {
  const auto copy = on_items(
      [](context& context) {
        const auto any = context.resource().get("service.name");
        return put(context, context.current(), "seen", any ? string_of(*any) : "none");
      },
      resources);
  const auto change = on_resources(
      [](context& context) { return put(context, context.resource(), "service.name", "changed"); });
  auto out = json(apply({copy, change}, two_scopes));
  BOOST_TEST(passes == 2U);
  BOOST_TEST(out.find(R"("seen","value":{"stringValue":"a"})") != out.npos);
  BOOST_TEST(out.find(R"("seen","value":{"stringValue":"changed"})") == out.npos);
  BOOST_TEST(out.find(R"("service.name","value":{"stringValue":"changed"})") != out.npos);
  out = json(apply({change, copy}, two_scopes));
  BOOST_TEST(passes == 1U);
  BOOST_TEST(out.find(R"("seen","value":{"stringValue":"changed"})") != out.npos);
  BOOST_TEST(out.find(R"("seen","value":{"stringValue":"a"})") == out.npos);

  const auto write = on_items(
      [](context& context) {
        return put(context, context.resource(), "service.name",
                   std::string(context.current().bytes(5)));
      },
      no_level, resources);
  out = json(apply({write, copy}, two_scopes));
  BOOST_TEST(passes == 2U);
  BOOST_TEST(out.find(R"("seen","value":{"stringValue":"1"})") == out.npos);
  BOOST_TEST(out.find(R"("seen","value":{"stringValue":"4"})") != out.npos);

  const auto plain =
      on_items([](context& context) { return put(context, context.current(), "x", "y"); });
  apply({plain, plain, change, plain}, two_scopes);
  BOOST_TEST(passes == 1U);
}

// Scenario: a processor that does not want the items of one scope.
// Guarantee: it does not see them; others do.
BOOST_AUTO_TEST_CASE(scopes_can_be_left_alone) {
  auto picky = on_items([](context& context) { return put(context, context.current(), "p", "1"); });
  picky->wants = [](context& context) { return context.scope().bytes(1) == "two"; };
  const auto out = json(apply({picky}, two_scopes));
  BOOST_TEST(out.find(R"("name":"4","attributes")") != out.npos);
  BOOST_TEST(out.find(R"("name":"1","attributes")") == out.npos);
  BOOST_TEST(out.find(R"("name":"5","attributes")") == out.npos);
}

// Scenario: the scratch is moved between two messages, as in a vector that grows.
// Guarantee: it goes on working.
BOOST_AUTO_TEST_CASE(scratch_can_be_moved) {
  const auto add =
      on_items([](context& context) { return put(context, context.current(), "k", "v"); });
  const auto once = apply({add}, two_scopes);
  scratch moved(std::move(with));
  with = std::move(moved);
  BOOST_TEST(apply({add}, two_scopes) == once);
}

// Scenario: metrics of each kind; points are edited, one is dropped, then a whole metric.
// Guarantee: points of every kind are reached, and points are what is counted.
BOOST_AUTO_TEST_CASE(points_of_metrics_are_edited_and_counted) {
  std::string list;
  for (const auto* kind : {"gauge", "sum", "histogram", "exponentialHistogram", "summary"})
    list += std::string(list.empty() ? "" : ",") + R"({"name":")" + kind + R"(",")" + kind
            + R"(":{"dataPoints":[{"timeUnixNano":"1"},{"timeUnixNano":"2"}]}})";
  const auto message = metrics(R"([{"scopeMetrics":[{"metrics":[)" + list + "]}]}]");
  const auto edit = on_items([](context& context) {
    for_each_point(context, 0, [&](item& point) {
      put(context, point, "k", "v");
      return true;
    });
    return disposition::keep;
  });
  auto out = json(apply({edit}, message, signal::metrics), signal::metrics);
  std::size_t found = 0;
  for (auto position = out.find("\"v\""); position != out.npos;
       position = out.find("\"v\"", position + 1))
    ++found;
  BOOST_TEST(found == 10U);
  apply({on_items([](context& context) {
          return context.current().bytes(1) == "summary" ? disposition::drop : disposition::keep;
        })},
        message, signal::metrics);
  BOOST_TEST(outcome.items.dropped == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
