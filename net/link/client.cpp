#include "net/link/client.hpp"

#include "net/link/credential_parts.hpp"
#include "net/link/stream.hpp"

#include <fmt/format.h>
#include <grpcpp/alarm.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <type_traits>

namespace weir::net {

namespace {

using reactor = grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

grpc::ChannelArguments arguments(const link_client_config& config) {
  const auto keepalive = static_cast<int>(config.limits.keepalive.count());
  grpc::ChannelArguments args;
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1); // a new link is a new connection
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  args.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  args.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, keepalive); // how long to connect may take
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive);
  args.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  args.SetMaxReceiveMessageSize(static_cast<int>(largest_message));
  args.SetMaxSendMessageSize(-1);
  if (const auto& name = config.credentials->grpc().server_name; !name.empty())
    args.SetString(GRPC_SSL_TARGET_NAME_OVERRIDE_ARG, name);
  return args;
}

std::string text_of(const grpc::Status& status) {
  if (!status.error_message().empty())
    return status.error_message();
  return status.ok() ? "the other node ended it"
                     : fmt::format("gRPC status {}", static_cast<int>(status.error_code()));
}

} // namespace

/// What both streams share. Lives as long as one of them, or the link_client.
class link_client::link : public std::enable_shared_from_this<link> {
public:
  link(link_client_config config, std::shared_ptr<link_events> events)
      : config_(std::move(config)), events_(std::move(events)),
        stub_(grpc::CreateCustomChannel(config_.address, config_.credentials->grpc().client,
                                        arguments(config_))) {}

  void begin(cluster::hello hello);
  void send(cluster::link_message message);
  void close(std::string reason, bool refused = false);
  void abandon();

  void opened(welcome_token welcome);
  void received(cluster::link_answer answer) {
    deliver([&] { events_->received(std::move(answer)); });
  }
  void control_ended(const grpc::Status& status);
  void data_ended(const grpc::Status& status);

  const link_limits& limits() const noexcept { return config_.limits; }
  grpc::GenericStub& stub() noexcept { return stub_; }

private:
  template <class Call>
  void deliver(Call&& call) {
    const std::lock_guard lock(events_mutex_);
    if (events_)
      call();
  }

  const link_client_config config_;
  /// Around each event, so that they come one at a time. Taken before the other one; an event may
  /// come back to abandon().
  std::recursive_mutex events_mutex_;
  std::shared_ptr<link_events> events_; ///< None once it was told that the link is closed.
  grpc::GenericStub stub_;
  grpc::Alarm hello_alarm_, end_alarm_;
  std::mutex mutex_; ///< Around all below.
  std::shared_ptr<control_stream> control_;
  std::shared_ptr<data_stream> data_;
  std::optional<std::string> reason_;
  bool refused_ = false;
};

class link_client::control_stream final : public stream<reactor, control_message> {
public:
  explicit control_stream(std::shared_ptr<link> link)
      : stream(link->limits().control_queue_bytes), link_(std::move(link)) {}

  void begin(cluster::hello hello) {
    begin_life();
    link_->stub().PrepareBidiStreamingCall(&context_, "/weir.cluster.v1.Cluster/Control", {}, this);
    AddHold();
    write(std::move(hello));
    read();
    StartCall();
    go_on();
  }

  void cancel() {
    context_.TryCancel();
    end();
  }

private:
  bool came(std::string_view bytes) override {
    auto answer = decode_control_answer(bytes);
    if (!answer) {
      link_->close(answer.error().message);
      return true;
    }
    if (!std::exchange(began_, true)) {
      if (auto* welcome = std::get_if<welcome_token>(&*answer))
        link_->opened(std::move(*welcome));
      else if (auto* refusal = std::get_if<refused>(&*answer))
        link_->close(std::move(refusal->reason), true);
      else
        link_->close("the first answer is no welcome");
    } else if (auto* gossip = std::get_if<cluster::gossip>(&*answer)) {
      link_->received(std::move(*gossip));
    } else if (auto* taken = std::get_if<cluster::handed_taken>(&*answer)) {
      link_->received(*taken);
    } else if (answer->index() != 0) {
      link_->close("a second welcome");
    }
    return true;
  }

