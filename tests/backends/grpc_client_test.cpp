#include "net/client/grpc_client.hpp"

#include "raw_h2_server.hpp"
#include "waiting.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <thread>

using namespace std::chrono_literals;
using weir::net::grpc_client;
using weir::net::grpc_client_config;
using weir::net::grpc_code;
using weir::net::grpc_reply;
using weir::test::raw_h2_server;

namespace {

std::unique_ptr<grpc_client> client_of(const raw_h2_server& server,
                                       grpc_client_config config = {}) {
  config.endpoint = "http://" + server.endpoint();
  auto made = grpc_client::start(std::move(config));
  BOOST_REQUIRE(made);
  return std::move(*made);
}

void call(grpc_client& client, weir::test::inbox<grpc_reply>& replies, std::size_t size = 10) {
  client.call("/a/b", weir::shared_bytes(std::string(size, 'x')),
              [&](grpc_reply r) { replies.put(std::move(r)); });
}

// A proxy for one connection: notes what it is asked, answers `answer`, and goes on to the server.
class one_tunnel {
public:
  one_tunnel(const raw_h2_server& server, std::string answer)
      : thread_([this, to = server.endpoint(), answer = std::move(answer)] { run(to, answer); }) {}
  ~one_tunnel() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    thread_.join();
  }

