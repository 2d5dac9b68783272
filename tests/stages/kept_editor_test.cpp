#include "stages/kept_editor.hpp"

#include "chains.hpp"
#include "processors/attributes.hpp"
#include "shapes.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace weir;
using namespace weir::stages;
using namespace std::chrono_literals;

namespace {

// Where no block becomes full.
const std::function<void()> never = [] { BOOST_ERROR("a block is full"); };

std::string span(unsigned trace, std::string_view name) {
  auto id = fmt::format("{:016}", trace + 1);
  return field(2, field(1, id) + field(2, "8 bytes.") + field(5, name));
}

/// Kept spans: one a trace, in one resource with an attribute of so many bytes.
sampling::kept_spans kept(const std::vector<std::string>& names, std::size_t resource_bytes) {
  std::string spans;
  for (unsigned i = 0; i < names.size(); ++i)
    spans += span(i, names[i]);
  const auto resource =
      field(1, field(1, "r") + field(2, field(1, std::string(resource_bytes, 'r'))));
  const auto message = field(1, field(1, resource) + field(2, spans));
  sampling::decided_batch batch;
  for (std::uint32_t i = 0; i < names.size(); ++i) {
    sampling::decided_trace trace;
    trace.id = trace_id::from(fmt::format("{:016}", i + 1));
    trace.verdict.keep = true;
    trace.bytes = 100;
    trace.first_ref = i;
    trace.refs = 1;
    batch.traces.push_back(trace);
    batch.refs.push_back({0, i});
  }
  sampling::kept_spans out;
  sampling::assembler().collect(
      batch, 0,
      [&](sampling::entry_number) -> result<sampling::unpacked_entry> {
        return sampling::unpacked_entry{message, 1, 2};
      },
      out);
  BOOST_REQUIRE(out.spans() == names.size());
  return out;
}

std::size_t traces_in(codec::traces_block_builder& builder) {
  std::string body;
  builder.finish(body);
  const auto read = codec::traces_block_reader::open(body);
  BOOST_REQUIRE(read);
  return read->spans();
}

// A chain that puts an attribute onto every resource.
std::shared_ptr<const editing::chain> marking() {
  processors::resource_config config;
  processors::action_config action;
  action.key = "mark";
  action.action = processors::action_kind::upsert;
  action.value.bytes = "\x0a\x01m";
  config.attributes.push_back(action);
  const auto made = processors::make_resource(config);
  BOOST_REQUIRE(made);
  return std::make_shared<const editing::chain>(
      std::vector<editing::chain::part>{{"resource", *made}});
}

// All good spans of a request as sampling hands them on.
sampling::kept_spans keep_all(std::string_view request) {
  otlp::span_index index;
  BOOST_REQUIRE(otlp::scan_traces(request, 0, {}, index));
  sampling::decided_batch batch;
  for (slot s = 0; s < index.traces.size(); ++s) {
    sampling::decided_trace trace;
    trace.id = index.traces[s];
    trace.verdict.keep = true;
    trace.first_ref = s;
    trace.refs = 1;
    batch.traces.push_back(trace);
    batch.refs.push_back({0, s});
  }
  sampling::kept_spans kept;
  sampling::assembler collector;
  const auto read = [&](sampling::entry_number) -> result<sampling::unpacked_entry> {
    return sampling::unpacked_entry{request, 1, 2};
  };
  BOOST_REQUIRE(collector.collect(batch, 0, read, kept) == batch.traces.size());
  return kept;
}

} // namespace

BOOST_AUTO_TEST_SUITE(kept_editor_test)

// Scenario: a thousand kept traces of a resource of 900 KiB, into blocks of 1 MiB. Guarantee: the resource is edited
// with all of them at once, not with each; every span is there, with its new name.
BOOST_AUTO_TEST_CASE(a_resource_is_edited_once) {
  kept_editor uut(chain_of(R"(set(name, "x"))", "ignore"), 0s);
  const auto spans = kept(std::vector<std::string>(1000, "n"), 900 << 10);
  codec::traces_block_builder builder;
  BOOST_TEST(uut.append_to(spans, builder, 0, 1 << 20, 1, never) == 1000U);
  BOOST_TEST(uut.removed() == 0U);
  std::string body;
  builder.finish(body);
  BOOST_TEST(body.size() < (1 << 20));
  const auto read = codec::traces_block_reader::open(body);
  BOOST_REQUIRE(read);
  BOOST_TEST(read->spans() == 1000U);
  for (std::size_t i = 0; i < read->spans(); ++i) {
    std::string one;
    read->append_span(i, one);
    BOOST_TEST(one.ends_with(field(5, "x")));
  }
}

// Scenario: one of sixteen spans takes the processors seconds. Guarantee: the others are kept but for what stands
// beside it, and it is dropped and counted.
BOOST_AUTO_TEST_CASE(what_takes_too_long_is_dropped_alone) {
  kept_editor uut(slow_chain(), 600ms);
  std::vector<std::string> names(16, "n");
  names[5].assign(1 << 20, 'a');
  const auto spans = kept(names, 10);
  codec::traces_block_builder builder;
  BOOST_TEST(uut.append_to(spans, builder, 0, 4 << 20, 1, never) == 16U);
  BOOST_TEST(uut.removed() >= 1U);
  BOOST_TEST(uut.removed() <= 2U);
  BOOST_TEST(traces_in(builder) + uut.removed() == 16U);
}

// Scenario: kept spans of requests of every shape, through a processor behind sampling that edits
// each resource. Guarantee: every span comes out once, in blocks whose bytes together are a small
// multiple of the request's.
BOOST_AUTO_TEST_CASE(any_shape_is_edited_in_few_bytes) {
  for (const auto& s : many_shapes(signal::traces)) {
    if (s.bad != 0 || s.resource_bytes > 1 << 20 || s.scope_bytes > 1 << 20)
      continue;
    const auto request = shaped_request(s).make();
    BOOST_TEST_CONTEXT(s) {
      const auto spans_kept = keep_all(request);
      kept_editor editor(marking(), 0s);
      codec::traces_block_builder builder;
      std::size_t written = 0;
      std::size_t spans = 0;
      const auto finish = [&] {
        std::string body;
        spans += builder.spans();
        builder.finish(body);
        written += body.size();
        BOOST_REQUIRE(codec::traces_block_reader::open(body));
      };
      for (std::size_t next = 0; next < spans_kept.spans();) {
        next = editor.append_to(spans_kept, builder, next, 1 << 20, 1, finish);
        BOOST_TEST(editor.removed() == 0U);
        if (builder.full(1 << 20))
          finish();
      }
      finish();
      BOOST_TEST(spans == s.resources * s.scopes * s.items);
      BOOST_TEST(written <= 4 * (request.size() + spans * 20) + (64 << 10));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
