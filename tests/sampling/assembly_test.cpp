#include "otlp/features.hpp"
#include "otlp_builder.hpp"
#include "sampling/assembly.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <set>

using namespace weir;
using namespace weir::sampling;
using weir::sampling::testing::id_of;
using weir::sampling::testing::message_of;
using weir::sampling::testing::span_body;
using weir::sampling::testing::test_span;

namespace {

struct test_entry {
  std::string bytes;
  otlp::span_index index;
};

using seen_spans = std::map<trace_id, std::multiset<std::pair<std::string, std::string>>>;

/// A batch over random entries, and what of it is to be kept, by trace: bodies with resources.
struct scene {
  explicit scene(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::map<trace_id, std::vector<slot_ref>> refs;
    std::map<trace_id, std::uint32_t> sizes;
    for (entry_number number = 0; number < 20; ++number) {
      std::vector<test_span> spans;
      for (int i = 0; i < 30; ++i) {
        test_span span;
        span.trace = id_of(random() % 40);
        span.id = random();
        span.on_resource = {{"service", "s" + std::to_string(random() % 3)}};
        spans.push_back(span);
        sizes[span.trace] += static_cast<std::uint32_t>(span_body(span).size());
        bodies[span.trace].insert({span_body(span), span.on_resource});
      }
      auto& entry = entries[number];
      entry.bytes = message_of(spans);
      BOOST_REQUIRE(otlp::index_traces(entry.bytes, 0, entry.index));
      for (slot slot = 0; slot < entry.index.traces.size(); ++slot)
        refs[entry.index.traces[slot]].push_back({number, slot});
    }
    for (const auto& [id, slots] : refs) {
      decided_trace trace;
      trace.id = id;
      trace.verdict.keep = random() % 2 == 0;
      trace.bytes = sizes[id];
      trace.first_ref = static_cast<std::uint32_t>(batch.refs.size());
      trace.refs = static_cast<std::uint32_t>(slots.size());
      batch.refs.insert(batch.refs.end(), slots.begin(), slots.end());
      batch.traces.push_back(trace);
      if (!trace.verdict.keep)
        bodies.erase(id);
    }
  }

  assembler::entry_reader reader() {
    return [this](entry_number number) -> result<unpacked_entry> {
      ++reads;
      if (number == broken)
        return fail(broken_how, "broken");
      return unpacked_entry{entries[number].bytes, 100 + number, 200 + number};
    };
  }

  /// Takes what a trace has in an entry out of `spans`; returns how many that were.
  std::size_t forget(const trace_id& id, entry_number number, seen_spans& spans) const {
    const auto& entry = entries.at(number);
    std::size_t gone = 0;
    for (const auto& span : entry.index.spans) {
      if (entry.index.traces[span.slot] != id)
        continue;
      const auto& resource =
          entry.index.slices[entry.index.groups[span.group].first_resource_slice];
      auto& left = spans[id];
      left.erase(left.find(
          {std::string(span.body.in(entry.bytes)), std::string(resource.in(entry.bytes))}));
      ++gone;
    }
    return gone;
  }

  std::map<entry_number, test_entry> entries;
  decided_batch batch;
  std::map<trace_id, std::multiset<std::pair<std::string, testing::attributes>>> bodies;
  std::size_t reads = 0;
  entry_number broken = no_entry;
  errc broken_how = errc::corrupt;
};

/// The resource envelope that message_of() writes for these attributes.
std::string envelope_of(const testing::attributes& on_resource) {
  test_span span;
  span.on_resource = on_resource;
  const auto message = message_of({span});
  otlp::span_index index;
  otlp::index_traces(message, 0, index);
  return std::string(index.slices[index.groups[0].first_resource_slice].in(message));
}

/// Takes all blocks out of `kept`, adds their spans (body, resource envelope) to `seen_spans`; each trace
/// has to be in one run.
void take_blocks(const kept_spans& kept, std::size_t block_bytes, seen_spans& seen_spans) {
  codec::traces_block_builder builder;
  trace_id before;
  for (std::size_t position = 0; position < kept.spans();) {
    position = kept.append_to(builder, position, block_bytes);
    std::string body;
    builder.finish(body);
    const auto block = codec::traces_block_reader::open(body);
    BOOST_REQUIRE(block);
    for (std::size_t i = 0; i < block->spans(); ++i) {
      const auto id = block->trace_of(i);
      if (id != before)
        BOOST_REQUIRE(!seen_spans.contains(id));
      before = id;
      std::string span;
      block->append_span(i, span);
      seen_spans[id].insert({span, std::string(block->resource(block->resource_of(i)))});
    }
  }
}

seen_spans expected(const scene& scene) {
  seen_spans all;
  for (const auto& [id, spans] : scene.bodies) {
    for (const auto& [body, on_resource] : spans)
      all[id].insert({body, envelope_of(on_resource)});
  }
  return all;
}

// One entry, whose traces are all kept.
struct kept_entry {
  explicit kept_entry(const std::vector<test_span>& spans) : bytes(message_of(spans)) {
    otlp::span_index index;
    BOOST_REQUIRE(otlp::index_traces(bytes, 0, index));
    for (slot slot = 0; slot < index.traces.size(); ++slot) {
      decided_trace trace;
      trace.id = index.traces[slot];
      trace.verdict.keep = true;
      trace.first_ref = slot;
      trace.refs = 1;
      batch.traces.push_back(trace);
      batch.refs.push_back({0, slot});
    }
  }

