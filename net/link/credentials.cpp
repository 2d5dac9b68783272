#include "net/link/credentials.hpp"

#include "net/link/credential_parts.hpp"
#include "net/link/grpc_process.hpp"

#include <fmt/format.h>
#include <fstream>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace weir::net {

namespace {

/// What OpenSSL says of its last error.
std::string tls_trouble() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  const auto* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text ? text : "unreadable";
}

result<void> check_files(const link_tls& tls) {
  for (const auto& [setting, file] : {std::pair{"cert_file", &tls.cert_file},
                                      {"key_file", &tls.key_file},
                                      {"ca_file", &tls.ca_file}}) {
    if (file->empty())
      return fail(errc::invalid_argument, fmt::format("tls needs {}", setting));
    if (!std::ifstream(*file))
      return fail(errc::io, fmt::format("tls.{}: {} cannot be read", setting, *file));
  }
  ERR_clear_error();
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_method()),
                                                                  &SSL_CTX_free);
  const auto wrong = [](std::string_view setting, const std::string& file) {
    return fail(errc::invalid_argument,
                fmt::format("tls.{}: {}: {}", setting, file, tls_trouble()));
  };
  if (SSL_CTX_use_certificate_chain_file(context.get(), tls.cert_file.c_str()) != 1)
    return wrong("cert_file", tls.cert_file);
  if (SSL_CTX_use_PrivateKey_file(context.get(), tls.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return wrong("key_file", tls.key_file);
  if (SSL_CTX_load_verify_locations(context.get(), tls.ca_file.c_str(), nullptr) != 1)
    return wrong("ca_file", tls.ca_file);
  return {};
}

template <class Options>
void watch(Options& options) {
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
}

link_credentials::parts mutual(const link_tls& tls) {
  namespace tls_api = grpc::experimental;
  const auto seconds = std::max<std::int64_t>(tls.reload_interval.count(), 1);
  const auto files = std::make_shared<tls_api::FileWatcherCertificateProvider>(
      tls.key_file, tls.cert_file, tls.ca_file, static_cast<unsigned>(seconds));
  tls_api::TlsChannelCredentialsOptions client;
  client.set_certificate_provider(files);
  watch(client);
  tls_api::TlsServerCredentialsOptions server(files);
  watch(server);
  server.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return {tls_api::TlsCredentials(client), tls_api::TlsServerCredentials(server), tls.server_name};
}

} // namespace

result<std::shared_ptr<const link_credentials>> link_credentials::open(link_tls tls) {
  prepare_grpc();
  if (!tls.insecure)
    if (auto checked = check_files(tls); !checked)
      return tl::unexpected(std::move(checked.error()));
  auto made = tls.insecure
                  ? parts{grpc::InsecureChannelCredentials(), grpc::InsecureServerCredentials(), {}}
                  : mutual(tls);
  return std::make_shared<const link_credentials>(std::make_unique<parts>(std::move(made)));
}

link_credentials::link_credentials(std::unique_ptr<parts> parts) : parts_(std::move(parts)) {}
link_credentials::~link_credentials() = default;

} // namespace weir::net
