#include "net/admin/server.hpp"

#include "net/admin/client.hpp"
#include "tests/support/temporary_directory.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <thread>

BOOST_AUTO_TEST_SUITE(admin_server_test)

using namespace weir;
using namespace weir::net;

namespace {

/// Tells what it is told to; a node leaves in three looks.
struct scripted_source final : admin_source {
  admin::v1::StatusResponse status() override {
    admin::v1::StatusResponse answer;
    answer.mutable_node()->set_name("alpha");
    return answer;
  }
  std::optional<admin::v1::Cluster> cluster() override {
    admin::v1::Cluster cluster;
    auto& member = *cluster.add_members();
    member.set_id("ab");
    member.set_self(true);
    const auto look = looks++;
    member.set_state(!leaves ? "up" : look < 3 || stays ? "leaving" : "left");
    cluster.set_leaving(leaves ? 0.5 : 0);
    return cluster;
  }
  result<std::string> leave(const std::string& node) override {
    if (node == "nobody")
      return fail(errc::not_found, "no member is called `nobody`");
    if (node == "alone")
      return fail(errc::unsupported, "there is no cluster");
    leaves = true;
    return "ab";
  }

  std::atomic<int> looks{0};
  std::atomic<bool> leaves{false};
  std::atomic<bool> stays{false}; ///< It never comes to an end.
};

struct served {
  explicit served(admin_config config = {}) {
    config.endpoint = "localhost:0";
    auto started = admin_server::start(config, source);
    BOOST_REQUIRE_MESSAGE(started, started.error().message);
    server = std::move(*started);
  }

  admin_client client(admin_client_config config = {}) const {
    config.endpoint = server->endpoint();
    auto made = admin_client::make(config);
    BOOST_REQUIRE(made);
    return std::move(*made);
  }

  scripted_source source;
  std::unique_ptr<admin_server> server;
};

admin_client_config with_token(const std::string& token) {
  admin_client_config config;
  config.token = token;
  return config;
}

void write(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

/// server (for localhost) and client, signed by ca; a stranger.
struct certificates {
  certificates() {
    make("ca", "");
    make("stranger", "");
    for (const auto* name : {"server", "client"})
      make(name, fmt::format("-CA {0}/ca.crt -CAkey {0}/ca.key", directory.path()));
  }
  void make(const std::string& name, const std::string& issuer) const {
    const auto command =
        fmt::format("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
                    "-days 2 -subj /CN={0} -addext subjectAltName=DNS:localhost {1} "
                    "-keyout {2}/{0}.key -out {2}/{0}.crt 2>{2}/openssl.log",
                    name, issuer, directory.path());
    BOOST_REQUIRE(std::system(command.c_str()) == 0);
  }
  std::string path(const std::string& file) const { return directory.file(file); }
  admin_tls_config server() const {
    admin_tls_config config;
    config.cert_file = path("server.crt");
    config.key_file = path("server.key");
    return config;
  }

  test::temporary_directory directory;
};

} // namespace

// Scenario: every call to a node that lets everyone in. Guarantee: the source's answers.
BOOST_AUTO_TEST_CASE(calls_are_answered) {
  const served node;
  auto client = node.client();
  const auto status = client.status();
  BOOST_REQUIRE(status);
  BOOST_TEST(status->node().name() == "alpha");
  const auto members = client.members();
  BOOST_REQUIRE(members);
  BOOST_TEST(members->cluster().members(0).id() == "ab");
}

// Scenario: a node is told to leave, and looked on until it has left; another caller only tells it.
// Guarantee: the states on the way, the last marked; a caller that goes is no error.
BOOST_AUTO_TEST_CASE(leaving_is_told_to_the_end) {
  served node;
  auto client = node.client();
  std::vector<std::string> states;
  bool finished = false;
  const auto told = client.leave("", [&](const auto& progress) {
    states.push_back(progress.state());
    finished = progress.done();
    return true;
  });
  BOOST_REQUIRE(told);
  BOOST_TEST(finished);
  BOOST_TEST((states == std::vector<std::string>{"leaving", "leaving", "leaving", "left"}));
  node.source.stays = true;
  BOOST_TEST(client.leave("ab", [](const auto&) { return false; }).has_value());
}

// Scenario: what cannot leave. Guarantee: the source's words, by kind.
BOOST_AUTO_TEST_CASE(what_cannot_leave_is_said) {
  const served node;
  auto client = node.client();
  const auto nobody = client.leave("nobody", [](const auto&) { return true; });
  BOOST_TEST((nobody.error().code == errc::not_found));
  BOOST_TEST(nobody.error().message == "no member is called `nobody`");
  BOOST_TEST(
      (client.leave("alone", [](const auto&) { return true; }).error().code == errc::unsupported));
}

// Scenario: five callers look on while a node leaves. Guarantee: four do, the fifth is told to come
// again; when the node ends, all callers hear of it.
BOOST_AUTO_TEST_CASE(lookers_are_bounded) {
  auto node = std::make_optional<served>();
  node->source.stays = true;
  std::atomic<int> looking{0}, failed{0};
  std::vector<std::jthread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&, client = node->client()]() mutable {
      bool first = true;
      const auto told = client.leave("", [&](const auto&) {
        if (std::exchange(first, false))
          looking.fetch_add(1), looking.notify_all();
        return true;
      });
      failed += !told && told.error().code == errc::unavailable ? 1 : 0;
    });
  for (auto seen = looking.load(); seen < 4; seen = looking.load())
    looking.wait(seen);
  const auto fifth = node->client().leave("", [](const auto&) { return true; });
  BOOST_REQUIRE(!fifth);
  BOOST_TEST(fifth.error().message.find("others look on already") != std::string::npos);
  node.reset();
  callers.clear();
  BOOST_TEST(failed == 4);
}

