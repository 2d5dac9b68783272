#include "app/admin/hands.hpp"
#include "app/admin/replay_messages.hpp"

namespace weir::app {

namespace {

using admin::v1::ReplayOrder;
using admin::v1::ReplaysAnswer;
using admin::v1::ReplaysRequest;

result<ReplaysAnswer> answer_with(const result<stages::replay_view>& view) {
  if (!view)
    return tl::unexpected(view.error());
  ReplaysAnswer answer;
  *answer.add_replays() = to_message(*view);
  return answer;
}

result<ReplaysAnswer> start(const node_place& place, const ReplayOrder& message) {
  const auto order = order_of(message);
  if (!order)
    return tl::unexpected(order.error());
  if (!message.check_only())
    return answer_with(place.node->start_replay(*order));
  if (const auto could = place.node->check_replay(*order); !could)
    return tl::unexpected(could.error());
  return ReplaysAnswer();
}

result<ReplaysAnswer> list(const node_place& place, const ReplaysRequest& request) {
  const auto all = place.node->replays();
  if (!all)
    return tl::unexpected(all.error());
  ReplaysAnswer answer;
  for (const auto& each : *all)
    if (request.id().empty() || request.id() == stages::text_of_replay(each.record.order.id))
      *answer.add_replays() = to_message(each);
  return answer;
}

// A node that has no such replay has nothing to change: it answers with none.
result<ReplaysAnswer> change(const node_place& place, const ReplaysRequest& request) {
  using change = actors::node::replay_change;
  const auto id = replay_in(request.id());
  if (!id)
    return tl::unexpected(id.error());
  const auto& word = request.change();
  if (word != "pause" && word != "resume" && word != "cancel")
    return fail(errc::invalid_argument, "expected pause, resume or cancel");
  const auto wanted = word == "pause"    ? change::pause
                      : word == "resume" ? change::resume
                                         : change::cancel;
  const auto changed = place.node->change_replay(*id, wanted);
  if (!changed && changed.error().code == errc::not_found)
    return ReplaysAnswer();
  return answer_with(changed);
}

} // namespace

hand start_replay_hand() {
  return make_hand<ReplayOrder, ReplaysAnswer>({.name = "StartReplay", .changes = true}, start);
}

hand replays_hand() {
  return make_hand<ReplaysRequest, ReplaysAnswer>({.name = "Replays"}, list);
}

hand change_replay_hand() {
  return make_hand<ReplaysRequest, ReplaysAnswer>({.name = "ChangeReplay", .changes = true},
                                                  change);
}

} // namespace weir::app
