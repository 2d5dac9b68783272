#include "tests/net/server/raw_client.hpp"
#include "tests/net/server/server_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/byte_buffer.h>
#include <sstream>

using namespace weir;
using namespace weir::net;
using namespace weir::net::tests;
namespace fs = std::filesystem;

namespace {

/// What a command of the shell prints.
std::string run(const std::string& command) {
  auto* pipe = ::popen((command + " 2>&1").c_str(), "r");
  BOOST_REQUIRE(pipe);
  std::string out;
  char piece[4096];
  while (const auto n = std::fread(piece, 1, sizeof(piece), pipe))
    out.append(piece, n);
  ::pclose(pipe);
  return out;
}

std::string contents(const fs::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

/// A directory with certificates made by openssl: server (for localhost), client, both from ca, and
/// a stranger's.
struct certificates {
  certificates() {
    make("ca", "");
    make("stranger", "");
    for (const auto* name : {"server", "client", "server2"})
      make(name, fmt::format("-CA {0}/ca.crt -CAkey {0}/ca.key", directory.path()));
  }

  void make(const std::string& name, const std::string& issuer) const {
    const auto out =
        run(fmt::format("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
                        "-days 2 -subj /CN={0} -addext subjectAltName=DNS:localhost {1} "
                        "-keyout {2}/{0}.key -out {2}/{0}.crt",
                        name, issuer, directory.path()));
    BOOST_REQUIRE_MESSAGE(fs::exists(path(name + ".crt")), out);
  }

  std::string path(const std::string& file) const { return directory.file(file); }

  tls_server_config server() const {
    tls_server_config config;
    config.cert_file = path("server.crt");
    config.key_file = path("server.key");
    return config;
  }

  /// curl's answer to a POST of a few bytes, as "status version body".
  std::string curl(std::uint16_t port, const std::string& options) const {
    return run(
        fmt::format("curl -sS --max-time 10 --cacert {} --connect-to localhost:{}:127.0.0.1:{} "
                    "-H 'Content-Type: application/json' -d '{{}}' -o /dev/null "
                    "-w '%{{http_code}} %{{http_version}}' {} https://localhost:{}/v1/traces",
                    path("ca.crt"), port, port, options, port));
  }

  test::temporary_directory directory;
};

otlp_listener_config with_tls(otlp_listener_config listener, tls_server_config tls) {
  listener.tls = std::move(tls);
  return listener;
}

std::string start_error(otlp_listener_config listener) {
  const auto started = otlp_server::start({{{"otlp/x", {std::move(listener)}}, {signal::traces}}},
                                          {}, [](auto&&) {});
  BOOST_REQUIRE(!started.has_value());
  return started.error().message;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(tls_server_test, certificates)

// Scenario: a client that prefers HTTP/1.1, one that prefers HTTP/2, one that wants only old TLS.
// Guarantee: ALPN gives each its protocol; TLS below min_version is refused.
BOOST_AUTO_TEST_CASE(alpn_chooses_the_protocol) {
  server_fixture fixture({with_tls(http_listener(), server())});
  BOOST_TEST(curl(fixture.port(), "--http1.1") == "200 1.1");
  BOOST_TEST(curl(fixture.port(), "--http2") == "200 2");
  BOOST_TEST(curl(fixture.port(), "--no-alpn") == "200 1.1");
  BOOST_TEST(curl(fixture.port(), "--tls-max 1.1").find("000") != std::string::npos);
}

// Scenario: gRPC C++ over TLS, with a message of many TLS records; a client without ALPN on gRPC's
// port. Guarantee: bytes arrive whole; the latter is refused.
BOOST_AUTO_TEST_CASE(grpc_over_tls) {
  server_fixture fixture({with_tls(grpc_listener(), server())});
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = contents(path("ca.crt"));
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("localhost");
  grpc::GenericStub stub(
      grpc::CreateCustomChannel(fixture.endpoints[0], grpc::SslCredentials(options), arguments));
  std::string body(3'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i)
    body[i] = static_cast<char>(i * 7 + i / 255);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + patience);
  grpc::Slice slice(body);
  grpc::ByteBuffer request(&slice, 1), response;
  grpc::CompletionQueue queue;
  grpc::Status status;
  auto call = stub.PrepareUnaryCall(&context, std::string(grpc_export_path(signal::traces)),
                                    request, &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  BOOST_TEST(status.ok(), status.error_message());
  BOOST_TEST((fixture.bodies() == std::vector{body}));
  BOOST_TEST(curl(fixture.port(), "--no-alpn").find("000") != std::string::npos);
  BOOST_TEST(curl(fixture.port(), "--http1.1").find("000") != std::string::npos);
}

// Scenario: client_ca_file, and clients without a certificate, with a stranger's, with the right
// one. Guarantee: only the last gets through.
BOOST_AUTO_TEST_CASE(client_certificates_are_demanded) {
  auto tls = server();
  tls.client_ca_file = path("ca.crt");
  server_fixture fixture({with_tls(http_listener(), tls)});
  const auto as = [&](const std::string& string) {
    return curl(fixture.port(),
                fmt::format("--cert {} --key {}", path(string + ".crt"), path(string + ".key")));
  };
  BOOST_TEST(curl(fixture.port(), "").find("000") != std::string::npos);
  BOOST_TEST(as("stranger").find("000") != std::string::npos);
  BOOST_TEST(as("client") == "200 2");
}

// Scenario: PEM in line, a narrow choice of ciphers, versions and curves. Guarantee: they are used.
BOOST_AUTO_TEST_CASE(options_are_used) {
  tls_server_config tls;
  tls.cert_pem = contents(path("server.crt"));
  tls.key_pem = contents(path("server.key"));
  tls.max_version = "1.2";
  tls.cipher_suites = {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"};
  tls.curve_preferences = {"P256"};
  server_fixture fixture({with_tls(http_listener(), tls)});
  BOOST_TEST(curl(fixture.port(), "--tlsv1.2 --ciphers ECDHE-ECDSA-AES128-GCM-SHA256") == "200 2");
  BOOST_TEST(curl(fixture.port(), "--tlsv1.3").find("000") != std::string::npos);
  BOOST_TEST(curl(fixture.port(), "--tlsv1.2 --ciphers ECDHE-ECDSA-AES256-GCM-SHA384").find("000")
             != std::string::npos);
}

// Scenario: files that are missing, not PEM, of another key; unknown versions and ciphers.
// Guarantee: start() fails with the key of the configuration and the file.
BOOST_AUTO_TEST_CASE(bad_files_are_named) {
  const auto error_with = [&](const std::function<void(tls_server_config&)>& change) {
    auto tls = server();
    change(tls);
    return start_error(with_tls(grpc_listener(), tls));
  };
  const auto contains = [](const std::string& text, const std::string& part) {
    BOOST_TEST(text.find(part) != std::string::npos, text);
  };
  contains(error_with([](auto& tls) { tls.cert_file = "/nowhere/x.crt"; }),
           "otlp/x.grpc: tls.cert_file /nowhere/x.crt: cannot be read: No such file");
  contains(error_with([&](auto& tls) { tls.key_file = path("server.crt"); }), "tls.key_file");
  contains(error_with([&](auto& tls) { tls.key_file = path("client.key"); }), "does not belong to");
  contains(error_with([&](auto& tls) { tls.cert_file = path("server.key"); }), "not a certificate");
  contains(error_with([&](auto& tls) { tls.client_ca_file = path("server.key"); }),
           "tls.client_ca_file");
  contains(error_with([](auto& tls) { tls.key_file.clear(); }), "key_file (or key_pem) is missing");
  contains(error_with([](auto& tls) { tls.min_version = "1.4"; }), "tls.min_version: 1.4");
  contains(error_with([](auto& tls) { tls.max_version = "1.1"; }), "below");
  contains(error_with([](auto& tls) { tls.cipher_suites = {"TLS_NONE"}; }), "TLS_NONE");
}

// Scenario: the certificate's files are replaced while the server runs; then by rubbish. Guarantee:
// new connections see the new certificate; rubbish changes nothing.
BOOST_AUTO_TEST_CASE(certificates_are_reloaded) {
  auto tls = server();
  tls.reload_interval = std::chrono::milliseconds(20);
  server_fixture fixture({with_tls(http_listener(), tls)});
  const auto name = [&] {
    return run(fmt::format("openssl s_client -connect 127.0.0.1:{} </dev/null 2>/dev/null "
                           "| openssl x509 -noout -subject",
                           fixture.port()));
  };
  BOOST_TEST(name().find("server\n") != std::string::npos);
  const auto replace = [&](const std::string& other) {
    // In this order there is a moment when they do not fit, which must not matter.
    for (const auto* kind : {".crt", ".key"})
      fs::copy_file(path(other + kind), path(std::string("server") + kind),
                    fs::copy_options::overwrite_existing);
  };
  replace("server2");
  std::string seen;
  for (int i = 0; i < 100 && seen.find("server2") == std::string::npos; ++i)
    seen = name();
  BOOST_TEST(seen.find("server2") != std::string::npos);
  std::ofstream(path("server.crt")) << "rubbish";
  for (int i = 0; i < 5; ++i)
    BOOST_TEST(name().find("server2") != std::string::npos);
}

// Scenario: what is not TLS on a TLS port; a handshake that never ends. Guarantee: both are closed.
BOOST_AUTO_TEST_CASE(broken_handshakes_are_closed) {
  server_limits limits;
  limits.handshake_timeout = std::chrono::milliseconds(200);
  server_fixture fixture({with_tls(grpc_listener(), server())}, limits);
  raw_connection plain(fixture.port()), silent(fixture.port());
  plain.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  plain.receive_all();
  BOOST_TEST(plain.closed());
  silent.receive_all();
  BOOST_TEST(silent.closed());
}

BOOST_AUTO_TEST_SUITE_END()
