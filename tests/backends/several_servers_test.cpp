#include "backends/endpoint_turns.hpp"
#include "backends/otlp_grpc.hpp"
#include "backends/otlp_http.hpp"
#include "fake_grpc_server.hpp"
#include "fake_http_server.hpp"
#include "net/client/grpc_client.hpp"
#include "net/client/name_resolver.hpp"
#include "waiting.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <map>

using namespace std::chrono_literals;
using weir::net::grpc_client;
using weir::net::grpc_client_config;
using weir::net::grpc_code;
using weir::net::grpc_reply;
using weir::test::fake_grpc_server;
using weir::test::fake_http_server;
using outcome_kind = weir::backends::outcome::kind;

namespace {

// A name server of our own: what "servers" leads to, and how often it was asked.
class fake_resolver final : public weir::net::name_resolver {
public:
  void resolve(const std::string& host, const std::string&, on_addresses done) override {
    ++asked;
    const std::lock_guard guard(mutex_);
    if (ports_.empty())
      return done(weir::fail(weir::errc::unavailable, "cannot resolve " + host + ": no such name"));
    addresses found;
    for (const auto& [host_text, port] : ports_)
      found.emplace_back(boost::asio::ip::make_address(host_text), port);
    done(found);
  }
  void cancel() override {}

  void lead_to(std::initializer_list<const fake_grpc_server*> servers) {
    const std::lock_guard guard(mutex_);
    ports_.clear();
    for (const auto* s : servers) {
      const auto endpoint = s->endpoint();
      ports_.emplace_back(endpoint.substr(0, endpoint.find(':')),
                          static_cast<unsigned short>(s->port()));
    }
  }

  std::atomic<int> asked = 0;

private:
  std::mutex mutex_;
  std::vector<std::pair<std::string, unsigned short>> ports_;
};

// A server that counts, and answers as it is told.
struct counting_server {
  explicit counting_server(fake_grpc_server::options o = {})
      : server(o, [this](const auto&) {
          ++calls;
          const std::lock_guard guard(mutex);
          return answer;
        }) {}

  void say(fake_grpc_server::answer a) {
    const std::lock_guard guard(mutex);
    answer = std::move(a);
  }

  std::atomic<int> calls = 0;
  std::mutex mutex;
  fake_grpc_server::answer answer;
  fake_grpc_server server;
};

struct fixture {
  std::shared_ptr<fake_resolver> names = std::make_shared<fake_resolver>();
  std::unique_ptr<grpc_client> client;

  void start(grpc_client_config config = {}) {
    config.endpoint = "http://servers:1";
    config.resolver = names;
    auto made = grpc_client::start(std::move(config));
    BOOST_REQUIRE(made);
    client = std::move(*made);
  }

  grpc_reply call() const {
    weir::test::inbox<grpc_reply> replies;
    client->call("/a/b", weir::shared_bytes(std::string("x")),
                 [&](grpc_reply r) { replies.put(std::move(r)); });
    return replies.wait(1)[0];
  }

  void calls(int count) const {
    for (int i = 0; i < count; ++i) {
      const auto reply = call();
      BOOST_TEST_REQUIRE((reply.code == grpc_code::ok), reply.message);
    }
  }

  // Calls (that must all succeed) until something holds.
  template <class Condition>
  void call_until(Condition&& holds) const {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!holds() && std::chrono::steady_clock::now() < end)
      calls(1);
    BOOST_TEST(holds());
  }
};

} // namespace

// Exporters whose name leads to several servers, and those that name several.
BOOST_FIXTURE_TEST_SUITE(several_servers_test, fixture)

// Scenario: a name with three addresses (one of them 127.0.0.2). Guarantee: a connection to each,
// and calls in turn: once all are connected, exactly a third each.
BOOST_AUTO_TEST_CASE(calls_go_to_all_in_turn) {
  counting_server a, b, c({.host = "127.0.0.2"});
  names->lead_to({&a.server, &b.server, &c.server});
  start();
  call_until([&] { return a.calls > 0 && b.calls > 0 && c.calls > 0; });
  const int before[] = {a.calls, b.calls, c.calls};
  calls(30);
  BOOST_TEST(a.calls - before[0] == 10);
  BOOST_TEST(b.calls - before[1] == 10);
  BOOST_TEST(c.calls - before[2] == 10);
  BOOST_TEST(names->asked == 1);
}