  assembler::entry_reader reader() const {
    return [this](entry_number) -> result<unpacked_entry> { return unpacked_entry{bytes, 1, 2}; };
  }

  std::string bytes;
  decided_batch batch;
};

} // namespace

BOOST_AUTO_TEST_SUITE(assembly_test)

// Scenario: half of 40 traces are kept, out of 20 entries that all hold a part of most.
// Guarantee: exactly their spans, bit for bit, under their resources, each trace in one run, into
// small blocks and large ones; each entry is read once.
BOOST_AUTO_TEST_CASE(kept_traces_come_out_whole) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    scene one(seed);
    assembler collector;
    kept_spans kept;
    BOOST_TEST(collector.collect(one.batch, 0, one.reader(), kept).value()
               == one.batch.traces.size());
    BOOST_TEST(one.reads == one.entries.size());
    BOOST_TEST(kept.first_received() == 100U);
    BOOST_TEST(kept.last_received() == 219U);
    for (const std::size_t block_bytes : {1UL, 3000UL, 1UL << 20}) {
      seen_spans seen;
      take_blocks(kept, block_bytes, seen);
      BOOST_TEST((seen == expected(one)), "seed " << seed);
    }
  }
}

// Scenario: scratch for a few traces only, and for less than one.
// Guarantee: the same spans over several calls.
BOOST_AUTO_TEST_CASE(scratch_is_bounded) {
  for (const std::size_t scratch : {1UL, 5000UL}) {
    scene one(3);
    assembler collector(scratch);
    kept_spans kept;
    seen_spans seen;
    std::size_t calls = 0;
    for (std::size_t position = 0; position < one.batch.traces.size(); ++calls) {
      position = collector.collect(one.batch, position, one.reader(), kept).value();
      take_blocks(kept, 1 << 20, seen);
    }
    BOOST_TEST(calls > 2U);
    BOOST_TEST((seen == expected(one)));
  }
}

// Scenario: the system refuses to read one entry, and reads it the next time.
// Guarantee: nothing is taken for lost, nothing is half collected; then all of it comes out.
BOOST_AUTO_TEST_CASE(what_cannot_be_read_at_the_moment_is_not_lost) {
  for (const auto method : {errc::io, errc::unavailable}) {
    scene one(4);
    one.broken = 7;
    one.broken_how = method;
    assembler collector;
    kept_spans kept;
    const auto refused = collector.collect(one.batch, 0, one.reader(), kept);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == method));
    BOOST_TEST(kept.spans() == 0U);
    BOOST_TEST(kept.unreadable().empty());
    one.broken = no_entry;
    BOOST_REQUIRE(collector.collect(one.batch, 0, one.reader(), kept));
    seen_spans seen;
    take_blocks(kept, 1 << 20, seen);
    BOOST_TEST((seen == expected(one)));
  }
}

