#include "net/admin/service.hpp"

#include "core/clock.hpp"
#include "net/server_asker.hpp"

#include <grpcpp/impl/codegen/method_handler.h>
#include <grpcpp/impl/codegen/rpc_service_method.h>

namespace weir::net {

namespace {

constexpr unsigned max_long_calls = 4;
constexpr auto path = "/weir.admin.v1.Admin/";

grpc::StatusCode code_of(errc code) {
  switch (code) {
  case errc::not_found:
    return grpc::StatusCode::NOT_FOUND;
  case errc::invalid_argument:
    return grpc::StatusCode::INVALID_ARGUMENT;
  case errc::unsupported:
    return grpc::StatusCode::FAILED_PRECONDITION;
  case errc::unavailable:
  case errc::full:
    return grpc::StatusCode::UNAVAILABLE;
  default:
    return grpc::StatusCode::INTERNAL;
  }
}

std::string text_of(const grpc::ByteBuffer& buffer) {
  grpc::Slice bytes;
  if (!buffer.Valid() || !buffer.DumpToSingleSlice(&bytes).ok())
    return {};
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}

class caller final : public server_asker {
public:
  caller(grpc::ServerContext& context, grpc::ServerWriter<grpc::ByteBuffer>& writer)
      : server_asker(context, context.peer()), writer_(writer) {}

  bool tell(const std::string& answer) override {
    const grpc::Slice bytes(answer);
    return !gone() && writer_.Write(grpc::ByteBuffer(&bytes, 1));
  }

private:
  grpc::ServerWriter<grpc::ByteBuffer>& writer_;
};

} // namespace

admin_service::admin_service(admin_source& source, std::shared_ptr<bearer_tokens> tokens)
    : source_(source), tokens_(std::move(tokens)) {
  for (const auto& method : source.methods())
    serve(method);
}

// As the generated code does it, but that messages are bytes here.
void admin_service::serve(const admin_method& method) {
  using handler =
      grpc::internal::ServerStreamingHandler<admin_service, grpc::ByteBuffer, grpc::ByteBuffer>;
  const auto& name = paths_.emplace_back(path + method.name);
  AddMethod(new grpc::internal::RpcServiceMethod(
      name.c_str(), grpc::internal::RpcMethod::SERVER_STREAMING,
      new handler(
          [method](admin_service* service, grpc::ServerContext* context,
                   const grpc::ByteBuffer* request, buffer_writer* writer) {
            return service->answer(method, *context, *request, *writer);
          },
          this)));
}

grpc::Status admin_service::admit(const grpc::ServerContext& context) const {
  if (!tokens_)
    return grpc::Status::OK;
  const auto& said = context.client_metadata();
  const auto found = said.find("authorization");
  if (found != said.end()
      && tokens_->accept({found->second.data(), found->second.size()}, steady_now()))
    return grpc::Status::OK;
  return {grpc::StatusCode::UNAUTHENTICATED,
          found == said.end() ? "a token is wanted" : "the token is not one of this node's"};
}

grpc::Status admin_service::answer(const admin_method& method, grpc::ServerContext& context,
                                   const grpc::ByteBuffer& request, buffer_writer& writer) {
  if (auto admitted = admit(context); !admitted.ok())
    return admitted;
  caller whom(context, writer);
  if (!enter(method, whom))
    return {grpc::StatusCode::RESOURCE_EXHAUSTED, "others look on already: try again later"};
  const auto answered = source_.answer(method.name, text_of(request), whom);
  leave(method, whom);
  return answered ? grpc::Status::OK
                  : grpc::Status(code_of(answered.error().code), answered.error().message);
}

bool admin_service::enter(const admin_method& method, asker& whom) {
  const std::lock_guard guard(mutex_);
  if (ending_ || (method.is_long && long_calls_ == max_long_calls))
    return false;
  long_calls_ += method.is_long ? 1 : 0;
  askers_.insert(&whom);
  return true;
}

void admin_service::leave(const admin_method& method, asker& whom) {
  const std::lock_guard guard(mutex_);
  long_calls_ -= method.is_long ? 1 : 0;
  askers_.erase(&whom);
}

void admin_service::end() {
  const std::lock_guard guard(mutex_);
  ending_ = true;
  for (auto* each : askers_)
    each->send_away();
}

} // namespace weir::net
