#include "otlp/schema.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

namespace {

using namespace weir;
using namespace weir::otlp;

} // namespace

BOOST_AUTO_TEST_SUITE(schema_test)

// Scenario: every message of the table.
// Guarantee: fields by rising number, at most 16 (to_json's arrays), names and JSON names once, a
// sub-message where and only where the kind says so, an enum likewise, one oneof's members side by
// side.
BOOST_AUTO_TEST_CASE(the_table_is_consistent) {
  for (std::size_t i = 1; i < message_count; ++i) {
    const auto& m = info(static_cast<message_id>(i));
    BOOST_TEST_CONTEXT(m.name) {
      BOOST_TEST(!m.fields.empty());
      BOOST_TEST(m.fields.size() <= 16U);
      std::set<std::string> names;
      std::uint32_t before = 0;
      for (const auto& f : m.fields) {
        BOOST_TEST(f.number > before);
        before = f.number;
        BOOST_TEST((f.number < 32 || f.old_form));
        BOOST_TEST(names.insert(f.json_name).second);
        BOOST_TEST((f.kind == field_kind::message) == (f.message != message_id::none));
        BOOST_TEST((f.kind == field_kind::enumeration) == (f.enumeration != enum_id::none));
        BOOST_TEST(m.find(f.number) == &f);
        BOOST_TEST(m.find_json(f.json_name) == &f);
        BOOST_TEST(m.find_json(f.name) == &f);
      }
    }
  }
}

// Scenario: names and aliases that clients use.
// Guarantee: found in either casing; the empty key and unknown ones are not.
BOOST_AUTO_TEST_CASE(fields_are_found_by_their_json_names) {
  const auto& span = info(message_id::span);
  BOOST_TEST(span.find_json("startTimeUnixNano")->number == 7);
  BOOST_TEST(span.find_json("start_time_unix_nano")->number == 7);
  BOOST_TEST(span.find_json("StartTimeUnixNano") == nullptr);
  BOOST_TEST(span.find_json("") == nullptr);
  const auto& scope = info(message_id::scope_spans);
  BOOST_TEST(scope.find_json("instrumentationLibrary")->number == 1);
  BOOST_TEST(scope.find_json("instrumentation_library")->number == 1);
  BOOST_TEST(info(message_id::resource_spans).find_json("instrumentationLibrarySpans")->number
             == 1000);
  BOOST_TEST(span.find(17) == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
