#include "net/link/inquiry.hpp"

#include "net/link/channel.hpp"

#include <condition_variable>
#include <deque>
#include <fmt/format.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>
#include <mutex>
#include <weir/cluster/v1/cluster.grpc.pb.h>

namespace weir::net {

namespace {

namespace pb = cluster::v1;
using maybe_patience = std::optional<std::chrono::milliseconds>;

/// "" = it said all.
std::string trouble_in(const grpc::Status& status, const maybe_patience& patience) {
  switch (status.error_code()) {
  case grpc::StatusCode::OK:
    return {};
  case grpc::StatusCode::UNIMPLEMENTED:
    return "its release does not know this command";
  case grpc::StatusCode::DEADLINE_EXCEEDED:
    return fmt::format("no answer within {} s",
                       patience ? std::chrono::duration<double>(*patience).count() : 0.0);
  default:
    return status.error_message().empty()
               ? fmt::format("gRPC status {}", static_cast<int>(status.error_code()))
               : status.error_message();
  }
}

} // namespace

/// What has come and was not taken.
struct inquiry::answers {
  std::mutex mutex;
  std::condition_variable came;
  std::deque<heard> waiting; ///< Guarded, as what follows.
  std::size_t open = 0;      ///< Calls that gRPC is not done with.

  /// @pre mutex is held
  bool can_be_taken() const { return !waiting.empty() || open == 0; }
  void put(heard one, bool last) {
    {
      const std::lock_guard lock(mutex);
      waiting.push_back(std::move(one));
      open -= last ? 1 : 0;
    }
    came.notify_all();
  }
};

/// Keeps itself alive until gRPC is done with it. Between two reads a hold keeps the call.
class inquiry::call final : public grpc::ClientReadReactor<pb::Answer> {
public:
  call(std::size_t node, std::shared_ptr<answers> all, maybe_patience patience)
      : node_(node), answers_(std::move(all)), patience_(patience) {}

  void begin(const std::string& address, const link_credentials& credentials,
             const pb::Question& asked, std::shared_ptr<call> self) {
    self_ = std::move(self);
    if (patience_)
      context_.set_deadline(std::chrono::system_clock::now() + *patience_);
    stub_ = pb::Cluster::NewStub(open_channel(address, credentials, {}));
    stub_->async()->Ask(&context_, &asked, this);
    AddHold();
    StartRead(&answer_);
    StartCall();
  }

  /// After an answer was taken.
  void read_on() {
    if (!reading_.exchange(true))
      StartRead(&answer_);
  }
  void give_up() {
    given_up_ = true; // First: what comes after that is read on by whom it comes to.
    context_.TryCancel();
    read_on(); // It ends in that.
  }

private:
  void OnReadDone(bool ok) override {
    if (!ok)
      return RemoveHold();
    heard one{.node = node_, .answer = std::move(*answer_.mutable_answer())};
    reading_ = false; // From here on the next may come.
    answers_->put(std::move(one), false);
    if (given_up_)
      read_on();
  }
  void OnDone(const grpc::Status& status) override {
    const auto last = std::move(self_);
    answers_->put({.node = node_, .trouble = trouble_in(status, patience_)}, true);
  }

  const std::size_t node_;
  const std::shared_ptr<answers> answers_;
  const maybe_patience patience_;
  std::unique_ptr<pb::Cluster::Stub> stub_;
  grpc::ClientContext context_;
  pb::Answer answer_;
  std::atomic<bool> reading_{true}; ///< Or ended: then it stays so.
  std::atomic<bool> given_up_{false};
  std::shared_ptr<call> self_;
};

inquiry::inquiry(const std::vector<std::string>& addresses,
                 std::shared_ptr<const link_credentials> credentials, const question& asked,
                 maybe_patience patience)
    : answers_(std::make_shared<answers>()) {
  pb::Question message;
  message.set_cluster(asked.cluster);
  message.set_node(asked.node);
  message.set_hand(asked.hand);
  message.set_request(asked.request);
  message.set_peer(asked.peer);
  answers_->open = addresses.size();
  for (std::size_t node = 0; node < addresses.size(); ++node) {
    calls_.push_back(std::make_shared<call>(node, answers_, patience));
    calls_.back()->begin(addresses[node], *credentials, message, calls_.back());
  }
}

inquiry::~inquiry() {
  for (const auto& each : calls_)
    each->give_up();
  std::unique_lock lock(answers_->mutex);
  answers_->came.wait(lock, [this] { return answers_->open == 0; });
}

bool inquiry::wait(std::chrono::milliseconds at_most) {
  std::unique_lock lock(answers_->mutex);
  return answers_->came.wait_for(lock, at_most, [this] { return answers_->can_be_taken(); });
}

std::optional<inquiry::heard> inquiry::next() {
  std::unique_lock lock(answers_->mutex);
  answers_->came.wait(lock, [this] { return answers_->can_be_taken(); });
  if (answers_->waiting.empty())
    return std::nullopt;
  auto first = std::move(answers_->waiting.front());
  answers_->waiting.pop_front();
  lock.unlock();
  if (first.answer)
    calls_[first.node]->read_on();
  return first;
}

} // namespace weir::net
