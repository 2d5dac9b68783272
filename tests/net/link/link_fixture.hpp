#pragma once

#include "net/link/client.hpp"
#include "net/link/server.hpp"

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <vector>

namespace weir::net::tests {

inline constexpr std::chrono::seconds patience{20};

/// What comes on gRPC's threads, for the test's.
template <class T>
class arrivals {
public:
  void put(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    came_.notify_all();
  }
  /// The next; the test fails where none comes.
  T next() {
    std::unique_lock lock(mutex_);
    if (!came_.wait_for(lock, patience, [this] { return !values_.empty(); }))
      throw std::runtime_error("nothing came in time");
    auto value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return values_.size();
  }

private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<T> values_;
};

struct recorded_session : session_events {
  void received(cluster::link_message message) override { messages.put(std::move(message)); }
  void closed(const std::string& reason) override { reasons.put(reason); }

  std::shared_ptr<link_session> session; ///< Set before anything comes.
  cluster::hello hello;
  std::string peer;
  arrivals<cluster::link_message> messages;
  arrivals<std::string> reasons;
};

struct recorded_link : link_events {
  void opened(const cluster::welcome& welcome) override { welcomes.put(welcome); }
  void received(cluster::link_answer answer) override { answers.put(std::move(answer)); }
  void closed(const std::string& reason, bool refused) override { ends.put({reason, refused}); }

  arrivals<cluster::welcome> welcomes;
  arrivals<cluster::link_answer> answers;
  arrivals<std::pair<std::string, bool>> ends;
};

inline std::shared_ptr<const link_credentials> credentials_of(link_tls tls) {
  auto opened = link_credentials::open(std::move(tls));
  BOOST_REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
  return *opened;
}

inline std::shared_ptr<const link_credentials> plain_text() {
  return credentials_of({.insecure = true});
}

inline cluster::hello hello_of(node_id node) {
  cluster::hello hello;
  hello.cluster = "blue";
  hello.node = node;
  hello.boot = 7;
  hello.address = "127.0.0.1:1";
  hello.release = "test";
  return hello;
}

/// A node that lets in whoever is of the cluster blue.
class listening_node {
public:
  explicit listening_node(std::shared_ptr<const link_credentials> credentials = plain_text(),
                          link_limits limits = {}, std::string listen = "127.0.0.1:0") {
    auto started = link_server::start({std::move(listen), std::move(credentials), limits},
                                      [this](auto session, const auto& hello, const auto& peer) {
                                        return take(std::move(session), hello, peer);
                                      });
    BOOST_REQUIRE_MESSAGE(started, (started ? "" : started.error().message));
    server = std::move(*started);
  }
  ~listening_node() { server.reset(); }

  std::unique_ptr<link_server> server;
  arrivals<std::shared_ptr<recorded_session>> sessions;
  bool answers_hellos = true; ///< Set before anybody says one.

private:
  std::shared_ptr<session_events> take(std::shared_ptr<link_session> session,
                                       const cluster::hello& hello, const std::string& peer) {
    auto events = std::make_shared<recorded_session>();
    events->session = session;
    events->hello = hello;
    events->peer = peer;
    if (answers_hellos && hello.cluster == "blue")
      session->accept({1, 3, cluster::newest_protocol, 99});
    else if (answers_hellos)
      session->refuse("it is of cluster " + hello.cluster);
    sessions.put(events);
    return events;
  }
};

/// A link, and what it hears.
struct made_link {
  explicit made_link(const std::string& address, cluster::hello hello = hello_of(2),
                     std::shared_ptr<const link_credentials> credentials = plain_text(),
                     link_limits limits = {})
      : client({address, std::move(credentials), limits}, std::move(hello), events) {}

  std::shared_ptr<recorded_link> events = std::make_shared<recorded_link>();
  link_client client;
};

/// A link can be made and used.
inline void good_link_works(listening_node& node,
                            std::shared_ptr<const link_credentials> credentials = plain_text()) {
  made_link link(node.server->endpoint(), hello_of(77), std::move(credentials));
  link.events->welcomes.next();
  auto session = node.sessions.next();
  while (session->hello.node != 77)
    session = node.sessions.next();
  link.client.send(cluster::forgotten{5, 6});
  BOOST_TEST((std::get<cluster::forgotten>(session->messages.next()) == cluster::forgotten{5, 6}));
  session->session->send(cluster::taken{8});
  BOOST_TEST((std::get<cluster::taken>(link.events->answers.next()) == cluster::taken{8}));
}

} // namespace weir::net::tests
