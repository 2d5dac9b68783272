#include "net/link/inquiry.hpp"
#include "tests/net/link/link_fixture.hpp"
#include "tests/net/link/message_samples.hpp"
#include "tests/net/server/raw_client.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <future>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <map>
#include <weir/cluster/v1/cluster.grpc.pb.h>

using namespace weir;
using namespace weir::net;
using namespace weir::net::tests;
namespace pb = cluster::v1;
using namespace std::chrono_literals;

namespace {

constexpr auto ask_path = "/weir.cluster.v1.Cluster/Ask";

question question_of(const std::string& hand, const std::string& request = "") {
  return {.cluster = "blue", .node = 2, .hand = hand, .request = request, .peer = "ipv4:1"};
}

/// A node that answers questions, and a link of node 2 to it.
struct answering_node {
  explicit answering_node(question_handler handler) {
    link.events->welcomes.next();
    node.server->answer_by(std::move(handler));
  }
  std::string address() const { return node.server->endpoint(); }

  listening_node node;
  made_link link{node.server->endpoint()};
};

struct outcome {
  std::vector<std::string> answers;
  std::string trouble;
};

std::map<std::size_t, outcome> outcomes(inquiry& asked) {
  std::map<std::size_t, outcome> all;
  while (auto one = asked.next())
    if (one->answer)
      all[one->node].answers.push_back(*one->answer);
    else
      all[one->node].trouble = one->trouble;
  return all;
}

/// Of one node.
outcome ask(const std::string& address, const question& asked,
            std::chrono::milliseconds patience = 10s) {
  inquiry one({address}, plain_text(), asked, patience);
  return outcomes(one)[0];
}

result<void> repeat(const question& asked, asker& whom) {
  for (int i = 0; i < 3; ++i)
    whom.tell(asked.hand + asked.request + asked.peer + std::to_string(i));
  return {};
}

} // namespace

BOOST_AUTO_TEST_SUITE(question_test)

// Scenario: two nodes, to which the asker has links, are asked at once. Guarantee: each gets the whole
// question, each answer comes once and in order, with whose it is, and both ends.
BOOST_AUTO_TEST_CASE(nodes_with_a_link_are_answered) {
  answering_node first(repeat), second(repeat);
  inquiry both({first.address(), second.address()}, plain_text(), question_of("Do", "this"), 10s);
  const auto heard = outcomes(both);
  for (std::size_t node = 0; node < 2; ++node) {
    BOOST_TEST((heard.at(node).answers
                == std::vector<std::string>{"Dothisipv4:10", "Dothisipv4:11", "Dothisipv4:12"}));
    BOOST_TEST(heard.at(node).trouble == "");
  }
  BOOST_TEST(!both.next().has_value());
}

// Scenario: a node asks that has no link, one that says it is of another cluster, and node 2 after its
// link is gone. Guarantee: told so, and nobody is asked to answer.
BOOST_AUTO_TEST_CASE(who_has_no_link_is_refused) {
  std::atomic<int> asked{0};
  std::optional<answering_node> node(std::in_place, [&](const question&, asker&) {
    ++asked;
    return result<void>{};
  });
  auto stranger = question_of("Do");
  stranger.node = 3;
  auto foreign = question_of("Do");
  foreign.cluster = "red";
  for (const auto& question : {stranger, foreign})
    BOOST_TEST(ask(node->address(), question).trouble == "whoever asks has no link to this node");
  auto session = node->node.sessions.next();
  session->session->close("enough");
  session->reasons.next();
  BOOST_TEST(ask(node->address(), question_of("Do")).trouble
             == "whoever asks has no link to this node");
  BOOST_TEST(asked == 0);
}

// Scenario: a node that nobody answers for yet, one that refuses, one that does not know what is asked,
// one of a release without questions, one that is not there. Guarantee: a sentence each.
BOOST_AUTO_TEST_CASE(who_does_not_answer_says_why) {
  listening_node starting;
  made_link link(starting.server->endpoint());
  link.events->welcomes.next();
  BOOST_TEST(ask(starting.server->endpoint(), question_of("Do")).trouble == "the node starts");
  answering_node refusing(
      [](const question&, asker&) { return fail(errc::unavailable, "not today"); });
  BOOST_TEST(ask(refusing.address(), question_of("Do")).trouble == "not today");
  answering_node ignorant([](const question&, asker&) { return fail(errc::not_found, "?"); });
  BOOST_TEST(ask(ignorant.address(), question_of("Do")).trouble
             == "its release does not know this command");

  pb::Cluster::Service nothing; // Each call of it is UNIMPLEMENTED, as a method that is not there.
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&nothing);
  auto older = builder.BuildAndStart();
  const auto address = "127.0.0.1:" + std::to_string(port);
  BOOST_TEST(ask(address, question_of("Do")).trouble == "its release does not know this command");
  older->Shutdown();
  older.reset();
  BOOST_TEST(!ask(address, question_of("Do")).trouble.empty());
}

