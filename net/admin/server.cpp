#include "net/admin/server.hpp"

#include "core/log.hpp"
#include "net/admin/service.hpp"
#include "net/server/tls_server.hpp"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

namespace weir::net {

namespace {

constexpr int max_request_bytes = 64 << 10;
constexpr int max_threads = 8;
constexpr std::size_t max_memory = 16 << 20;
constexpr int max_streams = 16;
// A caller whose call is under way at the end of the node.
constexpr auto end_patience = std::chrono::seconds(1);

void log_as_ours(gpr_log_func_args* said) {
  log::debug("gRPC: {}", said->message);
}

/// ":13134" is every address, which gRPC has a name for.
std::string grpc_address(const std::string& endpoint) {
  return endpoint.starts_with(':') ? "[::]" + endpoint : endpoint;
}

result<std::shared_ptr<grpc::ServerCredentials>>
credentials_of(const std::optional<admin_tls_config>& tls) {
  if (!tls)
    return grpc::InsecureServerCredentials();
  // gRPC says nothing about files that are not there, or not what they should be.
  tls_server_config files;
  files.cert_file = tls->cert_file;
  files.key_file = tls->key_file;
  files.client_ca_file = tls->client_ca_file;
  if (const auto good = tls_server_context::open(files, alpn::h2); !good)
    return fail(good.error().code, "admin.tls: " + good.error().message);
  using namespace grpc::experimental;
  const auto interval = std::chrono::ceil<std::chrono::seconds>(tls->reload_interval).count();
  TlsServerCredentialsOptions options(std::make_shared<FileWatcherCertificateProvider>(
      tls->key_file, tls->cert_file, tls->client_ca_file, static_cast<unsigned>(interval)));
  options.watch_identity_key_cert_pairs();
  if (!tls->client_ca_file.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return TlsServerCredentials(options);
}

result<std::shared_ptr<bearer_tokens>> tokens_of(const admin_config& config) {
  if (config.token.empty() && config.token_file.empty())
    return std::shared_ptr<bearer_tokens>();
  bearer_auth_config wanted;
  if (!config.token.empty())
    wanted.tokens = {config.token};
  wanted.filename = config.token_file;
  auto opened = bearer_tokens::open(wanted);
  if (!opened)
    return fail(opened.error().code, "admin.token: " + opened.error().message);
  return *std::move(opened);
}

void set_limits(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(max_request_bytes);
  builder.SetResourceQuota(
      grpc::ResourceQuota("admin").SetMaxThreads(max_threads).Resize(max_memory));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, max_streams);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  // Else a second server on the same port would start without an error.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
}

} // namespace

struct admin_server::impl {
  explicit impl(admin_source& source, std::shared_ptr<bearer_tokens> tokens)
      : service(source, std::move(tokens)) {}

  admin_service service;
  std::string endpoint;
  std::unique_ptr<grpc::Server> server;
};

admin_server::admin_server(std::unique_ptr<impl> made) : impl_(std::move(made)) {}

const std::string& admin_server::endpoint() const noexcept {
  return impl_->endpoint;
}

admin_server::~admin_server() {
  impl_->service.end();
  impl_->server->Shutdown(std::chrono::system_clock::now() + end_patience);
  impl_->server->Wait();
}

result<std::unique_ptr<admin_server>> admin_server::start(const admin_config& config,
                                                          admin_source& source) {
  gpr_set_log_function(log_as_ours);
  auto credentials = credentials_of(config.tls);
  if (!credentials)
    return tl::unexpected(credentials.error());
  auto tokens = tokens_of(config);
  if (!tokens)
    return tl::unexpected(tokens.error());
  auto made = std::make_unique<impl>(source, *std::move(tokens));
  grpc::ServerBuilder builder;
  set_limits(builder);
  int port = 0;
  builder.AddListeningPort(grpc_address(config.endpoint), *credentials, &port);
  builder.RegisterService(&made->service);
  made->server = builder.BuildAndStart();
  if (!made->server || port == 0)
    return fail(errc::unavailable,
                fmt::format("{} cannot be listened on: it is taken, or no address of this machine",
                            config.endpoint));
  made->endpoint =
      fmt::format("{}:{}", config.endpoint.substr(0, config.endpoint.rfind(':')), port);
  return std::unique_ptr<admin_server>(new admin_server(std::move(made)));
}

} // namespace weir::net