// Scenario: a node with a token, given or in a file; callers with none, a wrong one, the right one.
// Guarantee: the last alone is answered, every call is asked for it.
BOOST_AUTO_TEST_CASE(tokens_are_demanded) {
  const test::temporary_directory directory;
  write(directory.file("token"), "s3cret\n");
  admin_config given, in_file;
  given.token = "s3cret";
  in_file.token_file = directory.file("token");
  for (const auto& config : {given, in_file}) {
    const served node(config);
    BOOST_TEST(node.client(with_token("s3cret")).status().has_value());
    for (const auto* token : {"", "wrong"}) {
      auto client = node.client(with_token(token));
      BOOST_TEST((client.status().error().code == errc::unsupported));
      BOOST_TEST((client.members().error().code == errc::unsupported));
      BOOST_TEST(
          (client.leave("", [](const auto&) { return true; }).error().code == errc::unsupported));
      BOOST_TEST(client.status().error().message.find("lets nobody in without its token")
                 != std::string::npos);
    }
    BOOST_TEST(!node.source.leaves);
  }
}

// Scenario: TLS; with client certificates too; callers that speak plain text, know another
// authority, show a stranger's certificate. Guarantee: who fits is answered, nobody else.
BOOST_FIXTURE_TEST_CASE(certificates_are_checked, certificates) {
  admin_config config;
  config.tls = server();
  admin_client_config good;
  good.tls = true;
  good.ca_file = path("ca.crt");
  {
    const served node(config);
    BOOST_TEST(node.client(good).status().has_value());
    BOOST_TEST(!node.client().status().has_value());
    auto other = good;
    other.ca_file = path("stranger.crt");
    BOOST_TEST(!node.client(other).status().has_value());
  }
  config.tls->client_ca_file = path("ca.crt");
  const served node(config);
  BOOST_TEST(!node.client(good).status().has_value());
  for (const auto* name : {"client", "stranger"}) {
    auto shown = good;
    shown.cert_file = path(fmt::format("{}.crt", name));
    shown.key_file = path(fmt::format("{}.key", name));
    BOOST_TEST(node.client(shown).status().has_value() == (name == std::string("client")));
  }
}

// Scenario: a port that is taken, files that are not there or something else. Guarantee: an error
// that says so.
BOOST_FIXTURE_TEST_CASE(what_cannot_be_served_is_said, certificates) {
  const served node;
  scripted_source source;
  admin_config config;
  config.endpoint = node.server->endpoint();
  const auto taken = admin_server::start(config, source);
  BOOST_REQUIRE(!taken);
  BOOST_TEST((taken.error().code == errc::unavailable));
  BOOST_TEST(taken.error().message.find(config.endpoint + " cannot be listened on") == 0u);
  config.endpoint = "127.0.0.1:0";
  config.token_file = path("nothing");
  BOOST_TEST((admin_server::start(config, source).error().code == errc::io));
  config.token_file.clear();
  config.tls = server();
  config.tls->key_file = path("client.key");
  BOOST_TEST(!admin_server::start(config, source).has_value());
  config.tls->key_file = path("nothing");
  BOOST_TEST(!admin_server::start(config, source).has_value());
}

// Scenario: nobody listens. Guarantee: a sentence that names the endpoint.
BOOST_AUTO_TEST_CASE(nobody_answers) {
  std::string endpoint;
  {
    const served node;
    endpoint = node.server->endpoint();
  }
  admin_client_config config;
  config.endpoint = endpoint;
  auto client = admin_client::make(config);
  BOOST_REQUIRE(client);
  const auto status = client->status();
  BOOST_REQUIRE(!status);
  BOOST_TEST((status.error().code == errc::unavailable));
  BOOST_TEST(status.error().message.find("nobody answers at " + endpoint) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
