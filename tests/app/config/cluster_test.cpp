#include "support.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

BOOST_AUTO_TEST_SUITE(cluster_test)

using namespace weir::app;

namespace {

using test::bad_case;

const std::string plain = ", tls: {insecure: true}}";

bad_case name_case(const std::string& option, const std::string& name, std::size_t longest) {
  return {fmt::format("cluster: {{{}: {}{}", option, name, plain),
          fmt::format("f:4:{}: cluster.{}: found `{}`, expected at most {} letters, digits, `-`, "
                      "`_` and `.`",
                      13 + option.size(), option, name, longest)};
}

// One fault a block; the message is the whole of what is said.
const std::vector<bad_case> one_fault{
    {"cluster: [a]", "f:4:10: cluster: found a list, expected a map"},
    {"cluster: {nam: x, listen: \"127.0.0.1:1\"}",
     "f:4:11: cluster.nam: found an unknown option (did you mean `name`?)"},
    {"cluster: {copies: 2, listen: \"127.0.0.1:1\"}",
     "f:4:19: cluster.copies: found the number `2`, expected `1`: a second copy is not there yet"},
    name_case("name", "a b", 64),
    name_case("zone", "z+1", 64),
    name_case("node", "a/b", 253),
    {"cluster: {listen: \"4320\"}", "f:4:19: cluster.listen: found `4320`, expected host:port "
                                    "such as `0.0.0.0:4320`"},
    {"cluster: {advertise: \"0.0.0.0:4320\"" + plain,
     "f:4:22: cluster.advertise: found `0.0.0.0:4320`, expected host:port such as "
     "`10.0.0.1:4320`, by which other nodes reach this one"},
    {"cluster: {advertise: \"h:0\"" + plain,
     "f:4:22: cluster.advertise: found `h:0`, expected host:port such as `10.0.0.1:4320`, by "
     "which other nodes reach this one"},
    {"cluster: {join: [\"a:1\", \"b\"]" + plain,
     "f:4:25: cluster.join[1]: found `b`, expected host:port such as `10.0.0.1:4320`, or `dns://` "
     "and the same where a name stands for several nodes"},
    {"cluster: {join: [\"http://a:1\"]" + plain,
     "f:4:18: cluster.join[0]: found `http://a:1`, expected host:port such as `10.0.0.1:4320`, or "
     "`dns://` and the same where a name stands for several nodes"},
    {"cluster: {join: \"dns://:4320\"" + plain,
     "f:4:17: cluster.join[0]: found `dns://:4320`, expected host:port such as `10.0.0.1:4320`, or "
     "`dns://` and the same where a name stands for several nodes"},
    {"cluster: {down_after: 3s" + plain,
     "f:4:23: cluster.down_after: found 3s, expected more than the 3s of `suspect_after`"},
    {"cluster: {suspect_after: 1s" + plain,
     "f:4:26: cluster.suspect_after: found 1s, expected at least twice the 1s of "
     "`gossip_interval`"},
    {"cluster: {}",
     "f:4:10: cluster.tls: found plain text on `0.0.0.0:4320`, which is not loopback, expected "
     "`cert_file`, `key_file` and `ca_file`, or `insecure: true` where the network itself is to "
     "be trusted"},
    {"cluster: {tls: {cert_file: a, key_file: b}}",
     "f:4:16: cluster.tls: found a part of `cert_file`, `key_file` and `ca_file`, expected all "
     "three: nodes check each other"},
    {"cluster: {tls: {cert_file: a, key_file: b, ca_file: c, insecure: true}}",
     "f:4:66: cluster.tls.insecure: found `true` beside certificates, expected one of them"},
    // -- admin --
    {"admin: {endpoint: \"0.0.0.0:13134\"}",
     "f:4:19: admin.endpoint: found `0.0.0.0:13134`, which is not loopback, expected `tls` and "
     "`token` or `token_file` as well: who reaches it may end the node"},
    {"admin: {endpoint: \"h:1\", token: secret}",
     "f:4:19: admin.endpoint: found `h:1`, which is not loopback, expected `tls` as well: who "
     "reaches it may end the node"},
    {"admin: {endpoint: \"h:1\", tls: {cert_file: a, key_file: b}}",
     "f:4:19: admin.endpoint: found `h:1`, which is not loopback, expected `token` or "
     "`token_file` as well: who reaches it may end the node"},
    {"admin: {token: a, token_file: b}",
     "f:4:31: admin.token_file: it is given twice, as a file and as text: expected one of them"},
    {"admin: {tls: {cert_file: a}}", "f:4:14: admin.tls.key_file: found nothing, expected text"},
};

loaded_config good(const std::string& body, std::vector<std::string> seeds = {}) {
  const config_source source{"f", test::minimal(body + "\n")};
  auto loaded = load_config(std::span(&source, 1), test::variables(), spelling::lenient, seeds);
  BOOST_REQUIRE_MESSAGE(loaded, body);
  return *std::move(loaded);
}

std::vector<std::string> errors_with(const std::string& body, std::vector<std::string> seeds) {
  const config_source source{"f", test::minimal(body)};
  const auto loaded =
      load_config(std::span(&source, 1), test::variables(), spelling::lenient, seeds);
  std::vector<std::string> lines;
  if (!loaded)
    for (const auto& one : loaded.error().errors)
      lines.push_back(to_text(one, loaded.error().sources));
  return lines;
}

} // namespace

