#include "tests/net/link/link_fixture.hpp"
#include "tests/net/link/message_samples.hpp"
#include "tests/net/server/raw_client.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <grpcpp/create_channel.h>
#include <unistd.h>
#include <weir/cluster/v1/cluster.grpc.pb.h>

using namespace weir;
using namespace weir::net;
using namespace weir::net::tests;
using proto = cluster::v1::Cluster;
namespace pb = cluster::v1;

namespace {

constexpr auto control_path = "/weir.cluster.v1.Cluster/Control";

std::uint16_t port_of(const listening_node& node) {
  const auto& endpoint = node.server->endpoint();
  return static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
}

link_limits hurried() {
  link_limits limits;
  limits.hello_timeout = std::chrono::milliseconds(200);
  return limits;
}

template <class Message, class Kinds>
Message message_of(const Kinds& kinds) {
  Message message;
  BOOST_REQUIRE(message.ParseFromString(encode(kinds)));
  return message;
}

std::size_t resident_bytes() {
  std::size_t all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

pb::ControlMessage hello_message() {
  return message_of<pb::ControlMessage>(control_message(hello_of(2)));
}

pb::DataMessage token_message(const std::string& token) {
  return message_of<pb::DataMessage>(data_message(data_token{token}));
}

/// A client that keeps to gRPC, not to what is said over it.
struct rude_client {
  explicit rude_client(const listening_node& node)
      : stub(proto::NewStub(
          grpc::CreateChannel(node.server->endpoint(), grpc::InsecureChannelCredentials()))) {
    for (auto* context : {&control_context, &data_context})
      context->set_deadline(std::chrono::system_clock::now() + patience);
  }

  void open_control(const pb::ControlMessage& first) {
    control = stub->Control(&control_context);
    control->Write(first);
  }
  void open_data(const pb::DataMessage& first) {
    data = stub->Data(&data_context);
    data->Write(first);
  }
  /// Says hello; the token of the welcome.
  std::string be_welcomed() {
    open_control(hello_message());
    pb::ControlAnswer answer;
    BOOST_REQUIRE(control->Read(&answer));
    BOOST_REQUIRE_EQUAL(answer.welcome().token().size(), token_bytes);
    return answer.welcome().token();
  }
  /// Reads to the end.
  template <class Answer>
  static std::string end_of(auto& stream) {
    for (Answer answer; stream->Read(&answer);)
      ;
    return stream->Finish().error_message();
  }
  std::string control_end() { return end_of<pb::ControlAnswer>(control); }
  std::string data_end() { return end_of<pb::DataAnswer>(data); }

  std::unique_ptr<proto::Stub> stub;
  grpc::ClientContext control_context, data_context;
  std::unique_ptr<grpc::ClientReaderWriter<pb::ControlMessage, pb::ControlAnswer>> control;
  std::unique_ptr<grpc::ClientReaderWriter<pb::DataMessage, pb::DataAnswer>> data;
};

} // namespace

BOOST_AUTO_TEST_SUITE(link_hostile_test)

// Scenario: 100 connections with random bytes, with HTTP/1, with TLS, with the beginning of HTTP/2
// cut anywhere. Guarantee: good links work afterwards.
BOOST_AUTO_TEST_CASE(bytes_of_no_protocol_do_no_harm) {
  listening_node node;
  message_samples random(11);
  const std::string preface("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);
  for (int i = 0; i < 100; ++i) {
    raw_connection connection(port_of(node));
    connection.send(random.bytes(random.number(3000)));
    raw_connection begun(port_of(node));
    begun.send(preface.substr(0, random.number(34)));
    raw_connection on(port_of(node));
    on.send(preface + random.bytes(random.number(3000)));
  }
  raw_connection http(port_of(node));
  http.send("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
  BOOST_TEST(http.receive_all().find("200") == std::string::npos);
  raw_connection tls(port_of(node));
  tls.send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + random.bytes(400));
  good_link_works(node);
}

// Scenario: a connection that says nothing, and one that begins HTTP/2 and says no more. Guarantee:
// they are closed.
BOOST_AUTO_TEST_CASE(silent_connections_are_closed) {
  listening_node node(plain_text(), hurried());
  raw_connection silent(port_of(node));
  silent.receive_all();
  BOOST_TEST(silent.closed());
  h2_test_client idle(port_of(node));
  while (idle.pump())
    ;
  BOOST_TEST(idle.connection.closed());
}

// Scenario: a message that says it has 1 GB, with as much of it as the server takes: from a client that
// keeps to the windows of HTTP/2, and from one that does not. Guarantee: the former is ended in time,
// the latter at once; the process does not grow by what was announced.
BOOST_AUTO_TEST_CASE(a_huge_message_takes_no_memory) {
  listening_node node(plain_text(), hurried());
  const std::string announced("\0\x40\0\0\0", 5);
  h2_test_client waiting(port_of(node));
  const auto first = waiting.open_grpc({}, control_path);
  waiting.send_data(first, announced + std::string(30'000, 'x'), false);
  BOOST_TEST(waiting.wait(first).headers["grpc-message"] == "no hello in time");

  const auto before = resident_bytes();
  h2_test_client pushing(port_of(node));
  const auto second = pushing.open_grpc({}, control_path);
  pushing.send_data(second, announced, false);
  const std::string piece(1 << 20, 'x');
  std::size_t sent = 0;
  while (sent < (std::size_t{1} << 30) && pushing.send_data(second, piece, false))
    sent += piece.size();
  BOOST_TEST(sent < std::size_t{256} << 20);
  BOOST_TEST(resident_bytes() < before + (std::size_t{64} << 20));
  good_link_works(node);
}

// Scenario: gRPC messages that are random bytes, that are packed, and a call of a method that is not
// there. Guarantee: the stream ends with a status; good links work.
BOOST_AUTO_TEST_CASE(nonsense_in_grpc_ends_the_stream) {
  listening_node node;
  h2_test_client client(port_of(node));
  const auto noise = client.open_grpc({}, control_path);
  client.send_data(noise, h2_test_client::grpc_message("\xff\xff\xff\xff"), false);
  BOOST_TEST(client.wait(noise).headers["grpc-message"] == "no protobuf message of this kind");
  const auto packed = client.open_grpc({{"grpc-encoding", "gzip"}}, control_path);
  client.send_data(packed, h2_test_client::grpc_message("\x1f\x8b\x08", 1), false);
  BOOST_TEST(client.wait(packed).closed);
  const auto strange = client.open_grpc({}, "/weir.cluster.v1.Cluster/Nothing");
  BOOST_TEST(client.wait(strange).headers["grpc-status"] == "12");
  good_link_works(node);
}

// Scenario: calls without a hello, without an answer to it, without a Data stream, without a token.
// Guarantee: each ends in time with what was missing.
BOOST_AUTO_TEST_CASE(what_does_not_come_in_time_ends_the_link) {
  {
    listening_node node(plain_text(), hurried());
    rude_client client(node);
    client.control = client.stub->Control(&client.control_context);
    BOOST_TEST(client.control_end() == "no hello in time");
    client.data = client.stub->Data(&client.data_context);
    BOOST_TEST(client.data_end() == "no token in time");

    rude_client without_data(node);
    without_data.be_welcomed();
    BOOST_TEST(without_data.control_end() == "no Data stream in time");
    BOOST_TEST(node.sessions.next()->reasons.next() == "no Data stream in time");
  }
  listening_node node(plain_text(), hurried());
  node.answers_hellos = false;
  rude_client client(node);
  client.open_control(hello_message());
  BOOST_TEST(client.control_end() == "the node did not answer the hello in time");
}

// Scenario: Data streams with a token that was never given, one that was used, one of a session that
// is over, an entry in place of a token. Guarantee: refused with the reason; the session whose token
// it was goes on.
BOOST_AUTO_TEST_CASE(a_token_is_good_once) {
  listening_node node;
  const auto refused = "the token is none of this node's, or was used";
  rude_client stranger(node);
  stranger.open_data(token_message(std::string(token_bytes, 't')));
  BOOST_TEST(stranger.data_end() == refused);

  rude_client good(node);
  const auto token = good.be_welcomed();
  good.open_data(token_message(token));
  good.data->Write(message_of<pb::DataMessage>(data_message(cluster::forgotten{1, 2})));
  const auto session = node.sessions.next();
  session->messages.next();
  rude_client replaying(node);
  replaying.open_data(token_message(token));
  BOOST_TEST(replaying.data_end() == refused);
  good.data->Write(message_of<pb::DataMessage>(data_message(cluster::forgotten{1, 3})));
  BOOST_TEST(std::get<cluster::forgotten>(session->messages.next()).below == 3u);

  rude_client gone(node);
  const auto late_token = gone.be_welcomed();
  node.sessions.next()->session->close("over");
  BOOST_TEST(gone.control_end() == "over");
  gone.open_data(token_message(late_token));
  BOOST_TEST(gone.data_end() == refused);

  rude_client early(node);
  early.open_data(message_of<pb::DataMessage>(data_message(cluster::forgotten{1, 2})));
  BOOST_TEST(early.data_end() == "the first message is no token");
}

// Scenario: messages that cannot be, on either stream of a session that stands. Guarantee: the
// session ends; peer, and whoever hears the session, are told which field it was.
BOOST_AUTO_TEST_CASE(a_bad_message_ends_the_session_by_name) {
  listening_node node;
  const auto ends = [&node](auto&& misbehave, const std::string& reason) {
    rude_client client(node);
    client.open_data(token_message(client.be_welcomed()));
    client.data->Write(message_of<pb::DataMessage>(data_message(cluster::forgotten{1, 2})));
    const auto session = node.sessions.next();
    session->messages.next();
    misbehave(client);
    BOOST_TEST(client.control_end() == reason);
    BOOST_TEST(client.data_end() == reason);
    BOOST_TEST(session->reasons.next() == reason);
  };
  pb::DataMessage short_entry;
  short_entry.mutable_sent_entry()->set_entry("short");
  ends([&](auto& client) { client.data->Write(short_entry); }, "sent_entry.entry: no whole header");
  ends([&](auto& client) { client.data->Write(token_message(std::string(token_bytes, 'x'))); },
       "a second token");
  ends([&](auto& client) { client.control->Write(hello_message()); }, "a second hello");
  pb::ControlMessage bad_member;
  bad_member.mutable_gossip()->add_members()->set_id(0);
  ends([&](auto& client) { client.control->Write(bad_member); }, "gossip.members.id: 0 is no node");
  good_link_works(node);
}

// Scenario: gossip before a hello; a hello that is large. Guarantee: refused with the reason, nobody
// hears of a session.
BOOST_AUTO_TEST_CASE(the_first_message_is_a_small_hello) {
  listening_node node;
  rude_client early(node);
  early.open_control(message_of<pb::ControlMessage>(control_message(cluster::gossip{})));
  BOOST_TEST(early.control_end() == "the first message is no hello");
  rude_client large(node);
  auto hello = hello_message();
  large.open_control([&hello] {
    auto text = hello.SerializeAsString() + std::string("\xfa\x07\xff\xff\x03", 5);
    text.resize(text.size() + 0xffff, 'x'); // an unknown field
    pb::ControlMessage message;
    BOOST_REQUIRE(message.ParseFromString(text));
    return message;
  }());
  BOOST_TEST(large.control_end() == "hello: too large");
  BOOST_TEST(node.sessions.size() == 0u);
}

// Scenario: gossip in one frame with the hello; more messages in a frame than one may hold. Guarantee:
// the session ends, and nobody has heard the gossip.
BOOST_AUTO_TEST_CASE(a_frame_holds_what_it_may) {
  listening_node node;
  rude_client eager(node);
  auto frame = encode(control_message(hello_of(2)));
  append_behind(frame, encode(control_message(cluster::gossip{})));
  pb::ControlMessage hello;
  BOOST_REQUIRE(hello.ParseFromString(frame));
  eager.open_control(hello);
  (void)eager.control_end();
  const auto first = node.sessions.next();
  (void)first->reasons.next();
  BOOST_TEST(first->messages.size() == 0u);
  rude_client many(node);
  many.open_data(token_message(many.be_welcomed()));
  const auto second = node.sessions.next();
  frame = encode(data_message(cluster::forgotten{1, 2}));
  for (std::size_t i = 0; i < most_messages; ++i)
    append_behind(frame, encode(data_message(cluster::forgotten{1, 2})));
  pb::DataMessage message;
  BOOST_REQUIRE(message.ParseFromString(frame));
  many.data->Write(message);
  (void)second->reasons.next();
  BOOST_TEST(second->messages.size() == most_messages);
  good_link_works(node);
}

// Scenario: a hundred answers one right after the other. Guarantee: few messages of gRPC bring them, in
// their order; credit among them does not wait.
BOOST_AUTO_TEST_CASE(many_answers_are_few_messages) {
  listening_node node;
  rude_client client(node);
  client.open_data(token_message(client.be_welcomed()));
  client.data->Write(message_of<pb::DataMessage>(data_message(cluster::forgotten{1, 2})));
  const auto heard = node.sessions.next();
  heard->messages.next();
  constexpr std::uint64_t count = 100;
  for (std::uint64_t i = 1; i <= count; ++i)
    heard->session->send(cluster::settled_slots{{{{1, 1, i}, {3}}}});
  std::uint64_t next = 1;
  std::size_t writes = 0;
  while (next <= count) {
    pb::DataAnswer answer;
    BOOST_REQUIRE(client.data->Read(&answer));
    ++writes;
    BOOST_REQUIRE(each_message(answer.SerializeAsString(), [&](std::string_view bytes) {
      const auto said = decode_data_answer(bytes);
      BOOST_REQUIRE(said);
      BOOST_REQUIRE_EQUAL(std::get<cluster::settled_slots>(*said).entries[0].entry.sequence,
                          next++);
      return true;
    }));
  }
  BOOST_TEST(writes <= 3u);
}

// Scenario: 200 sessions that are broken off at random places of what they say. Guarantee: good links
// work afterwards.
BOOST_AUTO_TEST_CASE(broken_off_sessions_leave_nothing) {
  listening_node node;
  message_samples random(5);
  for (int i = 0; i < 200; ++i) {
    h2_test_client client(port_of(node));
    const auto id = client.open_grpc({}, control_path);
    auto said = h2_test_client::grpc_message(encode(control_message(hello_of(2))));
    said += h2_test_client::grpc_message(encode(random.control()));
    client.send_data(id, said.substr(0, random.number(static_cast<std::uint32_t>(said.size()))),
                     random.number(2) == 0);
  }
  good_link_works(node);
}

BOOST_AUTO_TEST_SUITE_END()