// Scenario: some slots of what was collected turn out to be in the log already; none; all.
// Guarantee: exactly their spans are left out, and counted.
BOOST_AUTO_TEST_CASE(slots_can_be_left_out) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    scene one(seed);
    assembler collector;
    kept_spans kept;
    BOOST_REQUIRE(collector.collect(one.batch, 0, one.reader(), kept));
    std::mt19937_64 random(seed);
    std::vector<bool> places(one.batch.refs.size());
    const auto share = seed == 1 ? 0 : seed == 2 ? 4 : random() % 4;
    std::size_t place = 0;
    auto left = expected(one);
    std::size_t gone = 0;
    for (const auto& trace : one.batch.traces) {
      for (std::uint32_t i = 0; i < trace.refs; ++i, ++place) {
        places[place] = random() % 4 < share;
        if (places[place] && trace.verdict.keep)
          gone += one.forget(trace.id, one.batch.refs[trace.first_ref + i].entry, left);
      }
    }
    const auto before = kept.spans();
    BOOST_TEST(kept.leave_out(places) == gone);
    BOOST_TEST(kept.spans() == before - gone);
    seen_spans seen;
    take_blocks(kept, 3000, seen);
    std::erase_if(left, [](const auto& trace) { return trace.second.empty(); });
    BOOST_TEST((seen == left), "seed " << seed);
  }
}

// Scenario: one entry cannot be read.
// Guarantee: its slots are named, everything else comes out.
BOOST_AUTO_TEST_CASE(an_entry_that_cannot_be_read) {
  scene one(4);
  one.broken = 7;
  assembler collector;
  kept_spans kept;
  BOOST_REQUIRE(collector.collect(one.batch, 0, one.reader(), kept));
  std::size_t lost = 0;
  for (const auto& trace : one.batch.traces) {
    for (std::uint32_t i = 0; trace.verdict.keep && i < trace.refs; ++i)
      lost += one.batch.refs[trace.first_ref + i].entry == 7 ? 1 : 0;
  }
  BOOST_TEST(lost > 0U);
  BOOST_TEST(kept.unreadable().size() == lost);
  seen_spans seen;
  take_blocks(kept, 1 << 20, seen);
  std::size_t missing = 0;
  for (const auto& [id, spans] : expected(one)) {
    for (const auto& span : spans)
      missing += seen[id].contains(span) ? 0 : 1;
  }
  BOOST_TEST(missing > 0U);
  BOOST_TEST(missing <= 30U);
}

// Scenario: some of the kept traces carry their rate.
// Guarantee: their spans have it, all of them and nobody else's; the others are bit for bit what
// came.
BOOST_AUTO_TEST_CASE(rates_are_written_into_kept_spans) {
  scene one(8);
  std::set<trace_id> marked;
  for (std::size_t i = 0; i < one.batch.traces.size(); i += 3) {
    auto& trace = one.batch.traces[i];
    trace.verdict.sampling_rate = 7;
    trace.verdict.mark = rate_mark::attribute;
    if (trace.verdict.keep)
      marked.insert(trace.id);
  }
  assembler moved;
  assembler collector(std::move(moved));
  kept_spans kept;
  BOOST_REQUIRE(collector.collect(one.batch, 0, one.reader(), kept));
  seen_spans seen;
  take_blocks(kept, 1 << 20, seen);
  const auto came = expected(one);
  BOOST_TEST(marked.size() > 3U);
  BOOST_REQUIRE(seen.size() == came.size());
  for (const auto& [id, spans] : seen) {
    BOOST_REQUIRE(spans.size() == came.at(id).size());
    if (!marked.contains(id)) {
      BOOST_TEST((spans == came.at(id)));
      continue;
    }
    for (const auto& [body, resource] : spans) {
      std::int64_t rate = 0;
      otlp::read_span(body, [&](std::string_view key, const otlp::value_ref& value) {
        rate = key == rate_attribute ? value.integer : rate;
      });
      BOOST_TEST(rate == 7);
    }
  }
}

// Scenario: nothing is kept.
// Guarantee: nothing is read.
BOOST_AUTO_TEST_CASE(nothing_to_keep) {
  scene one(5);
  for (auto& trace : one.batch.traces)
    trace.verdict.keep = false;
  assembler collector;
  kept_spans kept;
  BOOST_TEST(collector.collect(one.batch, 0, one.reader(), kept).value()
             == one.batch.traces.size());
  BOOST_TEST(kept.spans() == 0U);
  BOOST_TEST(one.reads == 0U);
}