// Scenario: a `cluster` or `admin` with one fault. Guarantee: exactly one error, with place, path,
// what was found and what was expected.
BOOST_DATA_TEST_CASE(each_fault_has_its_message, one_fault, sample) {
  BOOST_TEST(test::errors_of(test::minimal(sample.text + "\n")) == std::vector{sample.message},
             boost::test_tools::per_element());
}

// Scenario: no block at all, and one with nothing in it but what lets it be plain text. Guarantee: a
// single node; the defaults of the settings.
BOOST_AUTO_TEST_CASE(a_node_is_alone_without_the_block) {
  BOOST_TEST(!good("").config.cluster.has_value());
  weir::cluster::cluster_settings expected;
  expected.tls.insecure = true;
  const auto loaded = good("cluster: {tls: {insecure: true}}");
  BOOST_REQUIRE(loaded.config.cluster.has_value());
  BOOST_TEST((*loaded.config.cluster == expected));
  BOOST_TEST(!good("").config.admin.endpoint_given);
  BOOST_TEST(good("admin: {endpoint: \"localhost:0\"}").config.admin.endpoint_given);
}

// Scenario: everything set. Guarantee: it is taken, and print-config gives what reads as the same.
BOOST_AUTO_TEST_CASE(everything_is_taken_and_printed) {
  const auto loaded =
      good("cluster: {name: c, node: n-1, listen: \"[::1]:1\", advertise: \"h.example:2\", "
           "join: [\"a:1\", \"DNS://b:2\"], zone: z, copies: 1, suspect_after: 4s, down_after: 8s, "
           "join_timeout: 9s, gossip_interval: 500ms, leave_on_stop: true, progress_retention: 2d, "
           "tls: {cert_file: a, key_file: b, ca_file: c, reload_interval: 5s}}");
  BOOST_REQUIRE(loaded.config.cluster.has_value());
  const auto& cluster = *loaded.config.cluster;
  BOOST_TEST((cluster.join == std::vector<std::string>{"a:1", "DNS://b:2"}));
  BOOST_TEST((cluster.leave_on_stop && cluster.progress_retention == std::chrono::hours(48)));
  const config_source printed{"f", print_document(loaded.source)};
  const auto again = load_config(std::span(&printed, 1), test::variables());
  BOOST_REQUIRE(again);
  BOOST_TEST((again->config.cluster == loaded.config.cluster));
}

// Scenario: names as long as they may be, and longer. Guarantee: taken; refused.
BOOST_AUTO_TEST_CASE(names_are_bounded) {
  for (const auto& [option, longest] : {std::pair{"name", 64}, {"zone", 64}, {"node", 253}})
    for (const int more : {0, 1}) {
      const auto name = std::string(static_cast<std::size_t>(longest + more), 'n');
      const auto body = fmt::format("cluster: {{{}: {}{}\n", option, name, plain);
      BOOST_TEST(test::errors_of(test::minimal(body)).size() == static_cast<unsigned>(more), body);
    }
}

// Scenario: plain text on every spelling of loopback. Guarantee: nobody has to ask for it.
BOOST_AUTO_TEST_CASE(loopback_may_be_plain) {
  for (const auto* listen : {"127.0.0.1:0", "127.1.2.3:4320", "localhost:1", "[::1]:1"})
    BOOST_TEST(good(fmt::format("cluster: {{listen: \"{}\"}}", listen)).config.cluster.has_value());
  for (const auto* listen : {"127.example:1", "10.0.0.1:1", ":1", "[::]:1"})
    BOOST_TEST(
        test::errors_of(test::minimal(fmt::format("cluster: {{listen: \"{}\"}}\n", listen))).size()
            == 1u,
        listen);
}

// Scenario: `weir run --join` with a block, with a join in either spelling, without a block.
// Guarantee: the addresses come behind those of the file; a block is made where there is none, with
// its defaults and its checks.
BOOST_AUTO_TEST_CASE(the_command_line_adds_seeds) {
  using texts = std::vector<std::string>;
  const auto seeds_of = [](const std::string& join, const texts& seeds) {
    return good("cluster: {listen: \"127.0.0.1:0\"" + join + "}", seeds).config.cluster->join;
  };
  BOOST_TEST((seeds_of("", {"a:1"}) == texts{"a:1"}));
  BOOST_TEST(
      (seeds_of(", join: [\"b:1\"]", {"a:1", "dns://c:1"}) == texts{"b:1", "a:1", "dns://c:1"}));
  BOOST_TEST((seeds_of(", join: \"b:1, c:1\"", {"a:1"}) == texts{"b:1", "c:1", "a:1"}));
  BOOST_TEST(
      (good("cluster: {tls: {insecure: true}}", {"a:1"}).config.cluster->join == texts{"a:1"}));
  const auto made = errors_with("", {"a:1"});
  BOOST_REQUIRE_EQUAL(made.size(), 1u);
  BOOST_TEST(made[0].find("--join: cluster.tls: found plain text on `0.0.0.0:4320`") == 0u,
             made[0]);
  const auto wrong = errors_with("cluster: {listen: \"127.0.0.1:0\"}\n", {"a:1", "5"});
  BOOST_REQUIRE_EQUAL(wrong.size(), 1u);
  BOOST_TEST(wrong[0].find("--join: cluster.join[1]: found `5`, expected host:port") == 0u,
             wrong[0]);
}

BOOST_AUTO_TEST_SUITE_END()
