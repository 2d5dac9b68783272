#include "net/link/question_desk.hpp"

#include "net/server_asker.hpp"

namespace weir::net {

namespace {

namespace pb = cluster::v1;

/// A node that asks.
class node_asker final : public server_asker {
public:
  node_asker(grpc::ServerContext& context, std::string peer, grpc::ServerWriter<pb::Answer>& writer)
      : server_asker(context, std::move(peer)), writer_(writer) {}

  bool tell(const std::string& answer) override {
    too_large_ = too_large_ || answer.size() > largest_answer;
    if (too_large_ || gone())
      return false;
    pb::Answer message;
    message.set_answer(answer);
    return writer_.Write(message);
  }
  bool too_large() const { return too_large_; }

private:
  grpc::ServerWriter<pb::Answer>& writer_;
  bool too_large_ = false;
};

std::size_t size_of(const pb::Question& asked) {
  return asked.cluster().size() + asked.hand().size() + asked.request().size()
         + asked.peer().size();
}

grpc::Status status_of(const error& problem) {
  return {problem.code == errc::not_found ? grpc::StatusCode::UNIMPLEMENTED
                                          : grpc::StatusCode::UNAVAILABLE,
          problem.message.substr(0, longest_reason)};
}

} // namespace

void question_desk::set_handler(question_handler handler) {
  const std::lock_guard lock(mutex_);
  handler_ = std::move(handler);
}

grpc::Status question_desk::answer(grpc::ServerContext& context, const pb::Question& asked,
                                   grpc::ServerWriter<pb::Answer>& writer) {
  if (size_of(asked) > largest_request)
    return {grpc::StatusCode::INVALID_ARGUMENT, "the question is too large"};
  if (!table_->knows(asked.cluster(), asked.node()))
    return {grpc::StatusCode::UNAUTHENTICATED, "whoever asks has no link to this node"};
  const auto handler = [this] {
    const std::lock_guard lock(mutex_);
    return handler_;
  }();
  if (!handler)
    return {grpc::StatusCode::UNAVAILABLE, "the node starts"};
  node_asker whom(context, asked.peer(), writer);
  const question taken{.cluster = asked.cluster(),
                       .node = asked.node(),
                       .hand = asked.hand(),
                       .request = asked.request(),
                       .peer = asked.peer()};
  const auto answered = handler(taken, whom);
  if (whom.too_large())
    return {grpc::StatusCode::RESOURCE_EXHAUSTED, "its answer is larger than one may be"};
  return answered ? grpc::Status::OK : status_of(answered.error());
}

} // namespace weir::net
