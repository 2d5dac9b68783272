#include "net/server/body_pace.hpp"
#include "net/server/h2_session.hpp"

// What time does to an HTTP/2 session: keepalive, age, streams that take too long, goodbyes.
namespace weir::net {

namespace {

/// For an answer that the client leaves no window for.
constexpr steady_ns stuck_time = 30 * second_ns;
/// Time between the first and the last GOAWAY for a client that does not answer the ping between.
constexpr steady_ns goodbye_time = second_ns;
/// A refused request is answered when it has ended, but not later than after so long.
constexpr steady_ns patient_time = second_ns / 2;

steady_ns to_ns(std::chrono::milliseconds x) {
  return x.count() * millisecond_ns;
}

} // namespace

void h2_session::drain() {
  if (leaving_ != leaving::no)
    return;
  // First "open no more streams", then, a round trip later, which ones were still taken: so no
  // request that is under way gets lost (RFC 9113, 6.8).
  leaving_ = leaving::noticed;
  leaving_since_ = steady_now();
  nghttp2_submit_shutdown_notice(h2_);
  nghttp2_submit_ping(h2_, NGHTTP2_FLAG_NONE, goodbye_ping);
}

void h2_session::say_goodbye() {
  leaving_ = leaving::said;
  nghttp2_submit_goaway(h2_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h2_),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

bool h2_session::tick(steady_ns now) {
  now_ = now;
  if (!greeted_ && now - born_ > to_ns(listener_->server->limits.handshake_timeout)) {
    listener_->handshake_failures.Increment();
    return false;
  }
  if (!streams_.empty())
    check_streams(now);
  else
    check_first_request(now);
  if (leaving_ == leaving::noticed && now - leaving_since_ > goodbye_time)
    say_goodbye();
  return check_age(now) && keep_alive(now);
}

bool h2_session::check_age(steady_ns now) {
  const auto& keepalive = listener_->config.keepalive;
  const auto idle = to_ns(keepalive.max_connection_idle);
  const auto grace = to_ns(keepalive.max_connection_age_grace);
  if ((idle && streams_.empty() && now - idle_since_ > idle)
      || (max_age_ && now - born_ > max_age_))
    drain();
  return !(max_age_ && grace && now - born_ > max_age_ + grace);
}

bool h2_session::keep_alive(steady_ns now) {
  const auto& keepalive = listener_->config.keepalive;
  if (pinged_at_ && last_input_ < pinged_at_)
    return now - pinged_at_ < to_ns(keepalive.timeout);
  pinged_at_ = 0;
  if (keepalive.time.count() > 0 && now - last_input_ > to_ns(keepalive.time)) {
    pinged_at_ = now;
    nghttp2_submit_ping(h2_, NGHTTP2_FLAG_NONE, nullptr);
  }
  return true;
}

void h2_session::check_first_request(steady_ns now) {
  const auto patience = first_request_time(listener_->server->limits);
  if (known_ || leaving_ != leaving::no || now - idle_since_ <= patience)
    return;
  report(refusal::idle, "it has made no good request");
  drain();
}

void h2_session::check_streams(steady_ns now) {
  for (auto& [id, stream] : streams_)
    if (!check_stream(stream, now))
      return;
}

// False: the connection is given up.
bool h2_session::check_stream(h2_stream& stream, steady_ns now) {
  using phase = h2_stream::phase;
  const auto& limits = listener_->server->limits;
  if (stream.state == phase::refused) {
    if (now - stream.refused_at > patient_time)
      answer_refused(stream);
  } else if (stream.state == phase::answered) {
    if (now - stream.answered_at > stuck_time) {
      stream.answered_at = now;
      report(refusal::stuck, "it does not take its answers");
      nghttp2_submit_rst_stream(h2_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_CANCEL);
    }
  } else if (stream.state == phase::head && now - stream.last_data > to_ns(limits.body_timeout)) {
    give_up(NGHTTP2_PROTOCOL_ERROR, "its headers came too slowly");
    return false;
  } else if (stream.deadline && now >= stream.deadline) {
    answer(stream, {grpc_code::deadline_exceeded, "its time is over", {}, 0});
  } else if (stream.state == phase::body
             && is_too_slow({stream.body_begun, stream.last_data, stream.body.size()}, limits,
                            now)) {
    report(refusal::too_slow, "its body came too slowly");
    answer(stream, {grpc_code::deadline_exceeded, "its body came too slowly", {}, 0});
  }
  return true;
}

} // namespace weir::net
