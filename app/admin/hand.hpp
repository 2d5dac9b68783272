#pragma once

#include "app/admin/node_place.hpp"
#include "net/asker.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <weir/admin/v1/admin.pb.h>

namespace weir::app {

/// What a hand is, beside what it does.
struct hand_terms {
  std::string name;     ///< Of its rpc in proto/weir/admin/v1.
  bool changes = false; ///< It changes something: who asked is logged.
  bool is_long = false; ///< It may go on until the caller goes. At most four callers at once.
  /// How long another node may take; not of a long one.
  std::chrono::milliseconds patience = net::question_patience;
};

/// Something that a person asks a node for, or tells it, as bytes: made by make_hand() from a function
/// over messages. Its functions are called on any thread, several at once.
struct hand {
  hand_terms terms;
  /// Its answers have a Speaker, its requests a Scope: other nodes are asked too.
  bool of_cluster = false;
  /// Does it on this node. errc::invalid_argument: the request is none.
  std::function<result<void>(const node_place& place, const std::string& request, net::asker& whom)>
      work;
  /// A request for a log: one line.
  std::function<std::string(const std::string& request)> text;
  // -- of the cluster --
  /// The node that is meant, "" = all. errc::invalid_argument: the request is none.
  std::function<result<std::string>(const std::string& request)> scope = {};
  /// The answer as this speaker's; its problem stays, where the speaker has none. nullopt: it is none.
  std::function<std::optional<std::string>(const std::string& answer, admin::v1::Speaker speaker)>
      sign = {};
};

/// Who hears what a hand has to say.
template <class Answer>
class listener {
public:
  explicit listener(net::asker& whom) : whom_(whom) {}

  /// Waits for one who is slow. False: it has gone, and nothing more needs to be said; or, at another
  /// node, the answer is larger than net::largest_answer, which ends them all.
  bool tell(const Answer& answer) { return whom_.tell(answer.SerializeAsString()); }
  bool gone() const { return whom_.gone(); }
  /// Waits. False: it has gone.
  bool pause(std::chrono::milliseconds time) const {
    std::this_thread::sleep_for(time);
    return !gone();
  }

private:
  net::asker& whom_;
};

/// A hand of a function `result<void>(const node_place&, const Request&, listener<Answer>&)`, or where
/// there is one answer `result<Answer>(const node_place&, const Request&)`. A hand whose answers have a
/// Speaker is of the cluster: it is called only where place.node is there, leaves the Speaker alone, and
/// its error is told as the Speaker's problem.
template <class Request, class Answer, class Work>
hand make_hand(hand_terms terms, Work work) {
  hand made;
  made.terms = std::move(terms);
  made.work = [work](const node_place& place, const std::string& bytes,
                     net::asker& whom) -> result<void> {
    Request request;
    if (!request.ParseFromString(bytes))
      return fail(errc::invalid_argument, "the request is none of this call");
    listener<Answer> told(whom);
    if constexpr (std::is_invocable_v<Work, const node_place&, const Request&>) {
      auto answer = work(place, request);
      if (!answer)
        return tl::unexpected(answer.error());
      told.tell(*answer);
      return {};
    } else {
      return work(place, request, told);
    }
  };
  made.text = [](const std::string& bytes) {
    Request request;
    return request.ParseFromString(bytes) ? request.ShortDebugString() : std::string("?");
  };
  if constexpr (requires(Answer answer) { answer.mutable_speaker(); }) {
    made.of_cluster = true;
    made.scope = [](const std::string& bytes) -> result<std::string> {
      Request request;
      if (!request.ParseFromString(bytes))
        return fail(errc::invalid_argument, "the request is none of this call");
      return request.scope().node();
    };
    made.sign = [](const std::string& bytes,
                   admin::v1::Speaker speaker) -> std::optional<std::string> {
      Answer answer;
      if (!answer.ParseFromString(bytes))
        return std::nullopt;
      if (speaker.silent().empty() && speaker.problem().empty())
        speaker.set_problem(answer.speaker().problem());
      *answer.mutable_speaker() = std::move(speaker);
      return answer.SerializeAsString();
    };
  }
  return made;
}

} // namespace weir::app