// Scenario: blocks may hold far less than a trace has.
// Guarantee: the trace is cut into several blocks, each of bounded size, and no span is lost.
BOOST_AUTO_TEST_CASE(a_trace_larger_than_a_block_is_cut) {
  scene one(6);
  assembler collector;
  kept_spans kept;
  BOOST_REQUIRE(collector.collect(one.batch, 0, one.reader(), kept));
  seen_spans seen;
  take_blocks(kept, 1, seen);
  BOOST_TEST((seen == expected(one)));
  codec::traces_block_builder builder;
  BOOST_TEST(kept.append_to(builder, 0, 1) < 8U);
}

// Scenario: traces of five spans of 200 bytes, into blocks and messages of 500. Guarantee: each of
// these holds whole traces, and there are several.
BOOST_AUTO_TEST_CASE(a_trace_little_larger_than_a_block_is_not_cut) {
  constexpr std::size_t spans_a_trace = 5;
  std::vector<test_span> spans;
  for (std::size_t i = 0; i < 20 * spans_a_trace; ++i) {
    test_span span;
    span.trace = id_of(i / spans_a_trace);
    span.name = std::to_string(i) + std::string(200, 'x');
    spans.push_back(span);
  }
  const kept_entry entry(spans);
  assembler collector;
  kept_spans kept;
  BOOST_REQUIRE(collector.collect(entry.batch, 0, entry.reader(), kept));
  BOOST_REQUIRE(kept.spans() == spans.size());

  std::size_t blocks = 0;
  for (std::size_t position = 0; position < kept.spans(); ++blocks) {
    codec::traces_block_builder builder;
    position = kept.append_to(builder, position, 500);
    BOOST_TEST(position % spans_a_trace == 0U);
  }
  BOOST_TEST(blocks > 5U);
  std::size_t messages = 0;
  for (std::size_t position = 0; position < kept.spans(); ++messages) {
    position = kept.end_of(position, 500);
    BOOST_TEST(position % spans_a_trace == 0U);
  }
  BOOST_TEST(messages > 5U);
}

// Scenario: hundreds of traces, each with a span in three resources of some hundred KiB; into
// blocks and into messages of 1 MiB. Guarantee: every span, in its resource, in bytes that are a
// small multiple of what was kept, not of traces times resources.
BOOST_AUTO_TEST_CASE(large_envelopes_stand_in_few_blocks) {
  constexpr std::size_t traces = 400;
  std::vector<test_span> spans;
  for (const char resource : {'a', 'b', 'c'})
    for (std::size_t i = 0; i < traces; ++i) {
      test_span span;
      span.trace = id_of(i);
      span.on_resource = {{"large", std::string(400'000, resource)}};
      spans.push_back(span);
    }
  kept_entry entry(spans);
  for (auto& trace : entry.batch.traces) {
    trace.bytes = trace.first_ref == 0 ? 1'300'000 : 1'200'000;
    trace.repeated = trace.first_ref == 0 ? 0 : trace.bytes;
  }
  assembler collector;
  kept_spans kept;
  BOOST_TEST(collector.collect(entry.batch, 0, entry.reader(), kept).value() == traces);
  BOOST_REQUIRE(kept.spans() == spans.size());

  std::size_t written = 0;
  std::size_t found = 0;
  codec::traces_block_builder builder;
  for (std::size_t position = 0; position < kept.spans();) {
    position = kept.append_to(builder, position, 1 << 20);
    std::string body;
    builder.finish(body);
    written += body.size();
    const auto block = codec::traces_block_reader::open(body);
    BOOST_REQUIRE(block);
    for (std::size_t i = 0; i < block->spans(); ++i)
      found += block->resource(block->resource_of(i)).size() > 400'000 ? 1 : 0;
  }
  BOOST_TEST(found == spans.size());
  BOOST_TEST(written <= 4 * entry.bytes.size());

  written = found = 0;
  for (std::size_t position = 0; position < kept.spans();) {
    otlp::traces_writer writer;
    const auto end = kept.end_of(position, 1 << 20);
    kept.append_to(writer, position, end);
    position = end;
    std::string message;
    writer.write(message);
    written += message.size();
    otlp::span_index own;
    BOOST_REQUIRE(otlp::index_traces(message, 0, own));
    found += own.spans.size();
  }
  BOOST_TEST(found == spans.size());
  BOOST_TEST(written <= 4 * entry.bytes.size());
}

BOOST_AUTO_TEST_SUITE_END()
