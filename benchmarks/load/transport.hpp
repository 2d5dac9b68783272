#pragma once

#include "benchmarks/load/http2.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir::load {

/// What became of one attempt to send a request.
struct answer {
  enum class kind : std::uint8_t {
    acknowledged, ///< OK; `rejected` spans of it were refused for good.
    refused,      ///< To be sent again.
    failed,       ///< Refused for good.
    lost,         ///< The connection went, or the time was over: nobody knows. To be sent again.
  };
  kind outcome = kind::lost;
  std::uint64_t rejected = 0;
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
  std::string reason = {}; ///< "UNAVAILABLE: the message", "503", "connection lost"
};

/// One connection to the server under load. All on the io_context's thread.
class transport {
public:
  struct listener {
    std::function<void(std::uint64_t request, answer&&)> on_answer;
    std::function<void()> on_closed; ///< After every open request was answered as lost.
  };
  virtual ~transport() = default;

  /// Sends one request's bytes (for gRPC with the prefix in front), which stay in place until it is
  /// answered. `request` names it in on_answer.
  virtual void send(std::uint64_t request, std::string_view bytes) = 0;

  /// Gives an attempt up; it is answered as lost.
  virtual void cancel(std::uint64_t request) = 0;

  virtual void close() = 0;

  /// Whether it takes another request (the server has not said that it goes).
  virtual bool usable() const = 0;
};

/// What all connections of a run have in common.
struct transport_settings {
  std::string authority;
  std::string encoding; ///< grpc-encoding or Content-Encoding; empty: none.
  std::chrono::milliseconds timeout{10'000};
};

/// OTLP/gRPC over HTTP/2.
std::shared_ptr<transport> open_grpc(tcp::socket socket, const transport_settings& settings,
                                     transport::listener listener);

/// OTLP/HTTP over HTTP/1.1: one request at a time.
std::shared_ptr<transport> open_http(tcp::socket socket, const transport_settings& settings,
                                     transport::listener listener);

} // namespace weir::load
