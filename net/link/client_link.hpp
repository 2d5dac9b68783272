#pragma once

#include "net/link/client.hpp"
#include "net/link/credential_parts.hpp"
#include "net/link/stream.hpp"

#include <grpcpp/alarm.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/client_callback.h>

// The maker's end of a link: for net/link/ alone.
namespace weir::net {

class client_control_stream;
class client_data_stream;

/// What both streams share. Lives as long as one of them, or the link_client.
class client_link : public std::enable_shared_from_this<client_link> {
public:
  client_link(link_client_config config, std::shared_ptr<link_events> events);

  void begin(cluster::hello hello);
  void send(cluster::link_message message);
  /// The first reason counts. closed() is called when gRPC is done with the Control stream.
  void close(std::string reason, bool refused = false);
  /// No event any more, and the end.
  void abandon();

  // From the streams.
  void opened(welcome_token welcome);
  void received(cluster::link_answer answer);
  void control_ended(const grpc::Status& status);
  void data_ended(const grpc::Status& status);

  const link_limits& limits() const noexcept { return config_.limits; }
  grpc::GenericStub& stub() noexcept { return stub_; }

private:
  template <class Call>
  void deliver(Call&& call);
  void late();

  const link_client_config config_;
  /// Around each event, so that they come one at a time. Taken before the other one; an event may
  /// come back to abandon().
  std::recursive_mutex events_mutex_;
  std::shared_ptr<link_events> events_; ///< None once it was told that the link is closed.
  grpc::GenericStub stub_;
  grpc::Alarm hello_alarm_, end_alarm_;
  std::mutex mutex_; ///< Around all below.
  std::shared_ptr<client_control_stream> control_;
  std::shared_ptr<client_data_stream> data_;
  std::optional<std::string> reason_;
  bool refused_ = false;
};

/// What both streams do alike.
template <class Kinds>
class client_stream
    : public stream<grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>, Kinds> {
public:
  client_stream(std::size_t room, std::shared_ptr<client_link> link)
      : stream<grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>, Kinds>(room),
        link_(std::move(link)) {}

  /// Makes the call; `first` is its first message. It may have been cancelled before.
  void begin(const std::string& method, Kinds first) {
    this->begin_life();
    link_->stub().PrepareBidiStreamingCall(&context_, method, {}, this);
    this->AddHold(); // until give_up(): writes begin on any thread
    this->write(std::move(first));
    this->read();
    this->StartCall();
    this->go_on();
  }

  void cancel() {
    context_.TryCancel();
    this->end();
  }

protected:
  client_link& link() noexcept { return *link_; }
  virtual void ended(const grpc::Status& status) = 0;

private:
  void dried_up() override { this->end(); }
  void give_up() override { this->RemoveHold(); }

  void OnDone(const grpc::Status& status) final {
    ended(status);
    link_.reset();
    this->end_life();
  }

  std::shared_ptr<client_link> link_;
  grpc::ClientContext context_;
};

class client_control_stream final : public client_stream<control_message> {
public:
  using client_stream::client_stream;

private:
  bool came(std::string_view bytes) override;
  void ended(const grpc::Status& status) override { link().control_ended(status); }

  bool began_ = false; ///< The first answer has come.
};

class client_data_stream final : public client_stream<data_message> {
public:
  using client_stream::client_stream;

private:
  bool came(std::string_view bytes) override;
  void ended(const grpc::Status& status) override { link().data_ended(status); }
};

} // namespace weir::net
