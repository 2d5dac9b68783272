#include "net/link/wire.hpp"
#include "tests/net/link/link_fixture.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>
#include <grpcpp/create_channel.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <latch>
#include <poll.h>
#include <thread>
#include <weir/cluster/v1/cluster.grpc.pb.h>

using namespace weir;
using namespace weir::net;
using namespace weir::net::tests;
using proto = cluster::v1::Cluster;
namespace pb = cluster::v1;
using boost::asio::ip::tcp;

namespace {

template <class Message, class Kinds>
Message message_of(const Kinds& kinds) {
  Message message;
  BOOST_REQUIRE(message.ParseFromString(encode(kinds)));
  return message;
}

/// Does something again and again, until something else has come of it.
template <class T, class Do>
void until_told(arrivals<T>& arrivals, Do&& act) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (arrivals.size() == 0 && std::chrono::steady_clock::now() < end) {
    act();
    std::this_thread::yield();
  }
}

link_limits small() {
  link_limits limits;
  limits.data_queue_bytes = 1 << 20;
  limits.control_queue_bytes = 1 << 20;
  return limits;
}

/// A node that welcomes with whatever it is told to, and then reads nothing.
class stubborn_node : public proto::Service {
public:
  explicit stubborn_node(control_answer answer) : answer_(std::move(answer)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~stubborn_node() override {
    end_.count_down();
    server_->Shutdown(std::chrono::system_clock::now());
  }

  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }

private:
  grpc::Status
  Control(grpc::ServerContext*,
          grpc::ServerReaderWriter<pb::ControlAnswer, pb::ControlMessage>* stream) override {
    pb::ControlMessage hello;
    stream->Read(&hello);
    stream->Write(message_of<pb::ControlAnswer>(answer_));
    end_.wait();
    return grpc::Status::OK;
  }
  grpc::Status Data(grpc::ServerContext*,
                    grpc::ServerReaderWriter<pb::DataAnswer, pb::DataMessage>*) override {
    end_.wait();
    return grpc::Status::OK;
  }

  const control_answer answer_;
  int port_ = 0;
  std::latch end_{1};
  std::unique_ptr<grpc::Server> server_;
};

control_answer a_welcome() {
  return welcome_token{{1, 1, 1, 1}, std::string(token_bytes, 't')};
}

/// Passes bytes on between one client and a server, until it is frozen: then it takes nothing and
/// says nothing.
class relay {
public:
  explicit relay(const std::string& server) {
    const auto port = static_cast<std::uint16_t>(std::stoi(server.substr(server.rfind(':') + 1)));
    thread_ = std::jthread([this, port](const std::stop_token& stop) { run(stop, port); });
  }
  ~relay() {
    thread_.request_stop();
    boost::system::error_code ignored;
    tcp::socket(io_).connect(acceptor_.local_endpoint(), ignored); // wakes accept()
  }

