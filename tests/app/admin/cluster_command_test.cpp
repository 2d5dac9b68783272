#include "app/admin/hands.hpp"
#include "app/command_line.hpp"
#include "app/exit_code.hpp"
#include "net/admin/server.hpp"

#include <boost/test/unit_test.hpp>
#include <set>
#include <sstream>
#include <weir/admin/v1/admin.pb.h>

// Commands that ask the whole cluster, and the hands behind them.
BOOST_AUTO_TEST_SUITE(cluster_command_test)

using namespace weir;
using namespace weir::app;
using admin::v1::ExportersAnswer;

namespace {

/// A node that answers for others: one has an exporter, one is silent, one has a problem.
struct answering_node final : net::admin_source {
  answering_node() {
    auto started = net::admin_server::start({.endpoint = "127.0.0.1:0"}, *this);
    BOOST_REQUIRE(started);
    server = std::move(*started);
  }

  std::vector<net::admin_method> methods() const override { return {{"Exporters"}}; }
  result<void> answer(const std::string&, const std::string& bytes, net::asker& whom) override {
    BOOST_TEST(request.ParseFromString(bytes));
    if (!understood)
      whom.tell("\xff\xff");
    ExportersAnswer answer;
    answer.mutable_speaker()->set_name("alpha");
    auto& log = *answer.add_exporters();
    log.set_pipeline("traces");
    log.set_exporter("otlp/tempo");
    log.set_health("backing off");
    log.set_waiting_items(12'345);
    whom.tell(answer.SerializeAsString());
    answer.clear_exporters();
    answer.mutable_speaker()->set_name("be\nta");
    answer.mutable_speaker()->set_silent("it is down, for 4 min");
    if (silent)
      whom.tell(answer.SerializeAsString());
    answer.mutable_speaker()->set_name("gamma");
    answer.mutable_speaker()->clear_silent();
    answer.mutable_speaker()->set_problem("no such exporter");
    if (troubled)
      whom.tell(answer.SerializeAsString());
    return {};
  }

  bool silent = false, troubled = false, understood = true;
  admin::v1::ExportersRequest request;
  std::unique_ptr<net::admin_server> server;
};

struct outcome {
  int code = 0;
  std::string out, err;
};

outcome list_exporters(const answering_node& node, std::vector<const char*> more = {}) {
  std::vector<const char*> words{"weir", "exporters", "list", "--endpoint",
                                 node.server->endpoint().c_str()};
  words.insert(words.end(), more.begin(), more.end());
  std::ostringstream out, err;
  const auto code = command_line(static_cast<int>(words.size()), words.data(), {out, err, {}});
  return {code, out.str(), err.str()};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

/// Hears what it is told.
struct recorder final : net::asker {
  bool tell(const std::string& answer) override {
    answers.push_back(answer);
    return true;
  }
  bool gone() const override { return false; }
  void send_away() override {}
  std::string peer() const override { return "test"; }

  std::vector<std::string> answers;
};

} // namespace

// Scenario: all nodes answer; one does not; one has a problem; both; an answer that is none. Guarantee: what
// was answered is shown each time, the rest is named on standard error; 0, 3, 1, 1, 69.
BOOST_AUTO_TEST_CASE(exit_codes_say_what_is_lacking) {
  answering_node node;
  auto listed = list_exporters(node);
  BOOST_TEST((listed.code == done && listed.err.empty()));
  BOOST_TEST(contains(listed.out, "alpha  traces    otlp/tempo  backing off   12,345"), listed.out);
  node.silent = true;
  listed = list_exporters(node);
  BOOST_TEST((listed.code == not_whole && contains(listed.out, "otlp/tempo")));
  BOOST_TEST(listed.err == "Warning: node be\\nta did not answer: it is down, for 4 min\n",
             listed.err);
  node.troubled = true;
  listed = list_exporters(node);
  BOOST_TEST((listed.code == failed && contains(listed.err, "be")));
  BOOST_TEST(contains(listed.err, "Error: node gamma: no such exporter\n"));
  node.silent = false;
  BOOST_TEST(list_exporters(node).code == failed);
  node.understood = false;
  BOOST_TEST(list_exporters(node).code == not_available);
}

// Scenario: `--node`, and JSON. Guarantee: the request says which node; one document has the answers and
// those that are lacking.
BOOST_AUTO_TEST_CASE(options_of_the_cluster) {
  answering_node node;
  node.silent = true;
  const auto listed = list_exporters(node, {"--node", "gamma", "--output", "json"});
  BOOST_TEST(node.request.scope().node() == "gamma");
  BOOST_TEST(listed.out.starts_with("{\"answers\": [\n{\"speaker\":{"), listed.out);
  BOOST_TEST(contains(listed.out, "\"silent\":\"it is down, for 4 min\""));
  BOOST_TEST(contains(listed.out, "\"waiting_items\":\"12345\""));
}

// Scenario: all hands. Guarantee: each has a name of its own that its rpc has too; a request that is none is
// refused.
BOOST_AUTO_TEST_CASE(hands_are_those_of_the_api) {
  const auto* service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName("weir.admin.v1.Admin");
  BOOST_REQUIRE(service != nullptr);
  std::set<std::string> names;
  for (const auto& each : all_hands()) {
    const auto* method = service->FindMethodByName(each.terms.name);
    BOOST_TEST_CONTEXT(each.terms.name) {
      BOOST_REQUIRE(method != nullptr);
      BOOST_TEST(names.insert(each.terms.name).second);
      BOOST_TEST(each.of_cluster == (method->output_type()->FindFieldByName("speaker") != nullptr));
      recorder whom;
      const auto done = each.work({}, "\xff\xff", whom);
      BOOST_TEST((!done && done.error().code == errc::invalid_argument));
      BOOST_TEST(each.text("\xff\xff") == "?");
    }
  }
  BOOST_TEST(static_cast<int>(names.size()) == service->method_count());
  BOOST_TEST(hand_called("Nothing") == nullptr);
}

// Scenario: an answer of another node that says it is of a third one; with a problem; bytes that are none.
// Guarantee: it is signed with who was asked, its problem stays; the last is told apart.
BOOST_AUTO_TEST_CASE(answers_are_signed_by_who_was_asked) {
  const auto& exporters = *hand_called("Exporters");
  ExportersAnswer answer;
  answer.mutable_speaker()->set_name("mallory");
  answer.mutable_speaker()->set_problem("no room");
  answer.mutable_speaker()->set_silent("never");
  admin::v1::Speaker beta;
  beta.set_name("beta");
  ExportersAnswer signed_answer;
  BOOST_REQUIRE(signed_answer.ParseFromString(
      exporters.sign(answer.SerializeAsString(), beta).value_or("\xff")));
  BOOST_TEST(signed_answer.speaker().name() == "beta");
  BOOST_TEST(signed_answer.speaker().problem() == "no room");
  BOOST_TEST(signed_answer.speaker().silent() == "");
  BOOST_TEST(!exporters.sign("\xff\xff", beta).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
