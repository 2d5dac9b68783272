#include "shapes.hpp"

#include "codec/block.hpp"
#include "codec/entry.hpp"
#include "processors/attributes.hpp"
#include "stages/entry_group.hpp"
#include "stages/log_group.hpp"
#include "stages/request_editor.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::stages;

namespace {

constexpr std::size_t max_envelope = 1 << 20;
// All that is written for a request is within this multiple of it, and a little more.
constexpr std::size_t multiple = 3;
constexpr std::size_t a_little = 64 << 10;

std::vector<std::uint64_t> expected(const shape& s, std::string_view request) {
  found_items items(s.kind, max_envelope);
  items.add(request);
  return items.hashes();
}

// A chain that makes the processors write all of it anew.
std::shared_ptr<const editing::chain> marking(signal kind) {
  processors::attributes_config config;
  processors::action_config action;
  action.key = "mark";
  action.action = processors::action_kind::upsert;
  action.value.bytes = "\x0a\x01m";
  config.actions.push_back(action);
  const auto made = processors::make_attributes(config, kind);
  BOOST_REQUIRE(made);
  return std::make_shared<const editing::chain>(
      std::vector<editing::chain::part>{{"attributes", *made}});
}

// What a reader makes of an entry as it lies in the journal.
std::string read_back(closed_entry& entry) {
  std::string bytes;
  codec::write_entry(entry.header, entry.packed, bytes);
  const auto view = codec::read_entry(bytes);
  BOOST_REQUIRE_MESSAGE(view, view.error().message);
  std::string unpacked;
  BOOST_REQUIRE(codec::packer().unpack(view->header.codec, view->payload,
                                       view->header.unpacked_bytes, unpacked));
  return unpacked;
}

std::string read_back(closed_block& block) {
  const auto view = codec::read_block(block.bytes);
  BOOST_REQUIRE_MESSAGE(view, view.error().message);
  std::string unpacked;
  BOOST_REQUIRE(codec::packer().unpack(view->header.codec, view->payload,
                                       view->header.unpacked_bytes, unpacked));
  return unpacked;
}

} // namespace

BOOST_AUTO_TEST_SUITE(shapes_test)

// Scenario: requests of every shape that the sizes allow, for a pipeline that samples. Guarantee:
// what was not rejected is in entries that can be read back, each span once, in its resource and
// scope; all entries together are a small multiple of the request.
BOOST_AUTO_TEST_CASE(entries_hold_requests_of_any_shape) {
  for (const auto& s : many_shapes(signal::traces)) {
    const auto request = shaped_request(s).make();
    BOOST_TEST_CONTEXT(s) {
      entry_group group(1, 256 << 10, {});
      const auto scanned = group.add(request, 1);
      BOOST_REQUIRE(scanned);
      found_items found(s.kind);
      std::size_t written = 0;
      std::size_t spans = 0;
      for (auto& entry : group.take()) {
        written += entry.unpacked.size();
        spans += entry.header.spans;
        found.add(read_back(entry));
      }
      const auto wanted = expected(s, request);
      BOOST_TEST(spans == wanted.size());
      BOOST_TEST(group.spans() == 0U);
      BOOST_TEST(wanted.size() + scanned->total() == s.resources * s.scopes * s.items);
      BOOST_TEST((found.hashes() == wanted));
      BOOST_TEST(written <= multiple * request.size() + a_little);
    }
  }
}

// Scenario: the same for pipelines that pass on, of every signal. Guarantee: the same of blocks.
BOOST_AUTO_TEST_CASE(blocks_hold_requests_of_any_shape) {
  for (const auto kind : {signal::traces, signal::metrics, signal::logs})
    for (const auto& s : many_shapes(kind)) {
      const auto request = shaped_request(s).make();
      BOOST_TEST_CONTEXT(s) {
        log_group group(1, kind, 1 << 20, {});
        const auto added = group.add(request, 1);
        BOOST_REQUIRE(added);
        found_items found(kind);
        std::size_t written = 0;
        std::size_t items = 0;
        for (auto& block : group.take()) {
          written += block.body.size();
          items += block.header.items;
          BOOST_TEST(block.body.size() <= std::max<std::size_t>(1 << 20, 8 * max_envelope));
          found.add(read_back(block));
        }
        const auto wanted = expected(s, request);
        const auto all =
            s.resources * s.scopes * s.items * (kind == signal::metrics ? s.points : 1);
        BOOST_TEST(items == wanted.size());
        BOOST_TEST(added->items == wanted.size());
        BOOST_TEST(wanted.size() + added->rejected.total() == all);
        BOOST_TEST((found.hashes() == wanted));
        BOOST_TEST(written <= multiple * request.size() + a_little);
      }
    }
}

// Scenario: the same shapes through a processor that adds an attribute to every item. Guarantee: as
// many items as without, in no more bytes than a small multiple of what the processor made.
BOOST_AUTO_TEST_CASE(edited_requests_of_any_shape_are_held) {
  for (const auto kind : {signal::traces, signal::metrics, signal::logs}) {
    const auto edits = marking(kind);
    request_editor editor{otlp::scan_limits{}};
    for (const auto& s : many_shapes(kind)) {
      const auto request = shaped_request(s).make();
      BOOST_TEST_CONTEXT(s) {
        const auto made = editor.edit(edits, kind, request, {}, std::chrono::nanoseconds(0));
        BOOST_REQUIRE(!made.malformed);
        const auto message = made.message.value_or(request);
        const auto wanted = expected(s, request).size();
        log_group group(1, kind, 1 << 20, {});
        const auto left_out = group.add_edited(message, made.items, 1);
        BOOST_TEST(made.items - left_out.total() == wanted);
        std::size_t written = 0;
        std::size_t items = 0;
        for (auto& block : group.take()) {
          written += read_back(block).size();
          items += block.header.items;
        }
        BOOST_TEST(items == wanted);
        BOOST_TEST(written <= multiple * message.size() + a_little);
        if (kind != signal::traces)
          continue;
        entry_group entries(1, 256 << 10, {});
        BOOST_TEST(entries.add_edited(message, made.items, 1) == 0U);
        BOOST_TEST(entries.spans() == wanted);
        written = items = 0;
        for (auto& entry : entries.take()) {
          written += read_back(entry).size();
          items += entry.header.spans;
        }
        BOOST_TEST(items == wanted);
        BOOST_TEST(written <= multiple * message.size() + a_little);
      }
    }
  }
}

// Scenario: 70 MB of logs that do not pack, in one request. Guarantee: blocks that can be read
// back, with every record; a record that no block could hold is rejected, the ones around it are
// there.
BOOST_AUTO_TEST_CASE(what_no_block_can_hold_is_rejected) {
  const shape logs{.kind = signal::logs, .items = 70, .item_bytes = 1'000'000, .noise = true};
  const shape giant{.kind = signal::logs, .item_bytes = codec::largest_block_bytes};
  const auto request = shaped_request(logs).make();
  log_group group(1, signal::logs, 1 << 20, {});
  const auto added = group.add(request + shaped_request(giant).make() + request, 1);
  BOOST_REQUIRE(added);
  BOOST_TEST(added->items == 140U);
  BOOST_TEST(added->rejected.outgrown == 1U);
  found_items found(signal::logs);
  for (auto& block : group.take())
    found.add(read_back(block));
  BOOST_TEST((found.hashes() == expected(logs, request + request)));
}

BOOST_AUTO_TEST_SUITE_END()
