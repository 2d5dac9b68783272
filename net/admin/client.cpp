#include "net/admin/client.hpp"

#include "core/log.hpp"

#include <fmt/format.h>
#include <fstream>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/rpc_method.h>
#include <grpcpp/support/sync_stream.h>
#include <sstream>

namespace weir::net {

namespace {

constexpr int max_answer_bytes = 16 << 20; // 1,024 members that cannot reach each other

void say_nothing(gpr_log_func_args*) {}

result<std::string> text_of(const std::string& path) {
  if (path.empty())
    return std::string();
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf()))
    return fail(errc::io, fmt::format("{} cannot be read", path));
  return text.str();
}

result<std::shared_ptr<grpc::ChannelCredentials>>
credentials_of(const admin_client_config& config) {
  if (!config.tls)
    return grpc::InsecureChannelCredentials();
  auto authorities = text_of(config.ca_file);
  auto certificate = text_of(config.cert_file);
  auto key = text_of(config.key_file);
  for (const auto* read : {&authorities, &certificate, &key})
    if (!*read)
      return tl::unexpected(read->error());
  return grpc::SslCredentials({*authorities, *key, *certificate});
}

} // namespace

struct admin_client::impl {
  admin_client_config config;
  std::shared_ptr<grpc::Channel> channel;

  tl::unexpected<error> failure(const grpc::Status& status) const;
};

tl::unexpected<error> admin_client::impl::failure(const grpc::Status& status) const {
  const auto& endpoint = config.endpoint;
  const auto said = status.error_message();
  switch (status.error_code()) {
  case grpc::StatusCode::UNAVAILABLE:
    return fail(errc::unavailable, fmt::format("nobody answers at {}: {}", endpoint, said));
  case grpc::StatusCode::DEADLINE_EXCEEDED:
    return fail(errc::unavailable, fmt::format("{} does not answer in time", endpoint));
  case grpc::StatusCode::UNAUTHENTICATED:
    return fail(errc::unsupported,
                fmt::format("the node at {} lets nobody in without its token: {} (--token, "
                            "--token-file)",
                            endpoint, said));
  case grpc::StatusCode::NOT_FOUND:
    return fail(errc::not_found, said);
  case grpc::StatusCode::INVALID_ARGUMENT:
    return fail(errc::invalid_argument, said);
  case grpc::StatusCode::FAILED_PRECONDITION:
    return fail(errc::unsupported, said);
  case grpc::StatusCode::UNIMPLEMENTED:
    return fail(errc::unsupported,
                fmt::format("what answers at {} does not know this: another program, or a node of "
                            "an older release",
                            endpoint));
  default:
    return fail(errc::unavailable, fmt::format("{}: {}", endpoint, said));
  }
}

admin_client::admin_client(std::unique_ptr<impl> made) : impl_(std::move(made)) {}
admin_client::~admin_client() = default;
admin_client::admin_client(admin_client&&) noexcept = default;
admin_client& admin_client::operator=(admin_client&&) noexcept = default;

result<admin_client> admin_client::make(const admin_client_config& config) {
  gpr_set_log_function(say_nothing);
  auto credentials = credentials_of(config);
  if (!credentials)
    return tl::unexpected(credentials.error());
  grpc::ChannelArguments terms;
  terms.SetMaxReceiveMessageSize(max_answer_bytes);
  terms.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0); // It is this machine, or one beside it.
  if (config.tls && !config.server_name.empty())
    terms.SetSslTargetNameOverride(config.server_name);
  auto made = std::make_unique<impl>();
  made->config = config;
  made->channel = grpc::CreateCustomChannel(config.endpoint, *credentials, terms);
  return admin_client(std::move(made));
}

// As the generated code does it, but that messages are bytes here.
result<void> admin_client::call(const std::string& method, const std::string& request,
                                std::optional<std::chrono::milliseconds> patience,
                                const std::function<bool(const std::string&)>& told) {
  grpc::ClientContext context;
  if (!impl_->config.token.empty())
    context.AddMetadata("authorization", "Bearer " + impl_->config.token);
  if (patience)
    context.set_deadline(std::chrono::system_clock::now() + *patience);
  const auto path = "/weir.admin.v1.Admin/" + method;
  const grpc::internal::RpcMethod called(path.c_str(), grpc::internal::RpcMethod::SERVER_STREAMING,
                                         impl_->channel);
  const grpc::Slice bytes(request);
  const std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>> reader(
      grpc::internal::ClientReaderFactory<grpc::ByteBuffer>::Create(
          impl_->channel.get(), called, &context, grpc::ByteBuffer(&bytes, 1)));
  grpc::ByteBuffer answer;
  while (reader->Read(&answer)) {
    grpc::Slice told_bytes;
    if (!answer.Valid() || !answer.DumpToSingleSlice(&told_bytes).ok())
      told_bytes = grpc::Slice();
    if (!told({reinterpret_cast<const char*>(told_bytes.begin()), told_bytes.size()})) {
      context.TryCancel();
      reader->Finish();
      return {};
    }
  }
  if (const auto status = reader->Finish(); !status.ok())
    return impl_->failure(status);
  return {};
}

} // namespace weir::net
