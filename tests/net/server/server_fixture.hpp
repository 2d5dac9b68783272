#pragma once

#include "net/server/otlp_server.hpp"

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace weir::net::tests {

inline constexpr std::chrono::seconds patience{10};

inline otlp_listener_config grpc_listener() {
  otlp_listener_config config;
  config.endpoint = "127.0.0.1:0";
  return config;
}

inline otlp_listener_config http_listener() {
  auto config = grpc_listener();
  config.grpc = false;
  config.max_message_bytes = 20 << 20;
  return config;
}

/// A server on free ports of 127.0.0.1, and what it was handed.
class server_fixture {
public:
  using answer = std::function<void(otlp_request&)>;

  explicit server_fixture(std::vector<otlp_listener_config> listeners, server_limits limits = {},
                          std::vector<signal> signals = {signal::traces, signal::metrics,
                                                         signal::logs}) {
    limits.threads = limits.threads ? limits.threads : 2;
    auto started =
        otlp_server::start({{{"otlp", std::move(listeners)}, std::move(signals)}}, limits,
                           [this](std::vector<otlp_request>&& batch) { take(std::move(batch)); });
    BOOST_REQUIRE_MESSAGE(started, (started ? "" : started.error().message));
    server = std::move(*started);
    endpoints = server->endpoints();
  }

  ~server_fixture() { server.reset(); }

  /// What is done with each request from now on; the default answers ok.
  void answer_with(answer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }

  void answer_with(otlp_reply reply) {
    answer_with([reply](otlp_request& request) { request.reply(reply); });
  }

  /// Keeps requests unanswered, for next().
  void hold() {
    answer_with([this](otlp_request& request) {
      held_.push_back(std::move(request)); // mutex_ is held
    });
  }

  /// The next request that was held.
  otlp_request next() {
    std::unique_lock lock(mutex_);
    BOOST_REQUIRE(came_.wait_for(lock, patience, [&] { return !held_.empty(); }));
    auto request = std::move(held_.front());
    held_.pop_front();
    return request;
  }

  /// Bodies of all requests so far.
  std::vector<std::string> bodies() {
    const std::lock_guard lock(mutex_);
    return bodies_;
  }

  std::vector<std::pair<std::string, std::string>> last_metadata() {
    const std::lock_guard lock(mutex_);
    return metadata_;
  }

  std::string last_client_address() {
    const std::lock_guard lock(mutex_);
    return client_address_;
  }

  std::uint16_t port(std::size_t i = 0) const {
    return static_cast<std::uint16_t>(std::stoi(endpoints[i].substr(endpoints[i].rfind(':') + 1)));
  }

  std::unique_ptr<otlp_server> server;
  std::vector<std::string> endpoints;

private:
  void take(std::vector<otlp_request>&& batch) {
    const std::lock_guard lock(mutex_);
    for (auto& request : batch) {
      bodies_.push_back(request.body);
      metadata_ = request.metadata;
      client_address_ = request.client_address;
      answer_(request);
    }
    came_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable came_;
  answer answer_ = [](otlp_request& request) { request.reply({}); };
  std::deque<otlp_request> held_;
  std::vector<std::string> bodies_;
  std::vector<std::pair<std::string, std::string>> metadata_;
  std::string client_address_;
};

} // namespace weir::net::tests
