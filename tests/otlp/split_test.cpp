#include "otlp/split.hpp"

#include "generator.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

using namespace weir;
using namespace weir::otlp;

namespace {

std::string joined(const span_index& index, std::uint32_t first, std::uint32_t count,
                   std::string_view message) {
  std::string all;
  for (auto i = first; i < first + count; ++i)
    all += index.slices[i].in(message);
  return all;
}

/// A span with its trace and all that it stands in.
std::string picture(const span_index& index, const span_ref& span, std::string_view message) {
  const auto& group = index.groups[span.group];
  return joined(index, group.first_resource_slice, group.resource_slices, message) + "|"
         + joined(index, group.first_scope_slice, group.scope_slices, message) + "|"
         + std::string(index.traces[span.slot].view()) + "|" + std::string(span.body.in(message));
}

std::vector<std::string> pictures(const span_index& index, std::string_view message) {
  std::vector<std::string> all;
  for (const auto& span : index.spans)
    all.push_back(picture(index, span, message));
  return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(split_test)

// Scenario: messages of the whole schema, several behind each other, whose traces go to 1 to 5 parts at
// random (seeds 1 to 300). Guarantee: each span is in the part of its trace, in order, as it was and
// with its resource and scope as they were; each index is the one that reading the part gives; scopes
// of one resource stay in one; an empty part is no bytes.
BOOST_AUTO_TEST_CASE(parts_are_the_whole) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    otlp::test::generator made(seed);
    std::mt19937_64 random(seed);
    std::string message;
    span_index index;
    for (auto left = 1 + random() % 4; left > 0; --left) {
      const auto next = made.message(message_id::traces_data, 6);
      if (index_traces(next, static_cast<std::uint32_t>(message.size()), index))
        message += next;
    }
    const auto count = 1 + random() % 5;
    std::vector<std::uint32_t> part_of;
    for (std::size_t s = 0; s < index.traces.size(); ++s)
      part_of.push_back(static_cast<std::uint32_t>(random() % count));
    std::vector<std::vector<std::string>> expected(count);
    for (const auto& span : index.spans)
      expected[part_of[span.slot]].push_back(picture(index, span, message));
    const auto parts = split(message, index, part_of, count);
    BOOST_REQUIRE_EQUAL(parts.size(), count);
    for (std::size_t p = 0; p < count; ++p) {
      const auto& part = parts[p];
      span_index again;
      BOOST_REQUIRE(index_traces(part.message, 0, again));
      BOOST_REQUIRE(pictures(again, part.message) == expected[p]);
      BOOST_REQUIRE(pictures(part.index, part.message) == expected[p]);
      BOOST_REQUIRE(part.index.traces == again.traces);
      BOOST_REQUIRE_EQUAL(part.index.groups.size(), again.groups.size());
      for (std::size_t i = 0; i < again.spans.size(); ++i) {
        BOOST_REQUIRE_EQUAL(part.index.spans[i].slot, again.spans[i].slot);
        BOOST_REQUIRE_EQUAL(part.index.spans[i].group, again.spans[i].group);
        BOOST_REQUIRE_EQUAL(part.index.spans[i].body.offset, again.spans[i].body.offset);
      }
      BOOST_REQUIRE_EQUAL(part.message.empty(), expected[p].empty());
      BOOST_REQUIRE_LE(part.message.size(), message.size());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