  std::string endpoint() const {
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  void freeze() { frozen_ = true; }

private:
  void run(const std::stop_token& stop, std::uint16_t port) {
    tcp::socket client(io_);
    acceptor_.accept(client);
    if (stop.stop_requested())
      return;
    tcp::socket server(io_);
    server.connect({boost::asio::ip::address_v4::loopback(), port});
    while (!stop.stop_requested()) {
      pollfd both[] = {{client.native_handle(), POLLIN, 0}, {server.native_handle(), POLLIN, 0}};
      if (::poll(both, frozen_ ? 0 : 2, 10) <= 0 || frozen_)
        continue;
      if (both[0].revents != 0 && !pass(client, server))
        return;
      if (both[1].revents != 0 && !pass(server, client))
        return;
    }
  }
  static bool pass(tcp::socket& source, tcp::socket& sink) {
    std::array<char, 65'536> bytes{};
    boost::system::error_code error;
    const auto size = source.read_some(boost::asio::buffer(bytes), error);
    if (!error)
      boost::asio::write(sink, boost::asio::buffer(bytes, size), error);
    return !error;
  }

  boost::asio::io_context io_;
  tcp::acceptor acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::atomic<bool> frozen_ = false;
  std::jthread thread_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(link_stall_test)

// Scenario: a node welcomes and then reads nothing, while entries are sent without end. Guarantee: the link closes, with the reason.
BOOST_AUTO_TEST_CASE(a_node_that_does_not_read_closes_the_link) {
  stubborn_node node(a_welcome());
  made_link link(node.endpoint(), hello_of(2), plain_text(), small());
  link.events->welcomes.next();
  const shared_bytes entry(std::string(100'000, 'e'));
  until_told(link.events->ends, [&] {
    link.client.send(cluster::sent_entry{"p", entry, {}, 0, false});
  });
  BOOST_TEST(link.events->ends.next().first
             == "the other node does not take what is sent: the queue is full");
}

// Scenario: the same with hand-overs, on the Control stream, and with gossip. Guarantee: hand-overs
// close it; gossip alone does not, as only the newest waits.
BOOST_AUTO_TEST_CASE(gossip_does_not_pile_up) {
  stubborn_node node(a_welcome());
  made_link link(node.endpoint(), hello_of(2), plain_text(), small());
  link.events->welcomes.next();
  cluster::gossip gossip;
  for (node_id id = 1; id <= 1000; ++id)
    gossip.members.push_back({.id = id, .address = "host:4320"});
  for (int n = 0; n < 1000; ++n)
    link.client.send(gossip);
  BOOST_TEST(link.events->ends.size() == 0u);
  const cluster::handed_over handed{"p", std::string(100'000, 'd'), {}, 1, 0};
  until_told(link.events->ends, [&] { link.client.send(handed); });
  BOOST_TEST(link.events->ends.next().first
             == "the other node does not take what is sent: the queue is full");
}

// Scenario: a peer that does not read its answers. Guarantee: the session closes, with the reason.
BOOST_AUTO_TEST_CASE(a_peer_that_does_not_read_closes_the_session) {
  listening_node node(plain_text(), small());
  const auto stub = proto::NewStub(
      grpc::CreateChannel(node.server->endpoint(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext control_context, data_context;
  const auto control = stub->Control(&control_context);
  control->Write(message_of<pb::ControlMessage>(control_message(hello_of(2))));
  pb::ControlAnswer answer;
  BOOST_REQUIRE(control->Read(&answer));
  const auto data = stub->Data(&data_context);
  data->Write(message_of<pb::DataMessage>(data_message(data_token{answer.welcome().token()})));
  const auto session = node.sessions.next();
  cluster::settled_slots settled;
  for (std::uint64_t i = 1; i <= 1000; ++i)
    settled.entries.push_back({{1, 2, i}, {1, 2, 3}});
  until_told(session->reasons, [&] { session->session->send(settled); });
  BOOST_TEST(session->reasons.next() == "the answers are not taken: the queue is full");
  data_context.TryCancel();
  control_context.TryCancel();
  data->Finish();
  control->Finish();
}

// Scenario: the way between two nodes takes nothing any more, and says nothing. Guarantee: both ends
// find out.
BOOST_AUTO_TEST_CASE(a_half_open_link_is_found) {
  link_limits limits;
  limits.keepalive = std::chrono::milliseconds(300);
  listening_node node(plain_text(), limits);
  relay way(node.server->endpoint());
  made_link link(way.endpoint(), hello_of(2), plain_text(), limits);
  link.events->welcomes.next();
  const auto session = node.sessions.next();
  link.client.send(cluster::forgotten{1, 1});
  session->messages.next();
  way.freeze();
  BOOST_TEST(!link.events->ends.next().first.empty());
  BOOST_TEST(!session->reasons.next().empty());
}

// Scenario: a node that listens, and says nothing to a connection; one that answers a hello with what
// is no answer. Guarantee: the link ends in time, and says why.
BOOST_AUTO_TEST_CASE(a_node_that_does_not_answer_is_given_up) {
  boost::asio::io_context io;
  tcp::acceptor mute(io, {boost::asio::ip::address_v4::loopback(), 0});
  link_limits limits;
  limits.hello_timeout = std::chrono::milliseconds(200);
  made_link link("127.0.0.1:" + std::to_string(mute.local_endpoint().port()), hello_of(2),
                 plain_text(), limits);
  BOOST_TEST(link.events->ends.next().first == "no answer to the hello in time");

  stubborn_node early{control_answer(cluster::handed_taken{1})};
  made_link strange(early.endpoint());
  BOOST_TEST(strange.events->ends.next().first == "the first answer is no welcome");
  stubborn_node tokenless{control_answer(welcome_token{{1, 1, 1, 1}, "short"})};
  made_link wrong(tokenless.endpoint());
  BOOST_TEST(wrong.events->ends.next().first == "welcome.token: not 16 bytes");
}

BOOST_AUTO_TEST_SUITE_END()
