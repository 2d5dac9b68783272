#include "support.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

// Headers of clients that exporters send on.
BOOST_AUTO_TEST_SUITE(carried_test)

using namespace weir::app;

namespace {

std::string with_setter(const std::string& header, const std::string& receiver = "") {
  return fmt::format("receivers: {{otlp: {{protocols: {{grpc: {{{}}}}}}}, otlp/b: {{protocols: "
                     "{{http: {{}}}}}}}}\n"
                     "extensions: {{headers_setter: {{headers: [{{key: T, {}}}]}}}}\n"
                     "exporters: {{nop: , otlphttp: {{endpoint: 'http://a', auth: {{authenticator: "
                     "headers_setter}}}}}}\n"
                     "service:\n  extensions: [headers_setter]\n  pipelines:\n"
                     "    traces: {{receivers: [otlp], exporters: [otlphttp, nop]}}\n"
                     "    logs: {{receivers: [otlp/b], exporters: [nop]}}\n",
                     receiver, header);
}

} // namespace

// Scenario: a header from the client's, one from its authenticator, one with a value. Guarantee:
// only the pipelines of such exporters carry something, and only their receivers keep the header.
BOOST_AUTO_TEST_CASE(pipelines_carry_what_their_exporters_send_on) {
  const auto carries = [](const std::string& header, std::vector<std::string> keys) {
    const auto loaded =
        load_config(with_setter(header, "include_metadata: true"), test::variables());
    BOOST_REQUIRE(loaded);
    const auto& c = loaded->config;
    BOOST_REQUIRE_EQUAL(c.pipelines.size(), 2u);
    BOOST_TEST(c.receivers[0].listeners[0].metadata_keys == keys, boost::test_tools::per_element());
    BOOST_TEST(c.receivers[1].listeners[0].metadata_keys.empty());
    BOOST_TEST(c.pipelines[1].edits_before.empty());
    return c.pipelines[0].edits_before.size() == 1;
  };
  BOOST_TEST(carries("from_context: X-Tenant", {"x-tenant"}));
  BOOST_TEST(carries("from_attribute: username", {}));
  BOOST_TEST(!carries("value: blue", {}));
}

// Scenario: a receiver without `include_metadata`. Guarantee: a warning that names the header.
BOOST_AUTO_TEST_CASE(receivers_have_to_keep_headers) {
  const auto loaded = load_config(with_setter("from_context: X-Tenant"), test::variables());
  BOOST_REQUIRE(loaded);
  const auto warnings = test::but_for_storage(loaded->warnings);
  BOOST_REQUIRE_EQUAL(warnings.size(), 1u);
  BOOST_TEST(warnings[0].path == "receivers.otlp");
  BOOST_TEST(warnings[0].message.find("the header `x-tenant`") != std::string::npos);
}

// Scenario: no source, two of them, a default beside a value. Guarantee: an error at the header.
BOOST_AUTO_TEST_CASE(sources_are_one) {
  for (const auto* header : {"action: insert", "value: a, from_context: b",
                             "from_context: a, from_attribute: b", "value: a, default_value: b"}) {
    const auto errors = test::errors_of(with_setter(header));
    BOOST_REQUIRE_EQUAL(errors.size(), 1u);
    BOOST_TEST(errors[0].find("extensions.headers_setter.headers[0]") != std::string::npos,
               errors[0]);
  }
}

BOOST_AUTO_TEST_SUITE_END()
