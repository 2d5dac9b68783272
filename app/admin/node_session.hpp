#pragma once

#include "app/exit_code.hpp"
#include "net/admin/client.hpp"

#include <functional>
#include <google/protobuf/message.h>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>
#include <weir/admin/v1/admin.pb.h>

// Commands that ask a running node: how they reach it, and what all of them do alike.
namespace weir::app {

/// How a node is reached, and what the answer looks like: the options of all these commands.
struct node_arguments {
  std::string endpoint = "127.0.0.1:13134";
  std::string token = {}, token_file = {};
  bool tls = false; ///< So it is where one of the files is given.
  std::string ca_file = {}, cert_file = {}, key_file = {}, server_name = {};
  std::string output = "table"; ///< table, json
};

/// What is wrong with the arguments; "": nothing. Pure.
std::string misuse_in(const node_arguments& given);

/// Everything, what is 0 or empty too, under the names of admin.proto; one line where it is not whole.
std::string json_of(const google::protobuf::Message& message, bool whole);

/// What the nodes of a cluster answered.
template <class Answer>
struct gathered {
  std::vector<Answer> answers;
  std::vector<admin::v1::Speaker> lacking; ///< Silent, or with a problem.
};

/// A node that is asked, and where its answers are shown. One thread.
class node_session {
public:
  node_session(net::admin_client client, const node_arguments& given, std::ostream& out,
               std::ostream& err)
      : out(out), err(err), client_(std::move(client)), json_(given.output == "json") {}

  std::ostream& out;
  std::ostream& err;
  /// Answers are shown as JSON, not to a person.
  bool json() const noexcept { return json_; }

  /// An rpc with many answers: `told` says whether it wants more.
  template <class Answer, class Request>
  result<void> hear(const std::string& method, const Request& request,
                    const std::function<bool(const Answer&)>& told,
                    std::optional<std::chrono::milliseconds> patience = {}) {
    bool understood = true;
    const auto heard =
        client_.call(method, request.SerializeAsString(), patience, [&](const std::string& bytes) {
          Answer answer;
          understood = answer.ParseFromString(bytes);
          return understood && told(answer);
        });
    return understood ? heard : fail(errc::unsupported, "what the node answers is not understood");
  }

  /// An rpc with one answer.
  template <class Answer, class Request>
  result<Answer> ask(const std::string& method, const Request& request) {
    std::optional<Answer> last;
    const std::function<bool(const Answer&)> keep = [&](const Answer& answer) {
      last = answer;
      return true;
    };
    const auto heard = hear<Answer>(method, request, keep, net::answer_patience);
    if (!heard)
      return tl::unexpected(heard.error());
    if (!last)
      return fail(errc::unsupported, "the node answers nothing");
    return *std::move(last);
  }

  /// An rpc of the cluster with an answer of each node.
  template <class Answer, class Request>
  result<gathered<Answer>> gather(const std::string& method, const Request& request) {
    gathered<Answer> all;
    const std::function<bool(const Answer&)> keep = [&](const Answer& answer) {
      const auto& speaker = answer.speaker();
      if (speaker.silent().empty() && speaker.problem().empty())
        all.answers.push_back(answer);
      else
        all.lacking.push_back(speaker);
      return true;
    };
    if (const auto heard = hear<Answer>(method, request, keep, net::answer_patience); !heard)
      return tl::unexpected(heard.error());
    return all;
  }

  /// Shows what the nodes answered as one JSON document, those that did not among them:
  /// {"answers": [...]}.
  template <class Answer>
  void show_json(const gathered<Answer>& all) {
    std::vector<Answer> messages = all.answers;
    for (const auto& speaker : all.lacking)
      *messages.emplace_back().mutable_speaker() = speaker;
    out << "{\"answers\": [";
    for (std::size_t i = 0; i < messages.size(); ++i)
      out << (i == 0 ? "\n" : ",\n") << json_of(messages[i], false);
    out << "]}\n";
  }

  /// Says what went wrong. Returns the exit code.
  int fails(const error& problem);
  /// Says which nodes had a problem, and which did not answer. Returns the exit code: done, failed or
  /// not_whole.
  int end(const std::vector<admin::v1::Speaker>& lacking);

private:
  net::admin_client client_;
  bool json_;
};

} // namespace weir::app
