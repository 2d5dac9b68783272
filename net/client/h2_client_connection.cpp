#include "net/client/h2_client_connection.hpp"

#include <utility>

namespace weir::net {

namespace {

// What one gather write takes: enough for few system calls, little enough that a reset or a PING
// does not wait long behind it.
constexpr std::size_t write_bytes = 512 << 10;

} // namespace

h2_client_connection::h2_client_connection(std::shared_ptr<h2_client_socket> socket,
                                           h2_client_session::options options)
    : socket_(std::move(socket)), session_(std::move(options)), last_read_(steady_now()) {}

void h2_client_connection::start(on_progress progress, on_lost lost) {
  progress_ = std::move(progress);
  lost_ = std::move(lost);
  read();
  flush();
}

void h2_client_connection::read() {
  socket_->read([self = shared_from_this()](result<std::string_view> bytes) {
    if (self->closed_)
      return;
    if (!bytes)
      return self->lose(bytes.error().message);
    self->last_read_ = steady_now();
    self->busy_ = true;
    const auto fed = self->session_.feed(*bytes);
    self->busy_ = false;
    if (!fed)
      return self->lose(fed.error().message);
    self->read();
    self->progress_();
    self->flush();
  });
}

void h2_client_connection::flush() {
  if (writing_ || busy_ || closed_)
    return;
  out_.clear();
  busy_ = true;
  const auto gathered = session_.gather(out_, write_bytes);
  busy_ = false;
  if (!gathered)
    return lose(gathered.error().message);
  if (closed_)
    return;
  if (out_.empty()) {
    if (session_.finished())
      lose("HTTP/2 session ended");
    return;
  }
  writing_ = true;
  socket_->write(out_, [self = shared_from_this()](result<void> written) {
    self->writing_ = false;
    if (self->closed_)
      return;
    if (!written)
      return self->lose(written.error().message);
    self->flush();
  });
}

void h2_client_connection::lose(const std::string& reason) {
  if (closed_)
    return;
  close();
  const auto text = session_.goaway_text();
  if (auto lost = std::exchange(lost_, nullptr))
    lost(text.empty() ? reason : reason + " (the server said: " + text + ")");
}

void h2_client_connection::close() {
  closed_ = true;
  socket_->close();
}

} // namespace weir::net
