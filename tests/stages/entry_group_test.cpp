#include "stages/entry_group.hpp"

#include "codec/hash.hpp"
#include "otlp/writer.hpp"
#include "stages/log_group.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>

using namespace weir;
using namespace weir::stages;

namespace {

std::string field(int number, std::string_view bytes) {
  std::string out;
  for (std::size_t n : {static_cast<std::size_t>(number) << 3 | 2, bytes.size()}) {
    for (; n >= 128; n >>= 7)
      out.push_back(static_cast<char>(n | 0x80));
    out.push_back(static_cast<char>(n));
  }
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

// -- owners --

// Scenario: random requests of spans of 20 traces, with resources and scopes that have fields which
// this program does not know, and some that fill an entry; half of the partitions are one node's, a
// quarter another's, the rest nobody's (seeds 1 to 50). Guarantee: each entry holds traces of one
// owner alone, and says their partitions; each span is in one entry, as it was and with its resource
// and scope as they were; spans of an owner keep their order; no entry is larger than it may be.
BOOST_AUTO_TEST_CASE(each_entry_has_one_owner) {
  std::vector<node_id> owner_list(partition_count);
  for (std::size_t p = 0; p < partition_count; ++p)
    owner_list[p] = p % 2 == 0 ? 7 : p % 4 == 1 ? 8 : 0;
  const auto owners = std::make_shared<const std::vector<node_id>>(owner_list);
  const auto owner_of = [&](std::string_view trace) {
    return owner_list[codec::partition_of(trace_id::from(trace))];
  };
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    entry_group group(1, 20'000, {});
    group.split_by(owners);
    using sent = std::pair<std::string, std::string>; // Resource and scope; span.
    std::map<node_id, std::vector<sent>> expected, found;
    for (int request = 0; request < 20; ++request) {
      const auto mark = std::to_string(random() % 3);
      const auto resource = field(1, field(1, "")) + field(90, "resource " + mark);
      const auto scope = field(1, field(1, "scope")) + field(91, "scope " + mark);
      std::string spans;
      for (auto left = 1 + random() % 10; left > 0; --left) {
        const std::string trace(16, static_cast<char>('a' + random() % 20));
        const auto body = field(1, trace)
                          + field(2, std::string(8, static_cast<char>('A' + random() % 26)))
                          + field(5, std::string(random() % 500, 'n')) + field(99, "unknown");
        spans += field(2, body);
        expected[owner_of(trace)].emplace_back(resource + scope, body);
      }
      BOOST_REQUIRE(group.add(field(1, resource + field(2, scope + spans)), 1));
    }
    for (const auto& entry : group.take()) {
      BOOST_REQUIRE_EQUAL(entry.partitions.size(), entry.index.traces.size());
      BOOST_REQUIRE_EQUAL(entry.header.slots, entry.index.traces.size());
      BOOST_REQUIRE_LE(entry.unpacked.size(), entry_hard_limit);
      const auto owner = owner_of(entry.index.traces[0].view());
      for (slot s = 0; s < entry.header.slots; ++s) {
        BOOST_REQUIRE_EQUAL(owner_of(entry.index.traces[s].view()), owner);
        BOOST_REQUIRE_EQUAL(entry.partitions[s], codec::partition_of(entry.index.traces[s]));
      }
      otlp::span_index again; // Of what goes to the disk.
      std::string unpacked;
      BOOST_REQUIRE(codec::packer().unpack(entry.header.codec, entry.packed,
                                           entry.header.unpacked_bytes, unpacked));
      BOOST_REQUIRE(otlp::index_traces(unpacked, 0, again));
      BOOST_REQUIRE_EQUAL(again.spans.size(), entry.header.spans);
      for (const auto& span : again.spans) {
        const auto& part = again.groups[span.group];
        std::string envelope;
        for (std::uint32_t i = 0; i < part.resource_slices; ++i)
          envelope += again.slices[part.first_resource_slice + i].in(unpacked);
        for (std::uint32_t i = 0; i < part.scope_slices; ++i)
          envelope += again.slices[part.first_scope_slice + i].in(unpacked);
        found[owner].emplace_back(envelope, std::string(span.body.in(unpacked)));
      }
    }
    BOOST_REQUIRE(found == expected);
  }
}

// Scenario: 4 owners, then 1, then none; many requests of traces of all. Guarantee: entries are cut when
// each owner's is about as large as one is without owners, not sooner.
BOOST_AUTO_TEST_CASE(entries_of_many_owners_are_as_large_as_of_one) {
  constexpr std::size_t wanted = 20'000;
  for (const std::size_t count : {4U, 1U, 0U}) {
    entry_group group(1, wanted, {});
    std::vector<node_id> owners(partition_count);
    for (std::size_t p = 0; p < partition_count; ++p)
      owners[p] = count == 0 ? 0 : 1 + p % count;
    if (count > 0)
      group.split_by(std::make_shared<const std::vector<node_id>>(owners));
    std::mt19937 random(1);
    while (!group.full())
      BOOST_REQUIRE(group.add(request({span(static_cast<char>(random() % 256), '1')}), 5));
    const auto entries = group.take();
    BOOST_TEST(entries.size() == std::max<std::size_t>(count, 1));
    for (const auto& entry : entries)
      BOOST_TEST(entry.unpacked.size() > wanted / 2);
  }
}

// Scenario: owners are known while spans are gathered; later they are not any more. Guarantee: what is
// gathered is split as it is closed; then nothing is split, and no partitions are looked at.
BOOST_AUTO_TEST_CASE(owners_of_when_an_entry_is_closed_count) {
  const auto parts = [](char trace) {
    return codec::partition_of(trace_id::from(std::string(16, trace)));
  };
  auto owners = std::vector<node_id>(partition_count, 7);
  owners[parts('b')] = 8;
  entry_group group(1, 1 << 20, {});
  BOOST_REQUIRE(group.add(request({span('a', '1'), span('b', '2'), span('a', '3')}), 5));
  group.split_by(std::make_shared<const std::vector<node_id>>(owners));
  const auto split = group.take();
  BOOST_REQUIRE(split.size() == 2U);
  for (const auto& entry : split)
    BOOST_TEST(entry.header.first_received == 5U);
  BOOST_REQUIRE(group.add(request({span('a', '1'), span('b', '2')}), 6));
  group.split_by(nullptr);
  const auto whole = group.take();
  BOOST_REQUIRE(whole.size() == 1U);
  BOOST_TEST(whole[0].partitions.empty());
}

BOOST_AUTO_TEST_SUITE_END()
