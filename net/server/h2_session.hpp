#pragma once

#include "net/server/h2_guard.hpp"
#include "net/server/h2_stream.hpp"
#include "net/server/session.hpp"

#include <memory>
#include <nghttp2/nghttp2.h>
#include <unordered_map>

namespace weir::net {

/// The server's side of an HTTP/2 connection (RFC 9113), with gRPC or OTLP/HTTP on it.
class h2_session final : public session {
public:
  h2_session(session_owner& owner, std::shared_ptr<const listener_context> listener);
  ~h2_session() override;

  bool feed(std::string_view bytes, steady_ns now) override;
  void end_of_input() override { input_over_ = true; }
  void produce(std::string& out, std::size_t soft_limit) override;
  void reply(std::uint32_t stream, otlp_reply&& answer) override;
  void on_verdict(std::uint32_t stream, bool accepted) override;
  bool tick(steady_ns now) override;
  void drain() override;
  bool wants_input() const override { return true; }
  bool finished() const override;

private:
  friend struct h2_callbacks;
  static constexpr std::size_t max_header_bytes = 64 << 10;
  static constexpr std::uint8_t goodbye_ping[8] = {'w', 'e', 'i', 'r', 'b', 'y', 'e', 0};

  enum class leaving : std::uint8_t { no, noticed, said };

  void submit_settings();
  void allow_all_streams();
  std::uint32_t max_streams() const noexcept;
  void on_request_head(h2_stream& stream);
  std::optional<h2_refusal> check_head(h2_stream& stream);
  std::optional<h2_refusal> check_client(h2_stream& stream);
  bool make_room_for_head(h2_stream& stream);
  void on_data(h2_stream& stream, std::string_view piece);
  void count_bytes(h2_stream& stream);
  void on_request_end(h2_stream& stream);
  void hand_on(h2_stream& stream);
  void on_own_reset();
  void on_ping(const nghttp2_frame& frame);
  void on_idle_frame();
  bool on_header(h2_stream& stream, std::string_view name, std::string_view value);

  void refuse(h2_stream& stream, h2_refusal&& why);
  void answer_refused(h2_stream& stream);
  void answer(h2_stream& stream, const rpc_answer& answer);
  void answer_grpc(h2_stream& stream, const rpc_answer& answer);
  void answer_http(h2_stream& stream, http_response&& response);
  void submit_grpc_trailers(std::int32_t stream);
  void give_up(std::uint32_t code, std::string_view why);
  void report(refusal reason, std::string_view why);
  bool waits_for_nobody() const;
  void say_goodbye();

  bool keep_alive(steady_ns now);
  bool check_age(steady_ns now);
  void check_first_request(steady_ns now);
  bool check_stream(h2_stream& stream, steady_ns now);
  void check_streams(steady_ns now);

  session_owner& owner_;
  std::shared_ptr<const listener_context> listener_;
  nghttp2_session* h2_ = nullptr;
  std::unordered_map<std::int32_t, h2_stream> streams_;
  std::uint64_t incomplete_bytes_ = 0; ///< Held by bodies that have not come in full.
  frame_allowance allowance_;
  frame_allowance resets_; ///< Of streams that we had to reset.
  ping_strikes strikes_;
  steady_ns now_, born_, last_input_, idle_since_, max_age_;
  steady_ns pinged_at_ = 0; ///< Of our keepalive ping that is not answered yet.
  steady_ns leaving_since_ = 0;
  leaving leaving_ = leaving::no;
  bool greeted_ = false; ///< The client's SETTINGS have come.
  bool known_ = false;   ///< It has made a good request ...
  bool trusted_ = false; ///< ... and one was answered OK.
  bool input_over_ = false, given_up_ = false;
};

} // namespace weir::net
