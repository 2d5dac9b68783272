#include "net/link/grpc_process.hpp"

#include "core/log.hpp"
#include "core/quote.hpp"

#include <grpc/support/log.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <mutex>
#include <string_view>

namespace weir::net {

namespace {

/// Of each TLS connection to an address that is no name; it is no error.
constexpr std::string_view empty_words = "No match found for server name";

/// Strangers make gRPC speak: they cannot flood the log.
void log_line(gpr_log_func_args* args) {
  const std::string_view text = args->message;
  if (args->severity == GPR_LOG_SEVERITY_ERROR && text.find(empty_words) == std::string_view::npos
      && log::permit("grpc"))
    log::warn({{"component", "grpc"}}, "{}", without_controls(text));
}

/// A call that fails at once, without a network, on a channel that is never destroyed.
///
/// gRPC's callbacks run on threads that all channels and servers share. They end with the last of
/// these, and in 1.51.1 that is a race: "assertion failed: prior > 0" in grpc_cq_internal_unref, seen
/// once in about 20 times that all links went. A channel that has made a call holds them.
struct anchor {
  anchor() {
    stub.UnaryCall(&context, "/none", {}, &request, &response, [](const grpc::Status&) {});
  }

  // Without credentials all calls of a channel fail.
  grpc::GenericStub stub{grpc::CreateCustomChannel("", nullptr, {})};
  grpc::ClientContext context;
  grpc::Slice nothing;
  grpc::ByteBuffer request{&nothing, 1}, response;
};

} // namespace

void prepare_grpc() {
  static std::once_flag once;
  std::call_once(once, [] {
    gpr_set_log_function(log_line);
    [[maybe_unused]] static const auto* const kept = new anchor;
  });
}

} // namespace weir::net
