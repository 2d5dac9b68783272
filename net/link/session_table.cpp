#include "net/link/session.hpp"

#include <algorithm>
#include <random>

namespace weir::net {

namespace {

/// Nobody guesses it: of the system's randomness.
std::string make_token() {
  std::random_device random;
  std::string token(token_bytes, '\0');
  for (auto& byte : token)
    byte = static_cast<char>(random());
  return token;
}

} // namespace

std::string session_table::enter(kind kind) {
  const std::lock_guard lock(mutex_);
  if (stopped_)
    return "the node stops";
  auto& count = streams_[static_cast<std::size_t>(kind)];
  if (count >= limits_.sessions)
    return "more links than the node takes";
  ++count;
  return {};
}

void session_table::leave(kind kind) {
  const std::lock_guard lock(mutex_);
  --streams_[static_cast<std::size_t>(kind)];
}

void session_table::add(const std::shared_ptr<session>& session) {
  const std::lock_guard lock(mutex_);
  sessions_.emplace(session.get(), session);
}

std::string session_table::issue(const std::shared_ptr<session>& session) {
  auto token = make_token();
  const std::lock_guard lock(mutex_);
  if (!sessions_.contains(session.get()))
    return {};
  tokens_.emplace(token, session.get());
  return token;
}

std::shared_ptr<session> session_table::take(const std::string& token) {
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.extract(token);
  if (found.empty())
    return nullptr;
  const auto owner = sessions_.find(found.mapped());
  return owner == sessions_.end() ? nullptr : owner->second.lock();
}

void session_table::let_in(const session* session, const cluster::hello& word) {
  const std::lock_guard lock(mutex_);
  if (sessions_.contains(session))
    let_in_[session] = {word.cluster, word.node};
}

bool session_table::knows(const std::string& cluster, node_id node) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(let_in_.begin(), let_in_.end(), [&](const auto& each) {
    return each.second.second == node && each.second.first == cluster;
  });
}

void session_table::remove(const session* session) {
  const std::lock_guard lock(mutex_);
  let_in_.erase(session);
  sessions_.erase(session);
  std::erase_if(tokens_, [session](const auto& item) { return item.second == session; });
}

void session_table::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  for (const auto& session : all())
    session->close("the node stops");
}

void session_table::silence() {
  for (const auto& session : all())
    session->silence();
}

std::vector<std::shared_ptr<session>> session_table::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<session>> result;
  for (const auto& [key, weak] : sessions_)
    if (auto session = weak.lock())
      result.push_back(std::move(session));
  return result;
}

} // namespace weir::net