  void dried_up() override { end(); }
  void give_up() override { RemoveHold(); }

  void OnDone(const grpc::Status& status) override {
    link_->control_ended(status);
    link_.reset();
    end_life();
  }

  std::shared_ptr<link> link_;
  grpc::ClientContext context_;
  bool began_ = false;
};

class link_client::data_stream final : public stream<reactor, data_message> {
public:
  explicit data_stream(std::shared_ptr<link> link)
      : stream(link->limits().data_queue_bytes), link_(std::move(link)) {}

  void begin(std::string token) {
    begin_life();
    link_->stub().PrepareBidiStreamingCall(&context_, "/weir.cluster.v1.Cluster/Data", {}, this);
    AddHold();
    write(data_token{std::move(token)});
    read();
    StartCall();
    go_on();
  }

  void cancel() {
    context_.TryCancel();
    end();
  }

private:
  bool came(std::string_view bytes) override {
    auto answer = decode_data_answer(bytes);
    if (!answer) {
      link_->close(answer.error().message);
      return true;
    }
    std::visit(
        [this](auto& kind) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(kind)>, std::monostate>)
            link_->received(std::move(kind));
        },
        *answer);
    return true;
  }

  void dried_up() override { end(); }
  void give_up() override { RemoveHold(); }

  void OnDone(const grpc::Status& status) override {
    link_->data_ended(status);
    link_.reset();
    end_life();
  }

  std::shared_ptr<link> link_;
  grpc::ClientContext context_;
};

void link_client::link::begin(cluster::hello hello) {
  const auto deadline = std::chrono::system_clock::now() + limits().hello_timeout;
  hello_alarm_.Set(deadline, [weak = weak_from_this()](bool fired) {
    if (const auto self = fired ? weak.lock() : nullptr) {
      const auto open = [&] {
        const std::lock_guard lock(self->mutex_);
        return self->data_ != nullptr;
      };
      if (!open())
        self->close("no answer to the hello in time");
    }
  });
  const auto control = std::make_shared<control_stream>(shared_from_this());
  {
    const std::lock_guard lock(mutex_);
    control_ = control;
  }
  control->begin(std::move(hello));
}

void link_client::link::opened(welcome_token welcome) {
  const std::lock_guard first(events_mutex_); // before any answer
  const auto data = std::make_shared<data_stream>(shared_from_this());
  {
    const std::lock_guard lock(mutex_);
    if (reason_)
      return;
    data_ = data;
  }
  hello_alarm_.Cancel();
  data->begin(std::move(welcome.token));
  deliver([&] { events_->opened(welcome.welcome); });
}

void link_client::link::send(cluster::link_message message) {
  std::shared_ptr<control_stream> control;
  std::shared_ptr<data_stream> data;
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

/// The first reason counts. closed() is called when gRPC is done with the Control stream.
void link_client::link::close(std::string reason, bool refused) {
  std::shared_ptr<control_stream> control;
  std::shared_ptr<data_stream> data;
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

void link_client::link::control_ended(const grpc::Status& status) {
  close(text_of(status));
  std::string reason;
  bool refused = false;
  {
    const std::lock_guard lock(mutex_);
    reason = *reason_;
    refused = refused_;
  }
  deliver([&] { std::exchange(events_, nullptr)->closed(reason, refused); });
}

/// Why a link ends is best known to the Control stream, whose word may still be on its way.
void link_client::link::data_ended(const grpc::Status& status) {
  end_alarm_.Set(std::chrono::system_clock::now() + std::chrono::seconds(1),
                 [weak = weak_from_this(), reason = text_of(status)](bool fired) {
                   if (const auto self = fired ? weak.lock() : nullptr)
                     self->close(reason);
                 });
}

void link_client::link::abandon() {
  {
    const std::lock_guard lock(events_mutex_);
    events_.reset();
  }
  close("it is not wanted any more");
}

link_client::link_client(link_client_config config, cluster::hello hello,
                         std::shared_ptr<link_events> events)
    : link_(std::make_shared<link>(std::move(config), std::move(events))) {
  link_->begin(std::move(hello));
}

link_client::~link_client() {
  link_->abandon();
}

void link_client::send(cluster::link_message message) {
  link_->send(std::move(message));
}

} // namespace weir::net
