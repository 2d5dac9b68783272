#include "processors/carry.hpp"

#include "otlp/carried.hpp"
#include "tests/editing/apply.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir;
using namespace weir::processors;
using namespace weir::editing::test;

const std::string one = R"([{"resource":{"attributes":[{"key":"a","value":{"intValue":"1"}}]},)"
                        R"("scopeSpans":[{"spans":[{"name":"n"}]}]}])";
const std::string without_resource = R"([{"scopeSpans":[{"spans":[{"name":"m"}]}]}])";

request_context from(const std::string& tenant) {
  request_context request;
  request.metadata = {{"x-tenant", tenant}, {"x-other", "o"}};
  request.auth = {{"username", "ann"}};
  return request;
}

struct taken {
  otlp::carried carried;
  std::string bare;
};
taken take(const std::string& message) {
  taken result;
  result.carried = otlp::take_carried(message, result.bare);
  return result;
}

const auto uut = make_carry({"auth.username", "metadata.x-tenant"});

} // namespace

BOOST_AUTO_TEST_SUITE(carry_test)

// Scenario: a request with headers, of a resource with attributes and of one that is not written.
// Guarantee: the values asked for come out again, nothing else, and the rest is as it was; JSON and
// so processors do not show them.
BOOST_AUTO_TEST_CASE(what_is_put_in_comes_out) {
  for (const auto& text : {one, without_resource}) {
    const auto message = traces(text);
    const auto edited = edited_by(uut, message, signal::traces, from("blue"));
    BOOST_TEST(edited != message);
    const auto [carried, bare] = take(edited);
    BOOST_TEST(carried.any);
    BOOST_TEST(!carried.mixed);
    BOOST_TEST((carried.values
                == otlp::carried_values{{"auth.username", "ann"}, {"metadata.x-tenant", "blue"}}));
    BOOST_TEST(json(bare) == json(edited));
    BOOST_TEST(edited.find("blue") != edited.npos);
    BOOST_TEST(bare.find("blue") == bare.npos);
    BOOST_TEST((text == one ? bare == message : bare.size() > message.size()));
  }
}

// Scenario: requests of two clients behind each other, of one twice, one that said nothing.
// Guarantee: only those that said the same are not mixed.
BOOST_AUTO_TEST_CASE(clients_are_told_apart) {
  const auto blue = edited_by(uut, traces(one), signal::traces, from("blue"));
  const auto green = edited_by(uut, traces(one), signal::traces, from("green"));
  BOOST_TEST(!take(blue + blue).carried.mixed);
  BOOST_TEST(take(blue + green).carried.mixed);
  BOOST_TEST(take(traces(one) + green).carried.mixed);
  BOOST_TEST(take(traces(one) + green).bare == traces(one) + traces(one));
  const auto nothing = take(traces(one));
  BOOST_TEST(!nothing.carried.any);
  BOOST_TEST(nothing.bare.empty());
}

// Scenario: a client fills in the field itself.
// Guarantee: what it claims is gone, whether it says the header or not.
BOOST_AUTO_TEST_CASE(clients_cannot_claim_it) {
  const auto forged = edited_by(uut, traces(one), signal::traces, from("admin"));
  BOOST_TEST(edited_by(uut, forged, signal::traces, {}) == traces(one));
  BOOST_TEST((take(edited_by(uut, forged, signal::traces, from("blue"))).carried.values[1].second
              == "blue"));
}

BOOST_AUTO_TEST_SUITE_END()
