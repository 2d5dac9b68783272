#pragma once

#include "net/asker.hpp"

#include <atomic>
#include <grpcpp/server_context.h>
#include <utility>

namespace weir::net {

/// An asker at the other end of a call of a synchronous gRPC server.
class server_asker : public asker {
public:
  server_asker(grpc::ServerContext& context, std::string peer)
      : context_(context), peer_(std::move(peer)) {}

  bool gone() const override { return sent_away_ || context_.IsCancelled(); }
  void send_away() override {
    sent_away_ = true;
    context_.TryCancel();
  }
  std::string peer() const override { return peer_; }

private:
  grpc::ServerContext& context_;
  const std::string peer_;
  std::atomic<bool> sent_away_{false};
};

} // namespace weir::net
