#include "net/admin/server.hpp"

#include "net/admin/client.hpp"
#include "tests/support/temporary_directory.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <grpcpp/create_channel.h>
#include <thread>
#include <weir/admin/v1/admin.grpc.pb.h>

BOOST_AUTO_TEST_SUITE(admin_server_test)

using namespace weir;
using namespace weir::net;

namespace {

constexpr std::chrono::milliseconds patience = std::chrono::seconds(20);

/// Says who asks and what; a call of Watch goes on until the caller goes.
struct scripted_source final : admin_source {
  std::vector<admin_method> methods() const override {
    return {{"Status"}, {"Members"}, {"Exporters"}, {"Leave", true}};
  }
  result<void> answer(const std::string& method, const std::string& request, asker& whom) override {
    ++calls;
    if (method == "Status") {
      admin::v1::StatusResponse answer;
      answer.mutable_node()->set_name("alpha");
      answer.mutable_node()->set_id(whom.peer());
      whom.tell(answer.SerializeAsString());
    }
    if (method == "Members")
      return fail(code, "as told");
    if (method == "Exporters")
      for (const auto* part : {"1", "2", "3"})
        whom.tell(request + part);
    while (method == "Leave" && whom.tell("on"))
      ;
    return {};
  }

  std::atomic<int> calls{0};
  errc code = errc::not_found;
};

struct served {
  explicit served(admin_config config = {}) {
    config.endpoint = "localhost:0";
    auto started = admin_server::start(config, source);
    BOOST_REQUIRE_MESSAGE(started, started.error().message);
    server = std::move(*started);
  }

  /// What is said to a call; the error's text in brackets.
  std::vector<std::string> says(const std::string& method, const std::string& request = "",
                                const admin_client_config& config = {}) const {
    std::vector<std::string> all;
    const auto heard = client(config).call(method, request, patience, [&](const auto& answer) {
      all.push_back(answer);
      return true;
    });
    if (!heard)
      all.push_back("[" + heard.error().message + "]");
    return all;
  }
  bool answers(const admin_client_config& config = {}) const {
    const auto said = says("Status", "", config);
    return said.size() == 1 && !said[0].starts_with("[");
  }
  errc code(const std::string& method, const admin_client_config& config = {}) const {
    const auto heard = client(config).call(method, "", patience, [](const auto&) { return true; });
    BOOST_REQUIRE(!heard);
    return heard.error().code;
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

// Scenario: calls with one answer, with many, with none. Guarantee: the source gets the request and who
// asks, the caller all answers in order.
BOOST_AUTO_TEST_CASE(calls_are_answered) {
  const served node;
  BOOST_TEST((node.says("Exporters", "a") == std::vector<std::string>{"a1", "a2", "a3"}));
  admin::v1::StatusResponse status;
  BOOST_REQUIRE(status.ParseFromString(node.says("Status").at(0)));
  BOOST_TEST(status.node().name() == "alpha");
  BOOST_TEST(status.node().id().starts_with("ipv"));
}

// Scenario: a client that was generated from admin.proto. Guarantee: it is answered, calls with one answer
// and with many alike.
BOOST_AUTO_TEST_CASE(generated_clients_are_answered) {
  const served node;
  const auto stub = admin::v1::Admin::NewStub(
      grpc::CreateChannel(node.server->endpoint(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext first, second;
  admin::v1::StatusResponse status;
  BOOST_TEST(stub->Status(&first, {}, &status).ok());
  BOOST_TEST(status.node().name() == "alpha");
  admin::v1::LeaveProgress progress;
  const auto reader = stub->Leave(&second, {});
  reader->Read(&progress);
  second.TryCancel();
  BOOST_TEST((reader->Finish().error_code() != grpc::StatusCode::UNIMPLEMENTED));
}

// Scenario: what cannot be done, by kind; a method that nobody has. Guarantee: the source's words; a caller
// that goes is no error.
BOOST_AUTO_TEST_CASE(what_cannot_be_done_is_said) {
  served node;
  BOOST_TEST((node.says("Members") == std::vector<std::string>{"[as told]"}));
  for (const auto code : {errc::not_found, errc::invalid_argument, errc::unsupported}) {
    node.source.code = code;
    BOOST_TEST((node.code("Members") == code));
  }
  node.source.code = errc::full;
  BOOST_TEST((node.code("Members") == errc::unavailable));
  BOOST_TEST((node.code("Nothing") == errc::unsupported));
  BOOST_TEST(
      node.client().call("Leave", "", std::nullopt, [](const auto&) { return false; }).has_value());
}

// Scenario: five callers of a long call; a short one beside. Guarantee: four go on, the fifth is told to
// come again, the short one is answered; when the node ends, all callers hear of it.
BOOST_AUTO_TEST_CASE(long_calls_are_bounded) {
  auto node = std::make_optional<served>();
  std::atomic<int> looking{0}, failed{0};
  std::vector<std::jthread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&, client = node->client()]() mutable {
      bool first = true;
      const auto told = client.call("Leave", "", std::nullopt, [&](const auto&) {
        if (std::exchange(first, false))
          looking.fetch_add(1), looking.notify_all();
        return true;
      });
      failed += told ? 0 : 1;
    });
  for (auto seen = looking.load(); seen < 4; seen = looking.load())
    looking.wait(seen);
  const auto fifth = node->says("Leave").at(0);
  BOOST_TEST(fifth.find("others look on already") != std::string::npos);
  BOOST_TEST(node->answers());
  node.reset();
  callers.clear();
  BOOST_TEST(failed == 4);
}

// Scenario: a request that is larger than one may be. Guarantee: refused, before the source hears of it.
BOOST_AUTO_TEST_CASE(requests_are_bounded) {
  served node;
  BOOST_TEST(node.says("Exporters", std::string(60 << 10, 'x')).size() == 3u);
  BOOST_TEST(node.says("Exporters", std::string(65 << 10, 'x')).at(0).starts_with("["));
  BOOST_TEST(node.source.calls == 1);
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
    BOOST_TEST(node.answers(with_token("s3cret")));
    for (const auto* token : {"", "wrong"}) {
      for (const auto* method : {"Status", "Members", "Leave"})
        BOOST_TEST((node.code(method, with_token(token)) == errc::unsupported));
      BOOST_TEST(
          node.says("Status", "", with_token(token)).at(0).find("lets nobody in without its token")
          != std::string::npos);
    }
    BOOST_TEST(node.source.calls == 1);
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
    BOOST_TEST(node.answers(good));
    BOOST_TEST(!node.answers());
    auto other = good;
    other.ca_file = path("stranger.crt");
    BOOST_TEST(!node.answers(other));
  }
  config.tls->client_ca_file = path("ca.crt");
  const served node(config);
  BOOST_TEST(!node.answers(good));
  for (const auto* name : {"client", "stranger"}) {
    auto shown = good;
    shown.cert_file = path(fmt::format("{}.crt", name));
    shown.key_file = path(fmt::format("{}.key", name));
    BOOST_TEST(node.answers(shown) == (name == std::string("client")));
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
  const auto status = client->call("Status", "", patience, [](const auto&) { return true; });
  BOOST_REQUIRE(!status);
  BOOST_TEST((status.error().code == errc::unavailable));
  BOOST_TEST(status.error().message.find("nobody answers at " + endpoint) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