// Scenario: of two servers one is not there from the start, comes up, goes down and comes up again,
// under calls. Guarantee: no call fails but those in flight when it goes (none here); it gets its
// share again each time.
BOOST_AUTO_TEST_CASE(one_that_is_down_is_left_out_and_tried_again) {
  counting_server a;
  auto b = std::make_unique<counting_server>();
  const auto port = b->server.port();
  names->lead_to({&a.server, &b->server});
  b.reset();
  start({.reconnect_max = 50ms});
  calls(10);
  for (int round = 0; round < 2; ++round) {
    b = std::make_unique<counting_server>(fake_grpc_server::options{.port = port});
    call_until([&] { return b->calls > 5; });
    b.reset();
    // The first call may meet a connection whose end was not read yet.
    for (int i = 0; i < 20; ++i) {
      const auto reply = call();
      BOOST_TEST((reply.code == grpc_code::ok || i == 0), reply.message);
    }
  }
}

// Scenario: the name leads elsewhere after a while; then it cannot be resolved any more. Guarantee:
// calls follow it without one that fails; and stay where they were when the name is gone.
BOOST_AUTO_TEST_CASE(names_are_resolved_again) {
  counting_server a, b;
  names->lead_to({&a.server});
  start({.resolve_interval = 20ms});
  calls(5);
  names->lead_to({&b.server});
  call_until([&] { return b.calls > 0; });
  const int before = a.calls;
  calls(20);
  BOOST_TEST(a.calls == before);
  names->lead_to({});
  const int asked = names->asked;
  call_until([&] { return names->asked > asked + 1; });
  calls(5);
}

// Scenario: no interval; the only server goes away and the name leads to another by then.
// Guarantee: the name is asked again, and calls get through by themselves when they are repeated.
BOOST_AUTO_TEST_CASE(a_broken_connection_asks_for_the_name_again) {
  auto a = std::make_unique<counting_server>();
  counting_server b;
  names->lead_to({&a->server});
  start({.resolve_interval = 0ms, .reconnect_max = 50ms});
  calls(3);
  names->lead_to({&b.server});
  a.reset();
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (b.calls == 0 && std::chrono::steady_clock::now() < end)
    call();
  BOOST_TEST(b.calls > 0);
  BOOST_TEST(names->asked == 2);
}

// Scenario: a name that leads nowhere, then to a server. Guarantee: calls fail with the reason,
// then pass.
BOOST_AUTO_TEST_CASE(a_name_that_leads_nowhere_is_asked_again) {
  counting_server a;
  start({.timeout = 5s, .reconnect_max = 50ms});
  const auto reply = call();
  BOOST_TEST((reply.code == grpc_code::unavailable));
  BOOST_TEST(reply.message.find("cannot resolve servers") != std::string::npos, reply.message);
  names->lead_to({&a.server});
  calls(2);
}

// Scenario: one of two servers answers UNAVAILABLE, wishing to be left alone for a second (in both
// trailers). Guarantee: the other gets the calls meanwhile, and the wish is not passed on: the
// exporter may go on at once. When it is the only one left, it is asked, and its wish is.
BOOST_AUTO_TEST_CASE(one_that_refuses_is_left_out) {
  counting_server a, b;
  names->lead_to({&a.server, &b.server});
  start();
  call_until([&] { return a.calls > 0 && b.calls > 0; });
  // google.rpc.RetryInfo {retry_delay: {seconds: 1}}
  const fake_grpc_server::answer busy{
      .code = 14, .text = "busy", .trailers = {{"google.rpc.retryinfo-bin", "\x0a\x02\x08\x01"}}};
  a.say(busy);
  int refused = 0;
  for (int i = 0; i < 20; ++i)
    if (const auto reply = call(); reply.code != grpc_code::ok) {
      ++refused;
      BOOST_TEST(!reply.retry_delay.has_value());
    }
  BOOST_TEST(refused == 1);
  b.say(busy);
  grpc_reply last;
  for (int i = 0; i < 3; ++i)
    last = call();
  BOOST_TEST((last.code == grpc_code::unavailable));
  BOOST_TEST(last.retry_delay.value_or(0ms).count() == 1000);
}

