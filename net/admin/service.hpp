#pragma once

#include "net/admin/server.hpp"
#include "net/bearer_tokens.hpp"

#include <condition_variable>
#include <mutex>
#include <weir/admin/v1/admin.grpc.pb.h>

namespace weir::net {

/// The calls of the admin API: who is let in, and what a source says in gRPC's words. Any thread.
class admin_service final : public admin::v1::Admin::Service {
public:
  /// `tokens` null: everyone is let in.
  admin_service(admin_source& source, std::shared_ptr<bearer_tokens> tokens)
      : source_(source), tokens_(std::move(tokens)) {}

  grpc::Status Status(grpc::ServerContext* context, const admin::v1::StatusRequest* request,
                      admin::v1::StatusResponse* response) override;
  grpc::Status Members(grpc::ServerContext* context, const admin::v1::MembersRequest* request,
                       admin::v1::MembersResponse* response) override;
  grpc::Status Leave(grpc::ServerContext* context, const admin::v1::LeaveRequest* request,
                     grpc::ServerWriter<admin::v1::LeaveProgress>* writer) override;

  /// Ends what looks on.
  void end();

private:
  grpc::Status admit(const grpc::ServerContext& context) const;
  grpc::Status look_on(const std::string& id, grpc::ServerContext& context,
                       grpc::ServerWriter<admin::v1::LeaveProgress>& writer);
  bool begin_looking();
  void end_looking();
  /// False: the service ends.
  bool pause();

  admin_source& source_;
  std::shared_ptr<bearer_tokens> tokens_;
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned lookers_ = 0; ///< Guarded, as what follows.
  bool ending_ = false;
};

} // namespace weir::net
