#include "net/link/session.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>
#include <type_traits>

namespace weir::net {

namespace {

// Who does it without end gets a line now and then; all are counted.
void note_blame(const std::string& peer, const std::string& reason) {
  metrics::cluster_refused_peers.with().Increment();
  if (log::permit("link-closed"))
    log::warn({{"peer", peer}}, "a link from {} is closed: {}", peer, reason);
}

} // namespace

// -- the streams --

void control_stream::begin(std::shared_ptr<session> session) {
  session_ = std::move(session);
  begin_life();
  read();
  go_on();
}

bool control_stream::came(std::string_view bytes) {
  auto message = decode_control_message(bytes);
  if (!message) {
    session_->blame(message.error().message);
    return true;
  }
  return session_->control_came(std::move(*message), bytes.size());
}

void control_stream::done() {
  table().leave(session_table::kind::control);
  session_->control_done();
  session_.reset();
}

void data_stream::begin() {
  late_.Set(std::chrono::system_clock::now() + table().limits().hello_timeout,
            [weak = weak_from_this()](bool fired) {
              if (const auto self = fired ? weak.lock() : nullptr)
                static_cast<data_stream&>(*self).blame(grpc::StatusCode::DEADLINE_EXCEEDED,
                                                       "no token in time");
            });
  begin_life();
  read();
  go_on();
}

bool data_stream::came(std::string_view bytes) {
  if (!session_) {
    show_token(bytes);
    return true;
  }
  auto message = decode_data_message(bytes);
  if (message)
    session_->data_came(std::move(*message));
  else
    session_->blame(message.error().message);
  return true;
}

void data_stream::blame(grpc::StatusCode code, const std::string& reason) {
  note_blame(peer(), reason);
  finish(code, reason);
}

void data_stream::show_token(std::string_view bytes) {
  auto message = bytes.size() <= largest_first_message
                     ? decode_data_message(bytes)
                     : fail(errc::too_large, "the first message is too large for a token");
  if (!message)
    return blame(grpc::StatusCode::INVALID_ARGUMENT, message.error().message);
  const auto* shown = std::get_if<data_token>(&*message);
  if (!shown)
    return blame(grpc::StatusCode::INVALID_ARGUMENT, "the first message is no token");
  auto session = table().take(shown->token);
  if (!session || !session->attach(std::static_pointer_cast<data_stream>(shared_from_this())))
    return blame(grpc::StatusCode::UNAUTHENTICATED,
                 "the token is none of this node's, or was used");
  late_.Cancel();
  session_ = std::move(session);
}

void data_stream::done() {
  table().leave(session_table::kind::data);
  if (session_)
    session_->data_done();
  session_.reset();
}

// -- the session --

void session::begin(std::shared_ptr<control_stream> control) {
  {
    const std::lock_guard lock(mutex_);
    control_ = control;
    late_.Set(std::chrono::system_clock::now() + table_->limits().hello_timeout,
              [weak = weak_from_this()](bool fired) {
                if (const auto self = fired ? weak.lock() : nullptr)
                  self->late();
              });
  }
  table_->add(shared_from_this());
  control->begin(shared_from_this());
}

void session::accept(const cluster::welcome& welcome) {
  std::shared_ptr<control_stream> control;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != state::asked)
      return;
    state_ = state::accepted;
    control = control_;
    table_->let_in(this, word_);
  }
  control->write(welcome_token{welcome, table_->issue(shared_from_this())});
  control->read_on();
}

void session::refuse(const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != state::asked)
      return;
  }
  over(reason, grpc::StatusCode::FAILED_PRECONDITION, true);
}

void session::close(const std::string& reason) {
  over(reason, grpc::StatusCode::ABORTED);
}

void session::blame(const std::string& reason, grpc::StatusCode code) {
  note_blame(peer_, reason);
  over(reason, code);
}

void session::send(cluster::link_answer answer) {
  const auto taken = std::visit(
      [this](auto&& kind) {
        using kind_type = std::decay_t<decltype(kind)>;
        if constexpr (std::is_constructible_v<control_answer, kind_type>)
          return send_control(std::move(kind));
        else
          return send_data(std::move(kind));
      },
      std::move(answer));
  if (!taken)
    blame("the answers are not taken: the queue is full");
}

