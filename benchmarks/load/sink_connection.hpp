#pragma once

#include "benchmarks/load/http2.hpp"

#include <chrono>
#include <string>
#include <unordered_map>

namespace weir::load {

class sink;

/// The server's side of one gRPC connection: gathers calls, hands them to the sink, writes answers.
class sink_connection final : public http2_connection {
public:
  sink_connection(tcp::socket socket, sink& owner);

  /// Answers a call with OK and this message.
  void succeed(std::int32_t stream, std::string_view message);

  /// Calls that were answered with OK.
  std::uint64_t succeeded() const noexcept { return succeeded_; }

  /// Answers a call with a status, with RetryInfo where the delay is not 0.
  void refuse(std::int32_t stream, int code, std::string_view message,
              std::chrono::milliseconds retry_after);

protected:
  void on_header(std::int32_t stream, std::string_view name, std::string_view value) override;
  void on_data(std::int32_t stream, std::string_view bytes) override;
  void on_message_end(std::int32_t stream) override;
  void on_stream_closed(std::int32_t stream) override;
  void on_closed() override {}

private:
  struct call {
    std::string path;
    std::string encoding;
    std::string body;
    bool traces() const { return path.find("TraceService/") != std::string::npos; }
  };
  sink& owner_;
  std::uint64_t succeeded_ = 0;
  std::unordered_map<std::int32_t, call> calls_;
};

} // namespace weir::load
