#include "net/link/client_link.hpp"

#include "net/link/channel.hpp"

#include <fmt/format.h>
#include <type_traits>

namespace weir::net {

namespace {

std::string text_of(const grpc::Status& status) {
  if (!status.error_message().empty())
    return status.error_message();
  return status.ok() ? "the other node ended it"
                     : fmt::format("gRPC status {}", static_cast<int>(status.error_code()));
}

} // namespace

client_link::client_link(link_client_config config, std::shared_ptr<link_events> events)
    : config_(std::move(config)), events_(std::move(events)),
      stub_(open_channel(config_.address, *config_.credentials, config_.limits)) {}

template <class Call>
void client_link::deliver(Call&& call) {
  const std::lock_guard lock(events_mutex_);
  if (const auto kept = events_) // also where the event abandons the link
    call(*kept);
}

void client_link::begin(cluster::hello hello) {
  const auto deadline = std::chrono::system_clock::now() + limits().hello_timeout;
  hello_alarm_.Set(deadline, [weak = weak_from_this()](bool fired) {
    if (const auto self = fired ? weak.lock() : nullptr)
      self->late();
  });
  const auto control =
      std::make_shared<client_control_stream>(limits().control_queue_bytes, shared_from_this());
  {
    const std::lock_guard lock(mutex_);
    control_ = control;
  }
  control->begin("/weir.cluster.v1.Cluster/Control", std::move(hello));
}

void client_link::late() {
  const auto open = [this] {
    const std::lock_guard lock(mutex_);
    return data_ != nullptr;
  }();
  if (!open)
    close("no answer to the hello in time");
}

void client_link::received(cluster::link_answer answer) {
  deliver([&](link_events& events) { events.received(std::move(answer)); });
}

void client_link::opened(welcome_token welcome) {
  const std::lock_guard first(events_mutex_); // before any answer
  const auto data =
      std::make_shared<client_data_stream>(limits().data_queue_bytes, shared_from_this());
  {
    const std::lock_guard lock(mutex_);
    if (reason_)
      return;
    data_ = data;
  }
  hello_alarm_.Cancel();
  data->begin("/weir.cluster.v1.Cluster/Data", data_token{std::move(welcome.token)});
  deliver([&](link_events& events) { events.opened(welcome.welcome); });
}

void client_link::send(cluster::link_message message) {
  std::shared_ptr<client_control_stream> control;
  std::shared_ptr<client_data_stream> data;
  {
    const std::lock_guard lock(mutex_);
    if (reason_ || !data_)
      return;
    control = control_;
    data = data_;
  }
  const auto put = [this](auto& stream, auto kinds) {
    if (weight(kinds) > largest_message)
      close(fmt::format("a message of {} bytes is larger than one may be", weight(kinds)));
    else if (!stream.write(std::move(kinds)))
      close("the other node does not take what is sent: the queue is full");
  };
  std::visit(
      [&](auto&& kind) {
        using kind_type = std::decay_t<decltype(kind)>;
        if constexpr (std::is_constructible_v<control_message, kind_type>)
          put(*control, control_message(std::move(kind)));
        else
          put(*data, data_message(std::move(kind)));
      },
      std::move(message));
}

void client_link::close(std::string reason, bool refused) {
  std::shared_ptr<client_control_stream> control;
  std::shared_ptr<client_data_stream> data;
  {
    const std::lock_guard lock(mutex_);
    if (reason_)
      return;
    reason_ = std::move(reason);
    refused_ = refused;
    control = std::move(control_);
    data = std::move(data_);
  }
  if (control)
    control->cancel();
  if (data)
    data->cancel();
}

void client_link::control_ended(const grpc::Status& status) {
  close(text_of(status));
  std::string reason;
  bool refused = false;
  {
    const std::lock_guard lock(mutex_);
    reason = *reason_;
    refused = refused_;
  }
  deliver([&](link_events& events) {
    events_.reset();
    events.closed(reason, refused);
  });
}

/// Why a link ends is best known to the Control stream, whose word may still be on its way.
void client_link::data_ended(const grpc::Status& status) {
  end_alarm_.Set(std::chrono::system_clock::now() + std::chrono::seconds(1),
                 [weak = weak_from_this(), reason = text_of(status)](bool fired) {
                   if (const auto self = fired ? weak.lock() : nullptr)
                     self->close(reason);
                 });
}

void client_link::abandon() {
  {
    const std::lock_guard lock(events_mutex_);
    events_.reset();
  }
  close("it is not wanted any more");
}

} // namespace weir::net
