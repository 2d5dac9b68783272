#include "net/client/grpc_client_servers.hpp"

#include "net/client/dns_resolver.hpp"

#include <algorithm>
#include <prometheus/gauge.h>
#include <utility>

namespace weir::net {

namespace {

constexpr std::size_t most_channels = 64;
constexpr steady_ns resolve_again = second_ns; // At most so often, however much breaks.

} // namespace

grpc_client_servers::grpc_client_servers(boost::asio::io_context& io,
                                         const grpc_client_config& config,
                                         std::vector<grpc_endpoint> endpoints,
                                         std::shared_ptr<boost::asio::ssl::context> tls)
    : io_(io), config_(config), endpoints_(std::move(endpoints)), tls_(std::move(tls)),
      resolver_(config.resolver ? config.resolver : make_system_resolver(io)), retry_timer_(io),
      rounds_(config.reconnect_max) {
  for (const auto& endpoint : endpoints_) {
    const bool asks = endpoint.name_server && !endpoint.proxy;
    own_resolvers_.push_back(asks ? make_dns_resolver(io, *endpoint.name_server) : nullptr);
  }
}

name_resolver& grpc_client_servers::resolver_of(std::size_t endpoint) const {
  const auto& own = own_resolvers_[endpoint];
  return own ? *own : *resolver_;
}

void grpc_client_servers::begin(events events) {
  events_ = std::move(events);
}

bool grpc_client_servers::connected() const noexcept {
  return std::any_of(channels_.begin(), channels_.end(),
                     [](const channel_ptr& c) { return c->connection() != nullptr; });
}

grpc_client_servers::connection_ptr grpc_client_servers::next() {
  const auto now = steady_now();
  // First without those that had better be left alone; with them where there is no other.
  for (const bool all : {false, true}) {
    const auto chosen =
        turns_.next(channels_.size(), [&](std::size_t i) -> std::optional<std::size_t> {
          const auto& channel = *channels_[i];
          if (!channel.connection() || (!all && channel.left_out(now)))
            return std::nullopt;
          const auto& session = channel.connection()->session();
          const auto open = session.open_streams();
          if (!session.accepts_requests() || open >= session.max_streams())
            return std::nullopt;
          return open;
        });
    if (chosen)
      return channels_[*chosen]->connection();
  }
  return nullptr;
}

void grpc_client_servers::note(const connection_ptr& connection, grpc_reply& reply) {
  const auto it = std::find_if(channels_.begin(), channels_.end(),
                               [&](const channel_ptr& c) { return c->connection() == connection; });
  if (it == channels_.end())
    return;
  if (reply.code != grpc_code::unavailable)
    return (*it)->answered();
  const auto now = steady_now();
  (*it)->refused(now, reply.retry_delay.value_or(milliseconds(0)));
  if (std::any_of(channels_.begin(), channels_.end(), [&](const channel_ptr& c) {
        return c->connection() != nullptr && c != *it && !c->left_out(now);
      }))
    reply.retry_delay = std::nullopt;
}

void grpc_client_servers::tend(bool waiting) {
  if (closed_)
    return;
  const auto now = steady_now();
  if (resolve_due(now))
    resolve(now);
  connect_due(now);
  if (waiting)
    arm_retry(now);
}

bool grpc_client_servers::resolve_due(steady_ns now) const {
  if (answers_missing_ > 0 || !rounds_.over(now))
    return false;
  const auto age = now - last_round_;
  const auto interval = config_.resolve_interval.count() * millisecond_ns;
  return channels_.empty() || (resolve_wanted_ && age >= resolve_again)
         || (interval > 0 && age >= interval);
}

void grpc_client_servers::resolve(steady_ns now) {
  last_round_ = now;
  resolve_wanted_ = false;
  answers_missing_ = endpoints_.size();
  answers_.assign(endpoints_.size(), name_resolver::addresses());
  ++round_;
  for (std::size_t i = 0; i < endpoints_.size(); ++i)
    resolver_of(i).resolve(
        endpoints_[i].next_host(), endpoints_[i].next_port(),
        [this, i, round = round_](auto found) { on_resolved(i, round, std::move(found)); });
}

void grpc_client_servers::on_resolved(std::size_t endpoint, std::uint64_t round,
                                      result<name_resolver::addresses> found) {
  if (closed_ || round != round_ || answers_missing_ == 0)
    return;
  answers_[endpoint] = std::move(found);
  if (--answers_missing_ > 0)
    return;
  use_addresses();
  const auto now = steady_now();
  if (channels_.empty()) {
    rounds_.failed(now);
    events_.none_left(last_error_);
  } else {
    rounds_.succeeded();
    connect_due(now);
  }
  events_.progress();
}

// A name that could not be resolved keeps the addresses it had.
void grpc_client_servers::use_addresses() {
  std::vector<channel_ptr> kept, fresh;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if (!answers_[i]) {
      last_error_ = answers_[i].error().message;
      continue;
    }
    for (const auto& address : *answers_[i]) {
      const auto same = [&](const channel_ptr& c) {
        return c->address() == address && &c->where() == &endpoints_[i];
      };
      if (std::any_of(kept.begin(), kept.end(), same)
          || std::any_of(fresh.begin(), fresh.end(), same))
        continue;
      const auto known = std::find_if(channels_.begin(), channels_.end(), same);
      if (known != channels_.end())
        kept.push_back(*known);
      else if (fresh.size() < most_channels)
        fresh.push_back(make_channel(address, endpoints_[i]));
    }
  }
  for (const auto& c : channels_) {
    const auto index = static_cast<std::size_t>(&c->where() - endpoints_.data());
    if (std::find(kept.begin(), kept.end(), c) != kept.end())
      continue;
    if (!answers_[index])
      kept.push_back(c);
    else if (auto connection = c->retire())
      draining_.push_back(std::move(connection));
    else
      c->close();
  }
  kept.insert(kept.end(), fresh.begin(), fresh.end());
  if (kept.size() > most_channels)
    kept.resize(most_channels);
  channels_ = std::move(kept);
  show_connections();
}