// Scenario: a node that does not answer, asked for 100 ms. Guarantee: it is given up, and hears of it.
BOOST_AUTO_TEST_CASE(a_slow_node_is_given_up) {
  std::promise<void> heard;
  answering_node node([&](const question&, asker& whom) {
    while (!whom.gone())
      std::this_thread::yield();
    heard.set_value();
    return result<void>{};
  });
  BOOST_TEST(ask(node.address(), question_of("Do"), 100ms).trouble == "no answer within 0.1 s");
  BOOST_TEST((heard.get_future().wait_for(patience) == std::future_status::ready));
}

// Scenario: a node answers without end, and whoever asked takes two answers and goes. Guarantee: what it
// says ahead is bounded by the windows of a stream; it hears that the asker has gone.
BOOST_AUTO_TEST_CASE(an_endless_answer_waits_for_the_asker) {
  std::atomic<int> told{0};
  std::promise<int> ended;
  answering_node node([&](const question&, asker& whom) {
    while (whom.tell(std::string(largest_answer, 'x')))
      ++told;
    ended.set_value(told);
    return result<void>{};
  });
  {
    inquiry one({node.address()}, plain_text(), question_of("Do"), std::nullopt);
    BOOST_TEST(one.next()->answer->size() == largest_answer);
    BOOST_TEST(one.next()->answer->size() == largest_answer);
  }
  auto end = ended.get_future();
  BOOST_REQUIRE((end.wait_for(patience) == std::future_status::ready));
  BOOST_TEST(end.get() < 16);
}

// Scenario: an answer that is too large, a question that is. Guarantee: refused with the reason.
BOOST_AUTO_TEST_CASE(sizes_are_bounded) {
  answering_node node([](const question&, asker& whom) {
    BOOST_TEST(!whom.tell(std::string(largest_answer + 1, 'x')));
    BOOST_TEST(!whom.tell("more"));
    return result<void>{};
  });
  const auto large = ask(node.address(), question_of("Do"));
  BOOST_TEST(large.trouble == "its answer is larger than one may be");
  BOOST_TEST(large.answers.empty());
  BOOST_TEST(ask(node.address(), question_of("Do", std::string(largest_request, 'x'))).trouble
             == "the question is too large");
}

// Scenario: more questions at once than are answered. Guarantee: some are refused, the link works
// meanwhile, and when the node stops all have ended.
BOOST_AUTO_TEST_CASE(questions_at_once_are_bounded) {
  std::atomic<int> answering{0};
  auto node = std::make_optional<answering_node>([&](const question&, asker& whom) {
    ++answering;
    while (!whom.gone())
      std::this_thread::yield();
    return result<void>{};
  });
  inquiry many(std::vector<std::string>(2 * most_questions, node->address()), plain_text(),
               question_of("Do"), std::nullopt);
  const auto refused = many.next();
  BOOST_TEST(!refused->answer.has_value());
  BOOST_TEST(!refused->trouble.empty());
  BOOST_TEST(answering <= most_questions);
  good_link_works(node->node);
  node.reset();
  BOOST_TEST(outcomes(many).size() >= std::size_t{1});
}

// Scenario: random bytes as questions. Guarantee: each ends with a status, nobody is asked to answer,
// and links work.
BOOST_AUTO_TEST_CASE(nonsense_is_no_question) {
  std::atomic<int> asked{0};
  answering_node node([&](const question&, asker&) {
    ++asked;
    return result<void>{};
  });
  message_samples random(5);
  const auto port =
      static_cast<std::uint16_t>(std::stoi(node.address().substr(node.address().rfind(':') + 1)));
  for (int i = 0; i < 50; ++i) {
    h2_test_client client(port);
    const auto noise = client.open_grpc({}, ask_path);
    client.send_data(noise, h2_test_client::grpc_message(random.bytes(random.number(2000))), true);
    const auto answer = client.wait(noise);
    BOOST_TEST(answer.headers.at("grpc-status") != "0");
  }
  BOOST_TEST(asked == 0);
  good_link_works(node.node);
}

BOOST_AUTO_TEST_SUITE_END()
