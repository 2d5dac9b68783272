#include "benchmarks/load/grpc.hpp"
#include "benchmarks/load/transport.hpp"

#include <charconv>
#include <fmt/format.h>
#include <unordered_map>
#include <vector>

namespace weir::load {

namespace {

/// One call: what has come of its answer.
struct call {
  std::uint64_t request = 0;
  int http_status = 0;
  std::optional<int> status;
  std::string message;
  std::optional<std::chrono::milliseconds> retry_after;
  std::string body;
};

template <class T>
T number_in(std::string_view text, T otherwise) {
  auto value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

answer judge(const call& finished) {
  if (!finished.status)
    return {.outcome = answer::kind::lost,
            .reason = fmt::format("no grpc-status (HTTP {})", finished.http_status)};
  const auto code = *finished.status;
  if (code == 0) {
    const auto message = std::string_view(finished.body);
    return {.outcome = answer::kind::acknowledged,
            .rejected = message.size() > 5 ? rejected_spans(message.substr(5)) : 0,
            .reason = {}};
  }
  const auto again = is_retryable(code, finished.retry_after.has_value());
  return {.outcome = again ? answer::kind::refused : answer::kind::failed,
          .retry_after = finished.retry_after,
          .reason = finished.message.empty()
                        ? grpc_status_name(code)
                        : fmt::format("{}: {}", grpc_status_name(code), finished.message)};
}

class grpc_transport final : public transport, public http2_connection {
public:
  grpc_transport(tcp::socket socket, const transport_settings& settings, listener listener)
      : http2_connection(side::client, std::move(socket)), listener_(std::move(listener)) {
    headers_ = {{":method", "POST"},
                {":scheme", "http"},
                {":path", "/opentelemetry.proto.collector.trace.v1.TraceService/Export"},
                {":authority", settings.authority},
                {"content-type", "application/grpc"},
                {"te", "trailers"},
                {"user-agent", "weir-load"},
                {"grpc-timeout", fmt::format("{}m", settings.timeout.count())}};
    if (!settings.encoding.empty())
      headers_.emplace_back("grpc-encoding", settings.encoding);
  }

  void send(std::uint64_t request, std::string_view bytes) override {
    const auto stream = submit_request(headers_, bytes);
    if (stream < 0) { // no stream numbers left, or a GOAWAY
      listener_.on_answer(request, {.reason = "the connection takes no more requests"});
      return http2_connection::close();
    }
    calls_[stream].request = request;
    flush();
  }

  void cancel(std::uint64_t request) override {
    for (const auto& [stream, call] : calls_)
      if (call.request == request) {
        reset(stream);
        return flush();
      }
  }

  void close() override { http2_connection::close(); }

  bool usable() const override { return open() && !draining_; }

protected:
  void on_header(std::int32_t stream, std::string_view name, std::string_view value) override {
    const auto found = calls_.find(stream);
    if (found == calls_.end())
      return;
    auto& call = found->second;
    if (name == ":status")
      call.http_status = number_in(value, 0);
    else if (name == "grpc-status")
      call.status = number_in(value, 2);
    else if (name == "grpc-message")
      call.message = value;
    else if (name == "grpc-status-details-bin")
      call.retry_after = decode_retry_details(value);
  }

  void on_data(std::int32_t stream, std::string_view bytes) override {
    if (const auto found = calls_.find(stream); found != calls_.end())
      found->second.body.append(bytes);
  }

  void on_message_end(std::int32_t stream) override { reset_unsent(stream); }

  void on_stream_closed(std::int32_t stream) override {
    if (auto node = calls_.extract(stream))
      listener_.on_answer(node.mapped().request, judge(node.mapped()));
    if (draining_ && calls_.empty())
      http2_connection::close();
  }

  void on_goaway() override {
    draining_ = true;
    if (calls_.empty())
      http2_connection::close();
  }

  void on_closed() override {
    for (auto& [stream, call] : std::exchange(calls_, {}))
      listener_.on_answer(call.request, {.reason = "the connection was lost"});
    listener_.on_closed();
  }

private:
  listener listener_;
  header_list headers_;
  std::unordered_map<std::int32_t, call> calls_;
  bool draining_ = false;
};

} // namespace

std::shared_ptr<transport> open_grpc(tcp::socket socket, const transport_settings& settings,
                                     transport::listener listener) {
  auto result = std::make_shared<grpc_transport>(std::move(socket), settings, std::move(listener));
  result->start();
  return result;
}

} // namespace weir::load
