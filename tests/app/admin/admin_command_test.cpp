#include "app/admin/messages.hpp"
#include "app/admin/node_admin.hpp"
#include "app/admin/node_session.hpp"
#include "app/command_line.hpp"
#include "app/exit_code.hpp"
#include "tests/support/temporary_directory.hpp"
#include "views.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>

BOOST_AUTO_TEST_SUITE(admin_command_test)

using namespace weir;
using namespace weir::app;

namespace {

struct outcome {
  int code = 0;
  std::string out, err;
};

outcome weir_does(const std::string& command, const node_arguments& given,
                  const std::vector<std::string>& more = {}) {
  std::vector<std::string> words{"weir"};
  std::istringstream parts(command);
  for (std::string part; parts >> part;)
    words.push_back(part);
  words.insert(words.end(), more.begin(), more.end());
  for (const auto& [option, value] : {std::pair{"--endpoint", given.endpoint},
                                      {"--token", given.token},
                                      {"--token-file", given.token_file},
                                      {"--cert-file", given.cert_file},
                                      {"--output", given.output}})
    if (!value.empty())
      words.insert(words.end(), {option, value});
  std::vector<const char*> arguments;
  for (const auto& word : words)
    arguments.push_back(word.c_str());
  std::ostringstream out, err;
  const auto code =
      command_line(static_cast<int>(arguments.size()), arguments.data(), {out, err, {}});
  return {code, out.str(), err.str()};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

/// A node that has not started yet, and what is seen of its cluster.
struct shown_node {
  explicit shown_node(const std::string& token = "") {
    node_config config;
    config.admin.server.endpoint = "127.0.0.1:0";
    config.admin.server.token = token;
    config.admin.endpoint_given = true;
    auto started = node_admin::start(config);
    BOOST_REQUIRE(started);
    admin = std::move(*started);
    given.endpoint = admin->endpoint();
  }

  void join(cluster::cluster_view view) {
    admin->attach(nullptr, cluster_access{[view] { return view; },
                                          [view](node_id id) -> result<void> {
                                            if (id != view.members.front().info.id)
                                              return fail(errc::unsupported,
                                                          "ask that node itself");
                                            return {};
                                          }});
  }

  std::unique_ptr<node_admin> admin;
  node_arguments given;
};

} // namespace

// Scenario: a node without a cluster. Guarantee: its status, that it is alone, that there is nothing
// to leave.
BOOST_AUTO_TEST_CASE(a_single_node_is_shown) {
  const shown_node node;
  const auto status = weir_does("status", node.given);
  BOOST_TEST(status.code == done);
  BOOST_TEST(contains(status.out, "this node is starting: clients are not served"));
  BOOST_TEST(contains(weir_does("members", node.given).out, "This node is alone"));
  const auto left = weir_does("leave", node.given);
  BOOST_TEST(left.code == not_available);
  BOOST_TEST(left.err == "Error: this node is alone: there is no cluster to leave\n");
}

// Scenario: a cluster of three, as tables and as JSON. Guarantee: both have its members.
BOOST_AUTO_TEST_CASE(a_cluster_is_shown) {
  shown_node node;
  node.join(app::test::cluster_of(3));
  BOOST_TEST(contains(weir_does("status", node.given).out, "Cluster weir: 3 up"));
  BOOST_TEST(contains(weir_does("members", node.given).out, "10.0.0.3:4320"));
  node.given.output = "json";
  const auto members = weir_does("members", node.given);
  BOOST_TEST(contains(members.out, "\"address\": \"10.0.0.3:4320\""));
  BOOST_TEST(contains(members.out, "\"suspected\": false"));
  BOOST_TEST(contains(weir_does("status", node.given).out, "\"open_slots\": \"1200\""));
}

// Scenario: `weir leave`, of this node, of another, of nobody; looked on until it has left.
// Guarantee: told, or why not; 0 only when that was done which was asked for.
BOOST_AUTO_TEST_CASE(nodes_are_told_to_leave) {
  shown_node node;
  auto view = app::test::cluster_of(3);
  node.join(view);
  const auto told = weir_does("leave", node.given);
  BOOST_TEST((told.code == done && contains(told.out, "it was told to leave")));
  BOOST_TEST(weir_does("leave node-2", node.given).err == "Error: ask that node itself\n");
  const auto nobody = weir_does("leave node-7", node.given);
  BOOST_TEST((nobody.code == failed && contains(nobody.err, "no member is called `node-7`")));
  view.members[0].info.state = cluster::member_state::left;
  node.join(view);
  const auto left = weir_does("leave --watch", node.given);
  BOOST_TEST((left.code == done && left.out == "node 0000000000001001 has left\n"));
  view.members[0].info.state = cluster::member_state::down;
  node.join(view);
  BOOST_TEST(weir_does("leave --watch", node.given).code == not_available);
}

// Scenario: a command of the whole cluster to a node that has not started. Guarantee: 69, and why.
BOOST_AUTO_TEST_CASE(a_node_that_starts_says_so) {
  const shown_node node;
  const auto listed = weir_does("exporters list", node.given);
  BOOST_TEST((listed.code == not_available && contains(listed.err, "the node starts or stops")));
}

// Scenario: a node with a token, the token given, in a file, wrong, missing. Guarantee: let in, or
// told which option is missing.
BOOST_AUTO_TEST_CASE(tokens_are_said) {
  const weir::test::temporary_directory directory;
  std::ofstream(directory.file("token")) << "\n s3cret \n";
  shown_node node("s3cret");
  const auto refused = weir_does("status", node.given);
  BOOST_TEST((refused.code == not_available && contains(refused.err, "--token-file")));
  node.given.token_file = directory.file("token");
  BOOST_TEST(weir_does("status", node.given).code == done);
  node.given.token = "s3cret";
  BOOST_TEST(weir_does("status", node.given).code == wrong_usage);
  node.given.token_file = "";
  BOOST_TEST(weir_does("status", node.given).code == done);
  node.given.token = "";
  node.given.token_file = directory.file("nothing");
  BOOST_TEST(weir_does("status", node.given).code == not_available);
}

// Scenario: arguments that cannot be meant. Guarantee: 2, before anything is sent: above all no token
// in plain text.
BOOST_AUTO_TEST_CASE(misuse_is_said) {
  BOOST_TEST(weir_does("status", {.endpoint = "13134"}).code == wrong_usage);
  const auto plain = weir_does("status", {.endpoint = "10.255.255.1:1", .token = "s3cret"});
  BOOST_TEST(plain.code == wrong_usage);
  BOOST_TEST((contains(plain.err, "plain text") && !contains(plain.err, "s3cret")));
  BOOST_TEST(weir_does("status", {.cert_file = "c"}).code == wrong_usage);
}

// Scenario: nobody answers; a port that is taken, by default and as configured. Guarantee: 69 and a
// sentence; a second node starts without its default port, and does not start without one that was
// asked for.
BOOST_AUTO_TEST_CASE(ports_are_taken_or_free) {
  shown_node node;
  node_config second;
  second.admin.server.endpoint = node.given.endpoint;
  second.admin.endpoint_given = true;
  const auto refused = node_admin::start(second);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().message.find("admin: " + node.given.endpoint) == 0u);
  second.admin.endpoint_given = false;
  const auto without = node_admin::start(second);
  BOOST_REQUIRE(without);
  BOOST_TEST((*without)->endpoint() == "");
  node.admin.reset();
  const auto nobody = weir_does("status", node.given);
  BOOST_TEST(nobody.code == not_available);
  BOOST_TEST(nobody.err.find("Error: nobody answers at " + node.given.endpoint) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
