#include "stages/entry_group.hpp"

#include "otlp/writer.hpp"
#include "stages/log_group.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::stages;

namespace {

std::string field(int number, std::string_view bytes) {
  std::string out(1, static_cast<char>(number << 3 | 2));
  auto n = bytes.size();
  for (; n >= 128; n >>= 7)
    out.push_back(static_cast<char>(n | 0x80));
  out.push_back(static_cast<char>(n));
  return out.append(bytes);
}

std::string span(char trace, char id, std::size_t name_bytes = 10) {
  return field(1, std::string(16, trace)) + field(2, std::string(8, id))
         + field(5, std::string(name_bytes, 'n'));
}

std::string request(const std::vector<std::string>& spans) {
  otlp::traces_writer writer;
  const std::string resource = field(1, "");
  writer.resource(resource);
  writer.scope(std::string_view());
  for (const auto& body : spans)
    writer.span(body);
  std::string out;
  writer.write(out);
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(entry_group_test)

// Scenario: requests of several clients with spans of the same trace. Guarantee: one entry holds all of
// their bytes, the trace is one slot, the packed bytes unpack to the same.
BOOST_AUTO_TEST_CASE(requests_become_one_entry) {
  entry_group group(3, 256 << 10, {});
  const auto first = request({span('a', '1'), span('b', '2')});
  const auto second = request({span('b', '3')});
  BOOST_REQUIRE(group.add(first, 100));
  BOOST_REQUIRE(group.add(second, 200));
  BOOST_TEST(group.spans() == 3U);
  auto entries = group.take();
  BOOST_REQUIRE(entries.size() == 1U);
  const auto& entry = entries[0];
  BOOST_TEST(entry.header.pipeline == 3U);
  BOOST_TEST(entry.header.spans == 3U);
  BOOST_TEST(entry.header.slots == 2U);
  BOOST_TEST(entry.header.first_received == 100U);
  BOOST_TEST(entry.header.last_received == 200U);
  BOOST_TEST(entry.unpacked == first + second);
  std::string back;
  BOOST_REQUIRE(
      codec::packer().unpack(entry.header.codec, entry.packed, entry.header.unpacked_bytes, back));
  BOOST_TEST(back == entry.unpacked);
  BOOST_TEST(group.take().empty());
}

// Scenario: a request that is not OTLP comes between good ones. Guarantee: nothing of it is taken and
// nothing of the others is lost.
BOOST_AUTO_TEST_CASE(a_malformed_request_adds_nothing) {
  entry_group group(1, 256 << 10, {});
  const auto good = request({span('a', '1')});
  BOOST_REQUIRE(group.add(good, 1));
  auto bad = request({span('b', '2'), span('c', '3')});
  bad.resize(bad.size() - 3);
  BOOST_TEST(!group.add(bad, 2));
  BOOST_REQUIRE(group.add(good, 3));
  const auto entries = group.take();
  BOOST_REQUIRE(entries.size() == 1U);
  BOOST_TEST(entries[0].unpacked == good + good);
  BOOST_TEST(entries[0].header.slots == 1U);
}

// Scenario: one span of three has an all-zero trace id. Guarantee: it alone is left out and counted.
BOOST_AUTO_TEST_CASE(rejected_spans_are_left_out) {
  entry_group group(1, 256 << 10, {});
  const auto scanned = group.add(request({span('a', '1'), span('\0', '2'), span('b', '3')}), 1);
  BOOST_REQUIRE(scanned);
  BOOST_TEST(scanned->bad_trace_id == 1U);
  const auto entries = group.take();
  BOOST_REQUIRE(entries.size() == 1U);
  BOOST_TEST(entries[0].header.spans == 2U);
  BOOST_TEST(entries[0].unpacked == request({span('a', '1'), span('b', '3')}));
}

// Scenario: one request of 5 MB. Guarantee: it becomes entries under the hard limit, every span once.
BOOST_AUTO_TEST_CASE(a_large_request_is_cut_by_spans) {
  std::vector<std::string> spans;
  for (int i = 0; i < 50; ++i)
    spans.push_back(span(static_cast<char>('A' + i), '1', 100'000));
  entry_group group(1, 256 << 10, {});
  BOOST_REQUIRE(group.add(request(spans), 1));
  std::size_t found = 0;
  for (const auto& entry : group.take()) {
    BOOST_TEST(entry.unpacked.size() <= entry_hard_limit + 200);
    for (const auto& s : entry.index.spans)
      BOOST_TEST((s.body.in(entry.unpacked) == spans[found++]));
  }
  BOOST_TEST(found == spans.size());
}

// Scenario: what processors left of a request comes between others, and nothing that they left of one.
// Guarantee: it stands there as it is, and is counted as it was said.
BOOST_AUTO_TEST_CASE(what_processors_left_is_added) {
  entry_group group(3, 256 << 10, {});
  const auto good = request({span('a', '1')});
  const auto edited = request({span('b', '2'), span('c', '3', 2)});
  BOOST_REQUIRE(group.add(good, 100));
  group.add_edited(edited, 2, 200);
  group.add_edited("", 0, 300);
  BOOST_TEST(group.spans() == 3U);
  const auto entries = group.take();
  BOOST_REQUIRE(entries.size() == 1U);
  BOOST_TEST(entries[0].unpacked == good + edited);
  BOOST_TEST(entries[0].header.last_received == 200U);
  log_group log(9, signal::traces, 1 << 20, {});
  log.add_edited(edited, 2, 5);
  log.add_edited("", 0, 6);
  const auto blocks = log.take();
  BOOST_REQUIRE(blocks.size() == 1U);
  BOOST_TEST(blocks[0].header.items == 2U);
  BOOST_TEST(blocks[0].body.view() == edited);
  BOOST_TEST(log.take().empty());
}

// Scenario: a pipeline that samples nothing gathers two requests. Guarantee: the block's body is their
// bytes behind each other, and reads back from what goes to the disk.
BOOST_AUTO_TEST_CASE(a_log_group_passes_bytes_on) {
  log_group group(9, signal::traces, 1 << 20, {});
  const auto first = request({span('a', '1')});
  const auto second = request({span('b', '2'), span('\0', '3')});
  BOOST_REQUIRE(group.add(first, 5));
  const auto added = group.add(second, 6);
  BOOST_REQUIRE(added);
  BOOST_TEST(added->items == 1U);
  BOOST_TEST(added->rejected.bad_trace_id == 1U);
  const auto blocks = group.take();
  BOOST_REQUIRE(blocks.size() == 1U);
  BOOST_TEST(blocks[0].header.items == 2U);
  BOOST_TEST(blocks[0].body.view() == first + request({span('b', '2')}));
  const auto view = codec::read_block(blocks[0].bytes);
  BOOST_REQUIRE(view);
  std::string body;
  BOOST_REQUIRE(
      codec::packer().unpack(view->header.codec, view->payload, view->header.unpacked_bytes, body));
  BOOST_TEST(body == blocks[0].body.view());
}

BOOST_AUTO_TEST_SUITE_END()
