#include "benchmarks/load/sink_connection.hpp"

#include "benchmarks/load/grpc.hpp"
#include "benchmarks/load/sink.hpp"

#include <fmt/format.h>

namespace weir::load {

namespace {

const header_list ok_headers{{":status", "200"}, {"content-type", "application/grpc"}};
const header_list ok_trailers{{"grpc-status", "0"}};

} // namespace

sink_connection::sink_connection(tcp::socket socket, sink& owner)
    : http2_connection(side::server, std::move(socket)), owner_(owner) {}

void sink_connection::on_header(std::int32_t stream, std::string_view name,
                                std::string_view value) {
  auto& call = calls_[stream];
  if (name == ":path")
    call.path = value;
  else if (name == "grpc-encoding")
    call.encoding = value;
}

void sink_connection::on_data(std::int32_t stream, std::string_view bytes) {
  calls_[stream].body.append(bytes);
}

void sink_connection::on_message_end(std::int32_t stream) {
  auto node = calls_.extract(stream);
  if (!node)
    return;
  const auto& call = node.mapped();
  if (call.body.size() < 5)
    return refuse(stream, static_cast<int>(grpc_status::internal), "no message", {});
  owner_.take(std::static_pointer_cast<sink_connection>(shared_from_this()), stream, call.traces(),
              call.body[0] != '\0', call.encoding, std::string_view(call.body).substr(5));
}

void sink_connection::on_stream_closed(std::int32_t stream) {
  calls_.erase(stream);
}

void sink_connection::succeed(std::int32_t stream, std::string_view message) {
  ++succeeded_;
  submit_response(stream, ok_headers, grpc_prefix(false, message.size()).append(message),
                  ok_trailers);
}

void sink_connection::refuse(std::int32_t stream, int code, std::string_view message,
                             std::chrono::milliseconds retry_after) {
  header_list trailers{{"grpc-status", fmt::format("{}", code)},
                       {"grpc-message", std::string(message)}};
  if (retry_after.count() > 0)
    trailers.emplace_back("grpc-status-details-bin",
                          encode_retry_details(code, message, retry_after));
  submit_response(stream, ok_headers, {}, trailers);
}

} // namespace weir::load