// Scenario: pick_first with two servers; the one in use goes away. Guarantee: only one is used at a
// time, then the other.
BOOST_AUTO_TEST_CASE(pick_first_uses_one) {
  auto a = std::make_unique<counting_server>();
  counting_server b;
  names->lead_to({&a->server, &b.server});
  start({.balancer = weir::net::balancer::pick_first});
  calls(10);
  BOOST_TEST(a->calls == 10);
  BOOST_TEST(b.calls == 0);
  a.reset();
  call(); // May meet the broken connection.
  calls(5);
  BOOST_TEST(b.calls >= 5);
}

// Scenario: one of two servers holds every call open. Guarantee: of eight calls in flight it gets
// four, and the other serves hundreds meanwhile.
BOOST_AUTO_TEST_CASE(a_stalled_server_does_not_take_all) {
  counting_server a, b;
  names->lead_to({&a.server, &b.server});
  start({.timeout = 60s});
  call_until([&] { return a.calls > 0 && b.calls > 0; });
  a.say({.never = true});
  const int before = a.calls;
  weir::test::inbox<grpc_reply> replies;
  std::atomic<int> left = 300;
  std::function<void()> next = [&] {
    if (left-- > 0)
      client->call("/a/b", weir::shared_bytes(std::string("x")), [&](grpc_reply r) {
        replies.put(std::move(r));
        next();
      });
  };
  for (int i = 0; i < 8; ++i)
    next();
  replies.wait(290);
  BOOST_TEST(a.calls - before <= 5);
  client->stop();
}

// Scenario: an otlp exporter that names a second endpoint. Guarantee: both get requests.
BOOST_AUTO_TEST_CASE(an_otlp_exporter_takes_several_endpoints) {
  counting_server a, b({.host = "127.0.0.2"});
  auto sender =
      weir::backends::make_otlp_grpc_sender("otlp/two", {.endpoint = a.server.endpoint(),
                                                         .endpoints = {b.server.endpoint()},
                                                         .tls = {.insecure = true}});
  BOOST_REQUIRE(sender);
  for (int i = 0; i < 2000 && (a.calls < 5 || b.calls < 5); ++i)
    BOOST_TEST_REQUIRE(
        (weir::test::send_and_wait(**sender, "x").answer == outcome_kind::delivered));
  BOOST_TEST(a.calls >= 5);
  BOOST_TEST(b.calls >= 5);
}

// Scenario: an otlphttp exporter with three base URLs; one answers 503 with Retry-After, one is not
// there. Guarantee: requests in turn; those that fail are left out, and only their first requests
// come back as failed, without the wish, while another is well.
BOOST_AUTO_TEST_CASE(an_otlphttp_exporter_takes_several_endpoints) {
  std::map<std::string, int> seen;
  std::mutex mutex;
  const auto count = [&](const char* bytes, fake_http_server::answer a) {
    return [&, bytes, a = std::move(a)](const auto& r) {
      const std::lock_guard guard(mutex);
      ++seen[bytes + r.target];
      return a;
    };
  };
  fake_http_server a(count("a", {})), b(count("b", {}));
  fake_http_server busy(count("busy", {.status = 503, .headers = {{"Retry-After", "20"}}}));
  const auto nobody = [] {
    return fake_http_server([](const auto&) { return fake_http_server::answer{}; }).url();
  }();
  auto sender = weir::backends::make_otlp_http_sender(
      "otlphttp/four", {.endpoint = a.url(),
                        .endpoints = {b.url() + "/x/", busy.url(), nobody},
                        .compression = "none"});
  BOOST_REQUIRE(sender);
  int failed = 0;
  for (int i = 0; i < 22; ++i) {
    const auto out = weir::test::send_and_wait(**sender, "x");
    failed += out.answer == outcome_kind::retry ? 1 : 0;
    BOOST_TEST(!out.retry_after.has_value());
  }
  const std::lock_guard guard(mutex);
  BOOST_TEST(failed >= 2);
  BOOST_TEST(failed <= 6); // The one that is not there is tried again now and then.
  BOOST_TEST(seen["busy/v1/traces"] == 1);
  BOOST_TEST(std::abs(seen["a/v1/traces"] - seen["b/x/v1/traces"]) <= 1);
}

BOOST_AUTO_TEST_SUITE_END()
