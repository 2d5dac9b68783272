#include "fake_grpc_server.hpp"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <stdexcept>

namespace weir::test {

namespace {

grpc::ByteBuffer to_buffer(const std::string& bytes) {
  grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string to_text(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string out;
  if (buffer.Dump(&slices).ok())
    for (const auto& s : slices)
      out.append(reinterpret_cast<const char*>(s.begin()), s.size());
  return out;
}

class reactor final : public grpc::ServerGenericBidiReactor {
public:
  reactor(grpc::GenericCallbackServerContext& context, const fake_grpc_server::handler& on_call)
      : context_(context), on_call_(on_call) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok)
      return Finish(grpc::Status(grpc::StatusCode::CANCELLED, "no message"));
    fake_grpc_server::call call{context_.method(), to_text(request_), {}};
    for (const auto& [name, value] : context_.client_metadata())
      call.metadata.emplace(std::string(name.data(), name.size()),
                            std::string(value.data(), value.size()));
    answer_ = on_call_(call);
    if (answer_.never)
      return;
    for (const auto& [name, value] : answer_.trailers)
      context_.AddTrailingMetadata(name, value);
    if (answer_.code == 0) {
      response_ = to_buffer(answer_.body);
      StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
    } else {
      Finish(
          grpc::Status(static_cast<grpc::StatusCode>(answer_.code), answer_.text, answer_.details));
    }
  }

  void OnCancel() override {
    if (answer_.never)
      Finish(grpc::Status::CANCELLED);
  }

  void OnDone() override { delete this; }

private:
  grpc::GenericCallbackServerContext& context_;
  const fake_grpc_server::handler& on_call_;
  grpc::ByteBuffer request_, response_;
  fake_grpc_server::answer answer_;
};

class service final : public grpc::CallbackGenericService {
public:
  explicit service(fake_grpc_server::handler on_call) : on_call_(std::move(on_call)) {}

  grpc::ServerGenericBidiReactor*
  CreateReactor(grpc::GenericCallbackServerContext* context) override {
    return new reactor(*context, on_call_);
  }

private:
  fake_grpc_server::handler on_call_;
};

std::shared_ptr<grpc::ServerCredentials> credentials(const fake_grpc_server::options& o) {
  if (o.key_pem.empty())
    return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(
      o.client_ca_pem.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                              : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_key_cert_pairs.push_back({o.key_pem, o.certificate_pem});
  options.pem_root_certs = o.client_ca_pem;
  return grpc::SslServerCredentials(options);
}

} // namespace

struct fake_grpc_server::impl {
  service generic;
  std::string host;
  int port = 0;
  std::unique_ptr<grpc::Server> server;

  impl(const options& o, handler on_call) : generic(std::move(on_call)), host(o.host) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(o.host + ":" + std::to_string(o.port), credentials(o), &port);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.RegisterCallbackGenericService(&generic);
    if (o.max_message_bytes > 0)
      builder.SetMaxReceiveMessageSize(o.max_message_bytes);
    server = builder.BuildAndStart();
    if (!server || port == 0)
      throw std::runtime_error("the fake server cannot listen");
  }
};

fake_grpc_server::fake_grpc_server(handler on_call)
    : fake_grpc_server(options{}, std::move(on_call)) {}

fake_grpc_server::fake_grpc_server(options o, handler on_call)
    : impl_(std::make_unique<impl>(o, std::move(on_call))) {}

fake_grpc_server::~fake_grpc_server() {
  impl_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
}

int fake_grpc_server::port() const noexcept {
  return impl_->port;
}

std::string fake_grpc_server::endpoint() const {
  return impl_->host + ":" + std::to_string(impl_->port);
}

} // namespace weir::test
