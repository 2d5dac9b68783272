#pragma once

#include "net/link/credentials.hpp"

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

namespace weir::net {

struct link_credentials::parts {
  std::shared_ptr<grpc::ChannelCredentials> client;
  std::shared_ptr<grpc::ServerCredentials> server;
  std::string server_name; ///< As link_tls::server_name.
};

} // namespace weir::net