grpc_client_servers::channel_ptr
grpc_client_servers::make_channel(const grpc_client_channel::address_type& address,
                                  const grpc_endpoint& endpoint) {
  return std::make_shared<grpc_client_channel>(
      io_, address, endpoint, endpoint.plain ? nullptr : tls_, config_,
      grpc_client_channel::events{
          .progress = [this] { events_.progress(); },
          .failed = [this](const std::string& reason) { on_failed(reason); },
          .lost =
              [this](const connection_ptr& which, const std::string& reason) {
                std::erase(draining_, which);
                resolve_wanted_ = true;
                show_connections();
                events_.lost(which, reason);
              }});
}

void grpc_client_servers::connect_due(steady_ns now) {
  const std::size_t most = config_.balancer == balancer::pick_first ? 1 : most_channels;
  auto have = static_cast<std::size_t>(
      std::count_if(channels_.begin(), channels_.end(), [](const channel_ptr& c) {
        return c->connection() != nullptr || c->connecting();
      }));
  for (const auto& c : channels_)
    if (have < most && c->due(now)) {
      c->connect();
      ++have;
    }
}

void grpc_client_servers::on_failed(const std::string& reason) {
  last_error_ = reason;
  resolve_wanted_ = resolve_wanted_ || !connected();
  connect_due(steady_now()); // With pick_first: the next one.
  const bool hope = std::any_of(channels_.begin(), channels_.end(), [](const channel_ptr& c) {
    return c->connection() != nullptr || c->connecting();
  });
  if (!hope)
    events_.none_left(last_error_);
  events_.progress();
}

// Calls wait: nothing else would wake us when a pause is over.
void grpc_client_servers::arm_retry(steady_ns now) {
  auto due = channels_.empty() ? rounds_.until() : steady_ns{0};
  for (const auto& c : channels_) {
    if (c->connection() != nullptr || c->connecting())
      return; // It will say something.
    due = due == 0 ? c->due_at() : std::min(due, c->due_at());
  }
  if (answers_missing_ > 0 && channels_.empty())
    return;
  retry_timer_.expires_after(std::chrono::nanoseconds(std::max<steady_ns>(due - now, 0)));
  retry_timer_.async_wait([this](boost::system::error_code ec) {
    if (!ec && !closed_)
      events_.progress();
  });
}

void grpc_client_servers::tidy() {
  for (const auto& c : channels_)
    if (c->connection() && !c->connection()->session().accepts_requests())
      draining_.push_back(c->retire());
  std::erase_if(draining_, [](const connection_ptr& c) {
    if (c->session().open_streams() > 0)
      return false;
    c->close();
    return true;
  });
  show_connections();
}

void grpc_client_servers::flush() {
  for (std::size_t i = 0; i < channels_.size(); ++i) // A flush may end a connection.
    if (const auto connection = channels_[i]->connection())
      connection->flush();
}

void grpc_client_servers::show_connections() const {
  if (config_.connections != nullptr)
    config_.connections->Set(static_cast<double>(
        std::count_if(channels_.begin(), channels_.end(),
                      [](const channel_ptr& c) { return c->connection() != nullptr; })));
}

void grpc_client_servers::close() {
  closed_ = true;
  resolver_->cancel();
  for (const auto& own : own_resolvers_)
    if (own)
      own->cancel();
  retry_timer_.cancel();
  for (const auto& c : std::exchange(channels_, {}))
    c->close();
  for (const auto& c : std::exchange(draining_, {}))
    c->close();
  show_connections();
}

} // namespace weir::net
