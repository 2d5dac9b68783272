#pragma once

#include "net/link/question.hpp"
#include "net/link/session.hpp"

#include <grpcpp/server_context.h>
#include <grpcpp/support/sync_stream.h>
#include <weir/cluster/v1/cluster.pb.h>

namespace weir::net {

/// Where questions of other nodes come in: who may ask, and who answers. For net/link/ alone. Any
/// thread.
class question_desk {
public:
  explicit question_desk(std::shared_ptr<session_table> table) : table_(std::move(table)) {}

  void set_handler(question_handler handler);

  grpc::Status answer(grpc::ServerContext& context, const cluster::v1::Question& asked,
                      grpc::ServerWriter<cluster::v1::Answer>& writer);

private:
  const std::shared_ptr<session_table> table_;
  std::mutex mutex_;
  question_handler handler_; ///< Guarded.
};

} // namespace weir::net
