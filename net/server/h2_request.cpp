#include "net/server/h2_session.hpp"

// What becomes of a request on an HTTP/2 session until it is handed on or refused.
namespace weir::net {

namespace {

/// Counted with a head for what else a stream holds.
constexpr std::uint64_t stream_overhead = 512;
/// A head above h2_session::max_header_bytes is answered with an error, above this it ends the
/// connection.
constexpr std::size_t abusive_header_bytes = 1 << 20;
/// A refused request is answered when it has ended, as clients expect, but not later than after so
/// much more of its body.
constexpr std::size_t patient_bytes = 64 << 10;

} // namespace

bool h2_session::on_header(h2_stream& stream, std::string_view name, std::string_view value) {
  stream.header_bytes += name.size() + value.size() + 32; // as RFC 9113, 6.5.2 counts
  if (stream.header_bytes > max_header_bytes)
    return stream.header_bytes <= abusive_header_bytes;
  if (name == ":method")
    stream.head.set_method(value);
  else if (name == ":path")
    stream.head.set_path(*listener_, value);
  else if (name.front() != ':')
    stream.head.add(*listener_, name, value);
  return true;
}

std::optional<h2_refusal> h2_session::check_head(h2_stream& stream) {
  using media = request_head::media;
  auto& head = stream.head;
  const bool grpc = listener_->config.grpc;
  if (stream.header_bytes > max_header_bytes)
    return plain_text(431, "the headers are too large\n");
  if (grpc && head.content != media::grpc)
    return plain_text(415, "this port speaks gRPC: application/grpc\n");
  if (grpc && head.method != request_head::verb::post)
    return plain_text(405, "this port speaks gRPC: POST\n");
  if (grpc) {
    if (head.timeout)
      stream.deadline = now_ + head.timeout->count();
    if (auto refused = refuse_grpc(*listener_, head))
      return std::move(*refused);
    return check_client(stream);
  }
  if (auto refused = refuse_http(*listener_, head))
    return std::move(*refused);
  const auto verdict = stream.body.expect(head.content_length.value_or(0));
  if (verdict != body_buffer::result::ok)
    return to_answer(*listener_, head, verdict);
  return check_client(stream);
}

std::optional<h2_refusal> h2_session::check_client(h2_stream& stream) {
  const auto id = static_cast<std::uint32_t>(stream.id);
  if (stream.head.unknown_client && !owner_.ask_about(id, stream.head.credentials))
    return refuse_client(*listener_, server_authenticator::outcome::busy);
  turn_away_where_closed(*listener_, stream.head, stream.body);
  return {};
}

bool h2_session::make_room_for_head(h2_stream& stream) {
  return stream.head_room.grow_to(stream.head.kept_bytes + stream_overhead);
}

void h2_session::on_request_head(h2_stream& stream) {
  stream.state = h2_stream::phase::body;
  stream.body_begun = now_;
  if (auto refused = check_head(stream))
    return refuse(stream, std::move(*refused));
  if (!make_room_for_head(stream))
    refuse(stream, to_answer(*listener_, stream.head, body_buffer::result::no_room));
}

// What one connection holds in bodies that it may never complete is no more than its share.
void h2_session::count_bytes(h2_stream& stream) {
  incomplete_bytes_ += stream.body.held() - std::exchange(stream.counted_bytes, stream.body.held());
  const auto share =
      std::max(listener_->server->connection_share, listener_->config.max_message_bytes);
  if (incomplete_bytes_ <= share || stream.state != h2_stream::phase::body)
    return;
  listener_->count(refusal::connection_share);
  stream.head.turned_away = refusal::connection_share;
  refuse(stream, why_turned_away(*listener_, stream.head));
}

void h2_session::on_data(h2_stream& stream, std::string_view piece) {
  stream.last_data = now_;
  if (stream.state == h2_stream::phase::refused) {
    stream.unwanted_bytes += piece.size();
    if (stream.unwanted_bytes > patient_bytes)
      answer_refused(stream);
  } else if (stream.state == h2_stream::phase::body) {
    if (auto refused = stream.add(*listener_, piece))
      return refuse(stream, std::move(*refused));
    count_bytes(stream);
  }
}

void h2_session::refuse(h2_stream& stream, h2_refusal&& why) {
  stream.state = h2_stream::phase::refused;
  stream.refused_at = now_;
  stream.body.discard();
  count_bytes(stream);
  stream.refusal = std::move(why);
}

void h2_session::answer_refused(h2_stream& stream) {
  auto why = std::move(stream.refusal); // Answering lets go of what the stream holds.
  if (auto* response = std::get_if<http_response>(&why))
    answer_http(stream, std::move(*response));
  else
    answer(stream, std::get<rpc_answer>(why));
}

void h2_session::on_request_end(h2_stream& stream) {
  if (stream.state == h2_stream::phase::refused)
    return answer_refused(stream);
  if (stream.state != h2_stream::phase::body)
    return;
  stream.state = h2_stream::phase::asking;
  if (!stream.head.unknown_client)
    hand_on(stream);
}

void h2_session::hand_on(h2_stream& stream) {
  otlp_request request;
  byte_reservation bytes;
  auto refused = stream.finish(*listener_, now_, request, bytes);
  count_bytes(stream);
  if (refused)
    return answer(stream, *refused);
  known_ = true;
  request.metadata = std::move(stream.head.metadata);
  stream.state = h2_stream::phase::in_flight;
  owner_.deliver(static_cast<std::uint32_t>(stream.id), std::move(request), std::move(bytes));
}

void h2_session::on_verdict(std::uint32_t id, bool accepted) {
  const auto it = streams_.find(static_cast<std::int32_t>(id));
  if (it == streams_.end() || !it->second.head.unknown_client)
    return;
  auto& stream = it->second;
  using phase = h2_stream::phase;
  stream.head.unknown_client = false;
  if (accepted)
    return stream.state == phase::asking ? hand_on(stream) : void();
  auto why = refuse_client(*listener_, server_authenticator::outcome::refused);
  if (stream.state == phase::asking)
    answer(stream, why);
  else if (stream.state == phase::body)
    refuse(stream, std::move(why));
}

} // namespace weir::net
