#include "net/admin/service.hpp"

#include "core/clock.hpp"

#include <algorithm>

namespace weir::net {

namespace {

using namespace admin::v1;

constexpr unsigned max_lookers = 4;
constexpr auto look_interval = std::chrono::milliseconds(250);

grpc::StatusCode code_of(errc code) {
  switch (code) {
  case errc::not_found:
    return grpc::StatusCode::NOT_FOUND;
  case errc::invalid_argument:
    return grpc::StatusCode::INVALID_ARGUMENT;
  case errc::unsupported:
    return grpc::StatusCode::FAILED_PRECONDITION;
  case errc::unavailable:
  case errc::full:
    return grpc::StatusCode::UNAVAILABLE;
  default:
    return grpc::StatusCode::INTERNAL;
  }
}

/// How far `id` is; done also where nobody knows it any more.
LeaveProgress progress_of(const Cluster& cluster, const std::string& id) {
  LeaveProgress progress;
  progress.set_node(id);
  const auto& all = cluster.members();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Member& m) { return m.id() == id; });
  progress.set_state(found == all.end() ? "left" : found->state());
  progress.set_done(progress.state() == "left" || progress.state() == "down");
  if (found != all.end() && found->self()) {
    progress.set_share(cluster.leaving());
    progress.set_open_slots(cluster.open_slots());
    progress.set_unsent_slots(cluster.unsent_slots());
  }
  return progress;
}

} // namespace

grpc::Status admin_service::admit(const grpc::ServerContext& context) const {
  if (!tokens_)
    return grpc::Status::OK;
  const auto& said = context.client_metadata();
  const auto found = said.find("authorization");
  if (found != said.end()
      && tokens_->accept({found->second.data(), found->second.size()}, steady_now()))
    return grpc::Status::OK;
  return {grpc::StatusCode::UNAUTHENTICATED,
          found == said.end() ? "a token is wanted" : "the token is not one of this node's"};
}

grpc::Status admin_service::Status(grpc::ServerContext* context, const StatusRequest*,
                                   StatusResponse* response) {
  if (auto admitted = admit(*context); !admitted.ok())
    return admitted;
  *response = source_.status();
  return grpc::Status::OK;
}

grpc::Status admin_service::Members(grpc::ServerContext* context, const MembersRequest*,
                                    MembersResponse* response) {
  if (auto admitted = admit(*context); !admitted.ok())
    return admitted;
  if (auto cluster = source_.cluster())
    *response->mutable_cluster() = *std::move(cluster);
  return grpc::Status::OK;
}

grpc::Status admin_service::Leave(grpc::ServerContext* context, const LeaveRequest* request,
                                  grpc::ServerWriter<LeaveProgress>* writer) {
  if (auto admitted = admit(*context); !admitted.ok())
    return admitted;
  if (!begin_looking())
    return {grpc::StatusCode::RESOURCE_EXHAUSTED, "others look on already: try again later"};
  auto ended = grpc::Status::OK;
  if (const auto id = source_.leave(request->node()))
    ended = look_on(*id, *context, *writer);
  else
    ended = {code_of(id.error().code), id.error().message};
  end_looking();
  return ended;
}

grpc::Status admin_service::look_on(const std::string& id, grpc::ServerContext& context,
                                    grpc::ServerWriter<LeaveProgress>& writer) {
  for (;;) {
    const auto cluster = source_.cluster();
    const auto progress = progress_of(cluster.value_or(Cluster()), id);
    if (!writer.Write(progress) || context.IsCancelled())
      return grpc::Status::CANCELLED;
    if (progress.done())
      return grpc::Status::OK;
    if (!pause())
      return {grpc::StatusCode::UNAVAILABLE, "the node that was asked ends"};
  }
}

bool admin_service::begin_looking() {
  const std::lock_guard guard(mutex_);
  if (lookers_ == max_lookers)
    return false;
  ++lookers_;
  return true;
}

void admin_service::end_looking() {
  const std::lock_guard guard(mutex_);
  --lookers_;
}

bool admin_service::pause() {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, look_interval, [this] { return ending_; });
}

void admin_service::end() {
  {
    const std::lock_guard guard(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
}

} // namespace weir::net
