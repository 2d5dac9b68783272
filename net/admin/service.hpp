#pragma once

#include "net/admin/server.hpp"
#include "net/bearer_tokens.hpp"

#include <deque>
#include <grpcpp/impl/codegen/service_type.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>
#include <grpcpp/support/sync_stream.h>
#include <mutex>
#include <set>

namespace weir::net {

/// The calls of the admin API: who is let in, and what a source says in gRPC's words. All its methods
/// are streams of answers: on the wire a single answer is one too. Any thread.
class admin_service final : public grpc::Service {
public:
  /// `tokens` null: everyone is let in.
  admin_service(admin_source& source, std::shared_ptr<bearer_tokens> tokens);

  /// Ends the calls that are under way.
  void end();

private:
  using buffer_writer = grpc::ServerWriter<grpc::ByteBuffer>;

  void serve(const admin_method& method);
  grpc::Status answer(const admin_method& method, grpc::ServerContext& context,
                      const grpc::ByteBuffer& request, buffer_writer& writer);
  grpc::Status admit(const grpc::ServerContext& context) const;
  /// False: there are too many.
  bool enter(const admin_method& method, asker& whom);
  void leave(const admin_method& method, asker& whom);

  admin_source& source_;
  std::deque<std::string> paths_; ///< gRPC keeps pointers to them.
  std::shared_ptr<bearer_tokens> tokens_;
  std::mutex mutex_;
  std::set<asker*> askers_; ///< Guarded, as what follows.
  unsigned long_calls_ = 0;
  bool ending_ = false;
};

} // namespace weir::net