bool session::send_control(control_answer answer) {
  std::shared_ptr<control_stream> control;
  {
    const std::lock_guard lock(mutex_);
    if (!sends())
      return true;
    control = control_;
  }
  return control->write(std::move(answer));
}

bool session::send_data(data_answer answer) {
  auto parts = net::cut(std::move(answer));
  const std::lock_guard lock(mutex_); // the parts stay together, and behind the early ones
  if (!sends())
    return true;
  return std::all_of(parts.begin(), parts.end(), [this](auto& part) {
    return data_ ? data_->write(std::move(part)) : early_.push(std::move(part));
  });
}

bool session::control_came(control_message message, std::size_t bytes) {
  if (auto* gossip = std::get_if<cluster::gossip>(&message)) {
    received(std::move(*gossip));
  } else if (auto* handed = std::get_if<cluster::handed_over>(&message)) {
    received(std::move(*handed));
  } else if (const auto* asked = std::get_if<cluster::leave_request>(&message)) {
    received(*asked);
  } else if (const auto* hello = std::get_if<cluster::hello>(&message)) {
    if (bytes <= largest_first_message)
      return ask(*hello);
    blame("hello: too large");
  }
  return true;
}

bool session::ask(const cluster::hello& hello) {
  const std::lock_guard first(events_mutex_); // before anything that is received
  bool second = false;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == state::over)
      return true;
    second = state_ != state::awaiting_hello;
    if (!second) {
      state_ = state::asked;
      word_ = hello;
    }
  }
  if (second) {
    blame("a second hello");
    return true;
  }
  events_ = table_->on_hello()(shared_from_this(), hello, peer_);
  return false;
}

void session::data_came(data_message message) {
  std::visit(
      [this](auto&& kind) {
        using kind_type = std::decay_t<decltype(kind)>;
        if constexpr (std::is_same_v<kind_type, data_token>)
          blame("a second token");
        else if constexpr (!std::is_same_v<kind_type, std::monostate>)
          received(std::move(kind));
      },
      std::move(message));
}

void session::received(cluster::link_message message) {
  const std::lock_guard one(events_mutex_);
  bool early = false;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == state::over)
      return;
    early = state_ == state::awaiting_hello;
  }
  if (early)
    blame("the first message is no hello");
  else if (events_)
    events_->received(std::move(message));
}

bool session::attach(std::shared_ptr<data_stream> data) {
  const std::lock_guard lock(mutex_);
  if (state_ != state::accepted)
    return false;
  state_ = state::attached;
  data_ = std::move(data);
  while (auto early = early_.pop())
    data_->write(std::move(*early)); // it has as much room
  late_.Cancel();
  return true;
}

void session::late() {
  const auto reached = [this] {
    const std::lock_guard lock(mutex_);
    return state_;
  }();
  if (reached == state::awaiting_hello)
    blame("no hello in time", grpc::StatusCode::DEADLINE_EXCEEDED);
  else if (reached == state::asked)
    over("the node did not answer the hello in time", grpc::StatusCode::DEADLINE_EXCEEDED);
  else if (reached == state::accepted)
    blame("no Data stream in time", grpc::StatusCode::DEADLINE_EXCEEDED);
}

void session::over(const std::string& reason, grpc::StatusCode code, bool refusal) {
  std::shared_ptr<control_stream> control;
  std::shared_ptr<data_stream> data;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == state::over)
      return;
    state_ = state::over;
    reason_ = reason;
    control = std::move(control_);
    data = std::move(data_);
    early_.clear();
    late_.Cancel();
  }
  if (refusal)
    control->write(refused{reason});
  control->finish(code, reason, refusal);
  if (data)
    data->finish(code, reason);
}

void session::control_done() {
  over("the other side closed the link, or cannot be reached", grpc::StatusCode::CANCELLED);
  table_->remove(this);
  const std::lock_guard one(events_mutex_);
  if (const auto events = std::exchange(events_, nullptr))
    events->closed(reason_);
}

void session::data_done() {
  over("the other side closed the link, or cannot be reached", grpc::StatusCode::CANCELLED);
}

void session::silence() {
  const std::lock_guard lock(events_mutex_);
  events_.reset();
}

} // namespace weir::net