  std::string url() const {
    return "http://user:pass@127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  weir::test::inbox<std::string> asked;

private:
  using tcp = boost::asio::ip::tcp;

  void run(const std::string& out, const std::string& answer) {
    boost::system::error_code ec;
    tcp::socket client(io_), server(io_);
    acceptor_.accept(client, ec);
    std::string head;
    boost::asio::read_until(client, boost::asio::dynamic_buffer(head), "\r\n\r\n", ec);
    asked.put(head);
    const auto port = static_cast<std::uint16_t>(std::stoi(out.substr(out.rfind(':') + 1)));
    server.connect({boost::asio::ip::address_v4::loopback(), port}, ec);
    boost::asio::write(client, boost::asio::buffer(answer), ec);
    std::thread back([&] { pump(server, client); });
    pump(client, server);
    back.join();
  }

  static void pump(tcp::socket& source, tcp::socket& target) {
    boost::system::error_code ec;
    for (std::string bytes(65'536, ' '); !ec;) {
      const auto size = source.read_some(boost::asio::buffer(bytes), ec);
      boost::system::error_code gone;
      boost::asio::write(target, boost::asio::buffer(bytes, size), gone);
    }
    target.shutdown(tcp::socket::shutdown_both, ec);
    source.shutdown(tcp::socket::shutdown_both, ec);
  }

  boost::asio::io_context io_;
  tcp::acceptor acceptor_{io_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  std::thread thread_;
};

// Answers every request OK, for ever.
void serve(raw_h2_server::connection& c) {
  while (true)
    if (const auto f = c.read(); f.type == raw_h2_server::data && (f.flags & 1) != 0)
      c.answer(f.stream, 0);
}

} // namespace

// How the client lives with servers that go away, reset, fall silent or lie. The server is our own,
// frame by frame.
BOOST_AUTO_TEST_SUITE(grpc_client_test)

// Scenario: two calls; the server answers the first, and goes away saying that it saw only that
// one. Guarantee: the second is sent again by itself on a new connection.
BOOST_AUTO_TEST_CASE(calls_above_goaways_last_stream_go_to_a_new_connection) {
  raw_h2_server server([](auto& c, int number) {
    if (number > 1)
      return serve(c);
    c.read(raw_h2_server::data);
    c.read(raw_h2_server::data);
    c.go_away(1, 0, "max_age");
    c.answer(1, 0);
    serve(c);
  });
  auto client = client_of(server);
  weir::test::inbox<grpc_reply> replies;
  call(*client, replies);
  call(*client, replies);
  for (const auto& r : replies.wait(2))
    BOOST_TEST((r.code == grpc_code::ok), r.message);
  BOOST_TEST(server.connections() == 2);
}

// Scenario: the server refuses streams (REFUSED_STREAM) twice, then for ever. Guarantee: sent again
// by itself, then UNAVAILABLE.
BOOST_AUTO_TEST_CASE(refused_streams_are_sent_again_a_few_times) {
  for (const int refusals : {2, 1000}) {
    raw_h2_server server([refusals](auto& c, int) {
      for (int i = 0;; ++i) {
        const auto f = c.read(raw_h2_server::headers);
        if (i < refusals)
          c.write({.type = raw_h2_server::rst_stream,
                   .stream = f.stream,
                   .payload = std::string("\0\0\0\7", 4)});
        else
          c.answer(f.stream, 0);
      }
    });
    auto client = client_of(server);
    weir::test::inbox<grpc_reply> replies;
    call(*client, replies);
    const auto reply = replies.wait(1)[0];
    BOOST_TEST((reply.code == (refusals == 2 ? grpc_code::ok : grpc_code::unavailable)),
               reply.message);
  }
}

// Scenario: the connection is cut with calls in flight. Guarantee: UNAVAILABLE with a reason (they
// may have been taken, so they are not sent again by themselves); the next call uses a new
// connection.
BOOST_AUTO_TEST_CASE(a_cut_connection_ends_its_calls) {
  raw_h2_server server([](auto& c, int number) {
    if (number > 1)
      return serve(c);
    c.read(raw_h2_server::data);
  });
  auto client = client_of(server);
  weir::test::inbox<grpc_reply> replies;
  call(*client, replies);
  BOOST_TEST((replies.wait(1)[0].code == grpc_code::unavailable));
  BOOST_TEST(replies.wait(1)[0].message.find("connection") != std::string::npos);
  call(*client, replies);
  BOOST_TEST((replies.wait(2)[1].code == grpc_code::ok));
}

// Scenario: the server allows two streams at once; ten calls. Guarantee: never more than two are
// open, and all are answered.
BOOST_AUTO_TEST_CASE(the_servers_limit_of_streams_is_kept) {
  std::atomic<int> most = 0;
  raw_h2_server server(
      [&](auto& c, int) {
        // The client's first flight may come before it has seen our SETTINGS: one call first.
        c.answer(c.read(raw_h2_server::data).stream, 0);
        for (int done = 0; done < 10;) {
          const auto a = c.read(raw_h2_server::data).stream;
          const auto b = c.read(raw_h2_server::data).stream;
          c.write({.type = raw_h2_server::ping, .payload = std::string(8, 'p')});
          int open = 2;
          for (auto f = c.read(); f.type != raw_h2_server::ping; f = c.read())
            open += f.type == raw_h2_server::headers ? 1 : 0;
          most = std::max<int>(most, open);
          c.answer(a, 0);
          c.answer(b, 0);
          done += 2;
        }
        serve(c);
      },
      2);
  auto client = client_of(server);
  weir::test::inbox<grpc_reply> replies;
  call(*client, replies);
  replies.wait(1);
  for (int i = 0; i < 10; ++i)
    call(*client, replies);
  for (const auto& r : replies.wait(11))
    BOOST_TEST((r.code == grpc_code::ok), r.message);
  BOOST_TEST(most == 2);
}

// Scenario: a window that never opens holds half of a big request back, then the call times out.
// Guarantee: DEADLINE_EXCEEDED in time; memory of the request is let go when the stream is closed.
BOOST_AUTO_TEST_CASE(a_stalled_request_times_out) {
  raw_h2_server server([](auto& c, int) {
    while (true)
      c.read();
  });
  auto client = client_of(server, {.timeout = 300ms});
  weir::test::inbox<grpc_reply> replies;
  auto text = std::make_unique<weir::shared_bytes>(std::string(1'000'000, 'x'));
  client->call("/a/b", *text, [&](grpc_reply r) { replies.put(std::move(r)); });
  text.reset();
  BOOST_TEST((replies.wait(1)[0].code == grpc_code::deadline_exceeded));
}

// Scenario: the server falls silent: no answer, no PING's answer. Guarantee: with keepalive the
// connection is given up, and the next call finds another; without it, a call that times out does
// that.
BOOST_AUTO_TEST_CASE(a_silent_server_is_left) {
  for (const auto keepalive : {50ms, 0ms}) {
    raw_h2_server server([](auto& c, int number) {
      if (number > 1)
        return serve(c);
      while (true)
        c.read();
    });
    auto client = client_of(server, {.timeout = keepalive.count() > 0 ? 5000ms : 300ms,
                                     .keepalive_time = keepalive,
                                     .keepalive_timeout = 50ms});
    weir::test::inbox<grpc_reply> replies;
    call(*client, replies);
    const auto first = replies.wait(1)[0];
    BOOST_TEST((first.code
                == (keepalive.count() > 0 ? grpc_code::unavailable : grpc_code::deadline_exceeded)),
               first.message);
    call(*client, replies);
    BOOST_TEST((replies.wait(2)[1].code == grpc_code::ok), replies.wait(2)[1].message);
  }
}

// Scenario: no time limit, and a server that takes a while. Guarantee: its answer is waited for.
BOOST_AUTO_TEST_CASE(no_timeout_is_no_limit) {
  raw_h2_server server([](auto& c, int) {
    for (int i = 0; i < 2; ++i) {
      const auto id = c.read(raw_h2_server::data).stream;
      std::this_thread::sleep_for(200ms); // The server's own time.
      c.answer(id, 0);
    }
  });
  auto client = client_of(server, {.timeout = 0ms});
  weir::test::inbox<grpc_reply> replies;
  for (std::size_t i = 1; i <= 2; ++i) {
    call(*client, replies);
    BOOST_TEST((replies.wait(i).back().code == grpc_code::ok), replies.wait(i).back().message);
  }
  BOOST_TEST(server.connections() == 1);
}

// Scenario: a proxy in HTTPS_PROXY, and a server whose name only the proxy knows; proxies that
// refuse, and one that never comes to the end of its answer. Guarantee: the call goes by CONNECT
// with the proxy's credentials, the server's first bytes behind the answer included; else
// UNAVAILABLE with what the proxy said.
BOOST_AUTO_TEST_CASE(proxies_lead_on_by_connect) {
  for (const auto& [answer, text] : std::initializer_list<std::pair<std::string, std::string>>{
           {"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n", ""},
           {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407 Proxy Authentication"},
           {"HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x'), "too long"}}) {
    raw_h2_server server([](auto& c, int) { serve(c); });
    one_tunnel proxy(server, answer);
    ::setenv("HTTPS_PROXY", proxy.url().c_str(), 1);
    auto made =
        grpc_client::start({.endpoint = "http://collector.invalid:4317", .timeout = 5000ms});
    ::unsetenv("HTTPS_PROXY");
    BOOST_REQUIRE(made);
    weir::test::inbox<grpc_reply> replies;
    call(**made, replies);
    const auto reply = replies.wait(1)[0];
    const auto head = proxy.asked.wait(1)[0];
    BOOST_TEST(head.starts_with("CONNECT collector.invalid:4317 HTTP/1.1\r\nHost: "), head);
    BOOST_TEST(head.find("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n") != std::string::npos, head);
    BOOST_TEST((reply.code == (text.empty() ? grpc_code::ok : grpc_code::unavailable)));
    BOOST_TEST(reply.message.find(text) != std::string::npos, reply.message);
    (*made)->stop();
  }
}

// Scenario: pings, and no time for their answer given. Guarantee: there are 20 s for it, as in
// grpc-go; the connection lives.
BOOST_AUTO_TEST_CASE(no_keepalive_timeout_is_the_usual_one) {
  raw_h2_server server([](auto& c, int) {
    const auto id = c.read(raw_h2_server::data).stream;
    const auto first = c.read(raw_h2_server::ping);
    std::this_thread::sleep_for(100ms); // The server's own time.
    c.write({.type = raw_h2_server::ping, .flags = 1, .payload = first.payload});
    c.answer(id, 0);
    serve(c);
  });
  auto client = client_of(server, {.keepalive_time = 30ms, .keepalive_timeout = 0ms});
  weir::test::inbox<grpc_reply> replies;
  call(*client, replies);
  BOOST_TEST((replies.wait(1)[0].code == grpc_code::ok), replies.wait(1)[0].message);
}

// Scenario: settings that cannot be sent. Guarantee: an error at start that names the option and
// shows nothing of the value.
BOOST_AUTO_TEST_CASE(headers_that_cannot_be_sent_are_errors) {
  for (const auto& [option, config] :
       std::initializer_list<std::pair<const char*, grpc_client_config>>{
           {"headers", {.headers = {{"authorization", "secret\n"}}}},
           {"headers", {.headers = {{"x tenant", "secret"}}}},
           {"headers", {.headers = {{"x-tenant", "größer secret"}}}},
           {"authority", {.authority = "secret\r\n"}},
           {"user_agent", {.user_agent = "secret\n"}}}) {
    auto wrong = config;
    wrong.endpoint = "http://127.0.0.1:1";
    const auto made = grpc_client::start(wrong);
    BOOST_REQUIRE(!made);
    BOOST_TEST(made.error().message.starts_with(option), made.error().message);
    BOOST_TEST(made.error().message.find("secret") == std::string::npos, made.error().message);
  }
}

// Scenario: a server that speaks HTTP/1.1, one that sends garbage, an answer of 5 MiB, an answer
// without a status, HTTP errors without one. Guarantee: each is a reply with a reason.
BOOST_AUTO_TEST_CASE(bad_answers_are_replies_with_reasons) {
  const auto reply_to = [](raw_h2_server::script run) {
    raw_h2_server server(std::move(run));
    auto client = client_of(server);
    weir::test::inbox<grpc_reply> replies;
    call(*client, replies);
    return replies.wait(1)[0];
  };
  const auto garbage = reply_to([](auto& c, int) {
    c.write({.type = 1, .flags = 5, .stream = 4, .payload = "\xff\xff\xff"});
    while (true)
      c.read();
  });
  BOOST_TEST((garbage.code == grpc_code::unavailable), garbage.message);
  const auto huge = reply_to([](auto& c, int) {
    const auto id = c.read(raw_h2_server::data).stream;
    c.write({.type = raw_h2_server::headers, .flags = 4, .stream = id, .payload = "\x88"});
    for (int i = 0; i < 400; ++i)
      c.write({.type = raw_h2_server::data, .stream = id, .payload = std::string(16'000, 'x')});
  });
  BOOST_TEST((huge.code == grpc_code::internal || huge.code == grpc_code::unavailable),
             huge.message);
  const auto nothing = reply_to([](auto& c, int) {
    const auto id = c.read(raw_h2_server::data).stream;
    c.write({.type = raw_h2_server::headers, .flags = 5, .stream = id, .payload = "\x88"});
    while (true)
      c.read();
  });
  BOOST_TEST((nothing.code == grpc_code::unavailable), nothing.message);
  const auto not_found = reply_to([](auto& c, int) {
    const auto id = c.read(raw_h2_server::data).stream;
    c.write({.type = raw_h2_server::headers, .flags = 5, .stream = id, .payload = "\x8d"}); // 404
    while (true)
      c.read();
  });
  BOOST_TEST((not_found.code == grpc_code::unimplemented), not_found.message);
}

BOOST_AUTO_TEST_SUITE_END()
