#include "tests/net/link/link_fixture.hpp"
#include "tests/net/link/message_samples.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>

using namespace weir;
using namespace weir::net;
using namespace weir::net::tests;

namespace {

/// The kinds of one stream, as what a link carries.
template <class Link, class Kinds>
std::optional<Link> carried(Kinds kinds) {
  return std::visit(
      [](auto&& kind) -> std::optional<Link> {
        if constexpr (std::is_constructible_v<Link, decltype(kind)>)
          return Link(std::move(kind));
        else
          return std::nullopt;
      },
      std::move(kinds));
}

std::string entry_of(std::uint32_t number) {
  auto bytes = std::to_string(number);
  bytes.resize(std::max<std::size_t>(codec::entry_header_bytes, number % 10'000), 'e');
  return bytes;
}

} // namespace

BOOST_AUTO_TEST_SUITE(link_test)

// Scenario: a node says hello to another. Guarantee: each hears what the other said of itself.
BOOST_AUTO_TEST_CASE(a_hello_is_welcomed) {
  listening_node node;
  made_link link(node.server->endpoint());
  const auto session = node.sessions.next();
  BOOST_TEST((session->hello == hello_of(2)));
  BOOST_TEST(session->peer.find("127.0.0.1") != std::string::npos);
  BOOST_TEST(
      (link.events->welcomes.next() == cluster::welcome{1, 3, cluster::newest_protocol, 99}));
}

// Scenario: messages of every kind in both directions, one after the other. Guarantee: each arrives
// as it was.
BOOST_AUTO_TEST_CASE(every_kind_is_carried_both_ways) {
  listening_node node;
  made_link link(node.server->endpoint());
  link.events->welcomes.next();
  const auto session = node.sessions.next();
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    message_samples samples(seed);
    for (const auto& sample : {carried<cluster::link_message>(samples.control()),
                               carried<cluster::link_message>(samples.data())}) {
      if (!sample)
        continue;
      link.client.send(*sample);
      BOOST_REQUIRE(same(session->messages.next(), *sample));
    }
    for (const auto& sample : {carried<cluster::link_answer>(samples.control_reply()),
                               carried<cluster::link_answer>(samples.data_reply())}) {
      if (!sample)
        continue;
      session->session->send(*sample);
      BOOST_REQUIRE(same(link.events->answers.next(), *sample));
    }
  }
}

// Scenario: a node of another cluster says hello. Guarantee: it hears the reason as a refusal, once;
// the session ends with the same.
BOOST_AUTO_TEST_CASE(a_refusal_has_its_reason) {
  listening_node node;
  auto hello = hello_of(2);
  hello.cluster = "red";
  made_link link(node.server->endpoint(), hello);
  const auto end = link.events->ends.next();
  BOOST_TEST(end.first == "it is of cluster red");
  BOOST_TEST(end.second);
  BOOST_TEST(node.sessions.next()->reasons.next() == "it is of cluster red");
  BOOST_TEST(link.events->welcomes.size() == 0u);
}

// Scenario: 2,000 entries of up to 10 KB with a sent_until behind each, as fast as they can be sent.
// Guarantee: they arrive in that order.
BOOST_AUTO_TEST_CASE(entries_and_their_marks_keep_their_order) {
  listening_node node;
  made_link link(node.server->endpoint());
  link.events->welcomes.next();
  const auto session = node.sessions.next();
  constexpr std::uint32_t count = 2000;
  for (std::uint32_t i = 0; i < count; ++i) {
    link.client.send(cluster::sent_entry{"p", shared_bytes(entry_of(i)), {}, 0, false});
    link.client.send(cluster::sent_until{0, i});
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto entry = session->messages.next();
    BOOST_REQUIRE(std::get<cluster::sent_entry>(entry).entry.view() == entry_of(i));
    BOOST_REQUIRE(std::get<cluster::sent_until>(session->messages.next()).ring == i);
  }
}

// Scenario: an entry of 4 MiB. Guarantee: it arrives; one that is larger than any message closes the
// link, with the reason.
BOOST_AUTO_TEST_CASE(the_largest_entry_fits_and_no_larger_message) {
  listening_node node;
  made_link link(node.server->endpoint());
  link.events->welcomes.next();
  const auto session = node.sessions.next();
  const std::string largest(codec::largest_entry_bytes, 'x');
  link.client.send(cluster::sent_entry{"p", shared_bytes(largest), {}, 0, false});
  BOOST_TEST((std::get<cluster::sent_entry>(session->messages.next()).entry.view() == largest));
  link.client.send(cluster::handed_over{"p", std::string(largest_message, 'd'), {}, 1, 0});
  BOOST_TEST(link.events->ends.next().first.find("larger than one may be") != std::string::npos);
  BOOST_TEST(session->reasons.next() == "the other side closed the link, or cannot be reached");
}

// Scenario: an answer that names more slots than fit into one message. Guarantee: it arrives in
// parts, which together are the whole, in order.
BOOST_AUTO_TEST_CASE(a_large_answer_arrives_in_parts) {
  listening_node node;
  made_link link(node.server->endpoint());
  link.events->welcomes.next();
  const auto session = node.sessions.next();
  cluster::wrong_owner whole{9, {}};
  for (std::uint64_t i = 1; i <= 50'000; ++i)
    whole.entries.push_back({{1, 2, i}, {static_cast<slot>(i), static_cast<slot>(i + 1000)}});
  session->session->send(whole);
  std::vector<cluster::entry_slots> entries;
  while (entries.size() < whole.entries.size()) {
    const auto part = std::get<cluster::wrong_owner>(link.events->answers.next());
    BOOST_REQUIRE_EQUAL(part.ring, 9u);
    entries.insert(entries.end(), part.entries.begin(), part.entries.end());
  }
  BOOST_TEST((entries == whole.entries));
}

// Scenario: the session is closed by the node that listens. Guarantee: the maker hears the reason, as
// no refusal; both ends hear of it once.
BOOST_AUTO_TEST_CASE(a_closed_session_says_why) {
  listening_node node;
  made_link link(node.server->endpoint());
  link.events->welcomes.next();
  const auto session = node.sessions.next();
  session->session->close("it sends without credit");
  const auto end = link.events->ends.next();
  BOOST_TEST(end.first == "it sends without credit");
  BOOST_TEST(!end.second);
  BOOST_TEST(session->reasons.next() == "it sends without credit");
  session->session->close("again");
  session->session->send(cluster::taken{1});
  link.client.send(cluster::forgotten{1, 1});
  BOOST_TEST(session->reasons.size() == 0u);
}

// Scenario: the maker destroys its link, outside and inside an event. Guarantee: the session hears
// that it is gone; nothing hangs.
BOOST_AUTO_TEST_CASE(a_link_is_closed_by_its_end) {
  listening_node node;
  {
    made_link link(node.server->endpoint());
    link.events->welcomes.next();
  }
  BOOST_TEST(!node.sessions.next()->reasons.next().empty());

  struct short_lived : link_events {
    void opened(const cluster::welcome&) override {}
    void received(cluster::link_answer) override { link.reset(); }
    void closed(const std::string&, bool) override { told = true; }
    std::unique_ptr<link_client> link;
    bool told = false;
  };
  const auto events = std::make_shared<short_lived>();
  events->link = std::make_unique<link_client>(
      link_client_config{node.server->endpoint(), plain_text()}, hello_of(3), events);
  const auto session = node.sessions.next();
  session->session->send(cluster::gossip{});
  BOOST_TEST(!session->reasons.next().empty());
  BOOST_TEST(!events->told);
}

// Scenario: nobody listens; then a node does, goes, and comes back at its address. Guarantee: each
// link says why it ends, and one that is made anew works.
BOOST_AUTO_TEST_CASE(a_new_link_works_when_the_node_is_back) {
  std::string address;
  {
    listening_node node;
    address = node.server->endpoint();
    made_link link(address);
    link.events->welcomes.next();
    node.server->stop();
    BOOST_TEST(link.events->ends.next().first == "the node stops");
  }
  made_link nobody(address);
  const auto end = nobody.events->ends.next();
  BOOST_TEST(end.first.find("refused") != std::string::npos, end.first);
  BOOST_TEST(!end.second);
  listening_node again(plain_text(), {}, address);
  good_link_works(again);
}

// Scenario: two nodes want the same port. Guarantee: the second does not start, and says where.
BOOST_AUTO_TEST_CASE(a_port_is_one_nodes) {
  listening_node node;
  const auto second = link_server::start({node.server->endpoint(), plain_text(), {}},
                                         [](auto&&...) { return nullptr; });
  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST(second.error().message.find(node.server->endpoint()) != std::string::npos);
}

// Scenario: a node with room for one link; a second one is made, then the first one goes. Guarantee:
// the second is told why; when the first is gone, there is room again.
BOOST_AUTO_TEST_CASE(links_are_bounded) {
  link_limits limits;
  limits.sessions = 1;
  listening_node node(plain_text(), limits);
  auto first = std::make_unique<made_link>(node.server->endpoint());
  first->events->welcomes.next();
  const auto session = node.sessions.next();
  made_link second(node.server->endpoint());
  BOOST_TEST(second.events->ends.next().first == "more links than the node takes");
  first.reset();
  session->reasons.next();
  good_link_works(node);
}

// Scenario: many links are made, used and destroyed from several threads at once, while the node
// stops in the end. Guarantee: nothing hangs or breaks.
BOOST_AUTO_TEST_CASE(links_come_and_go_at_once) {
  listening_node node;
  std::vector<std::jthread> threads;
  for (node_id id = 1; id <= 4; ++id)
    threads.emplace_back([&node, id] {
      for (int round = 0; round < 30; ++round) {
        made_link link(node.server->endpoint(), hello_of(id));
        if (round % 3 == 0)
          continue;
        while (link.events->welcomes.size() + link.events->ends.size() == 0)
          std::this_thread::yield(); // the node may have stopped
        for (std::uint32_t i = 0; i < 20; ++i) {
          link.client.send(cluster::sent_until{0, i});
          link.client.send(cluster::gossip{});
        }
      }
    });
  for (int n = 0; n < 60; ++n) // of 80 at least
    node.sessions.next()->session->send(cluster::gossip{});
  node.server->stop();
}

BOOST_AUTO_TEST_SUITE_END()
