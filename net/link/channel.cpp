#include "net/link/channel.hpp"

#include "net/link/credential_parts.hpp"
#include "net/link/stream.hpp"
#include "net/link/wire.hpp"

#include <grpcpp/create_channel.h>

namespace weir::net {

std::shared_ptr<grpc::Channel> open_channel(const std::string& address,
                                            const link_credentials& credentials,
                                            const link_limits& limits) {
  const auto keepalive = static_cast<int>(limits.keepalive.count());
  grpc::ChannelArguments args;
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  args.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  args.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, keepalive); // how long to connect may take
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive);
  args.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  args.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  args.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, stream_window);
  args.SetMaxReceiveMessageSize(static_cast<int>(largest_message));
  args.SetMaxSendMessageSize(-1);
  if (const auto& name = credentials.grpc().server_name; !name.empty())
    args.SetString(GRPC_SSL_TARGET_NAME_OVERRIDE_ARG, name);
  return grpc::CreateCustomChannel(address, credentials.grpc().client, args);
}

} // namespace weir::net
