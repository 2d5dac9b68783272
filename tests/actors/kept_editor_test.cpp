#include "actors/kept_editor.hpp"
#include "processors/transform.hpp"
#include "spans.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace weir;
using namespace weir::actors;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<const processors::chain> chain_of(const std::string& statement) {
  processors::transform_config config;
  config.trace_statements = {{"span", {}, {statement}, "ignore"}};
  const auto made = processors::make_transform(config, signal::traces, "t");
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
  std::vector<processors::chain::part> parts;
  for (const auto& p : *made)
    parts.push_back({"t", p});
  return std::make_shared<const processors::chain>(std::move(parts));
}

std::string span(unsigned trace, std::string_view name) {
  auto id = fmt::format("{:016}", trace + 1);
  return field(2, field(1, id) + field(2, "8 bytes.") + field(5, name));
}

/// Kept spans: one a trace, in one resource with an attribute of so many bytes.
sampling::kept_spans kept(const std::vector<std::string>& names, std::size_t resource_bytes) {
  std::string spans;
  for (unsigned i = 0; i < names.size(); ++i)
    spans += span(i, names[i]);
  const auto resource
      = field(1, field(1, "r") + field(2, field(1, std::string(resource_bytes, 'r'))));
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

} // namespace

BOOST_AUTO_TEST_SUITE(kept_editor_test)

// Scenario: a thousand kept traces of a resource of 900 KiB, into blocks of 1 MiB. Guarantee: the resource is edited
// with all of them at once, not with each; every span is there, with its new name.
BOOST_AUTO_TEST_CASE(a_resource_is_edited_once) {
  kept_editor uut(chain_of(R"(set(name, "x"))"), 0s);
  const auto spans = kept(std::vector<std::string>(1000, "n"), 900 << 10);
  codec::traces_block_builder builder;
  BOOST_TEST(uut.append_to(spans, builder, 0, 1 << 20, 1) == 1000U);
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
  kept_editor uut(chain_of(R"(replace_pattern(name, ".{0,500}b.{0,500}$", "x"))"), 600ms);
  std::vector<std::string> names(16, "n");
  names[5].assign(1 << 20, 'a');
  const auto spans = kept(names, 10);
  codec::traces_block_builder builder;
  BOOST_TEST(uut.append_to(spans, builder, 0, 4 << 20, 1) == 16U);
  BOOST_TEST(uut.removed() >= 1U);
  BOOST_TEST(uut.removed() <= 2U);
  BOOST_TEST(traces_in(builder) + uut.removed() == 16U);
}

BOOST_AUTO_TEST_SUITE_END()
