#include "app/admin/cluster_call.hpp"

#include "app/admin/hands.hpp"
#include "app/admin/node_status.hpp"
#include "app/admin/text_table.hpp"
#include "core/quote.hpp"

#include <fmt/format.h>

namespace weir::app {

namespace {

using admin::v1::Speaker;
using cluster::cluster_view;
using cluster::member_view;

// Between two looks at whether whoever asked is still there.
constexpr auto look_interval = std::chrono::milliseconds(100);

Speaker speaker_of(node_id id, const std::string& name) {
  Speaker speaker;
  speaker.set_id(text_of_node(id));
  speaker.set_name(name.empty() ? speaker.id() : without_controls(name));
  return speaker;
}

Speaker itself(const node_place& place) {
  return speaker_of(place.id, place.name);
}

/// Makes the answers those of a speaker.
class signing final : public net::asker {
public:
  signing(const hand& called, Speaker speaker, net::asker& whom)
      : called_(called), speaker_(std::move(speaker)), whom_(whom) {}

  bool tell(const std::string& answer) override {
    const auto signed_answer = called_.sign(answer, speaker_);
    return signed_answer ? whom_.tell(*signed_answer)
                         : be_silent("what it answers cannot be understood");
  }
  /// There is nothing more from it. Returns false.
  bool be_silent(const std::string& reason) {
    auto speaker = speaker_;
    speaker.set_silent(without_controls(reason));
    if (const auto answer = called_.sign({}, std::move(speaker)))
      whom_.tell(*answer);
    return false;
  }
  bool gone() const override { return whom_.gone(); }
  void send_away() override { whom_.send_away(); }
  std::string peer() const override { return whom_.peer(); }

private:
  const hand& called_;
  const Speaker speaker_;
  net::asker& whom_;
};

/// Whom a call is for.
struct addressees {
  bool here = false;
  std::vector<const member_view*> others = {}; ///< They live.
  std::vector<const member_view*> down = {};
};

bool is_named(const node_place& place, const std::string& name) {
  return name.empty() || name == place.name || name == text_of_node(place.id);
}

result<addressees> addressees_of(const node_place& place, const cluster_view* view,
                                 const std::string& scope) {
  if (view == nullptr && !is_named(place, scope))
    return fail(errc::not_found,
                fmt::format("this node is alone, and not called `{}`", without_controls(scope)));
  if (view == nullptr)
    return addressees{.here = true};
  if (view->members.empty())
    return fail(errc::unavailable, "the node is too busy to say who is in its cluster");
  std::optional<node_id> only;
  if (!scope.empty()) {
    const auto found = find_member(*view, scope);
    if (!found)
      return tl::unexpected(found.error());
    only = *found;
  }
  addressees chosen;
  for (const auto& member : view->members) {
    if (only && member.info.id != *only)
      continue;
    if (member.self)
      chosen.here = true;
    else if (member.info.lives())
      chosen.others.push_back(&member);
    else if (member.info.state == cluster::member_state::down)
      chosen.down.push_back(&member);
  }
  return chosen;
}

std::unique_ptr<net::inquiry> ask(const hand& called, const node_place& place,
                                  const std::vector<const member_view*>& others,
                                  const std::string& request, const net::asker& whom) {
  if (others.empty())
    return nullptr;
  std::vector<std::string> addresses;
  for (const auto* member : others)
    addresses.push_back(member->info.address);
  return place.node->inquire(
      addresses,
      {.cluster = {},
       .node = 0,
       .hand = called.terms.name,
       .request = request,
       .peer = fmt::format("{} by way of node {}", whom.peer(), itself(place).name())},
      called.terms.is_long ? std::nullopt : std::optional(called.terms.patience));
}

bool wait_for_one(net::inquiry& inquiry, const net::asker& whom) {
  while (!inquiry.wait(look_interval))
    if (whom.gone())
      return false;
  return true;
}

void pass_on(net::inquiry& inquiry, std::vector<signing>& speakers, const net::asker& whom) {
  std::vector<bool> understood(speakers.size(), true);
  while (wait_for_one(inquiry, whom)) {
    const auto one = inquiry.next();
    if (!one)
      return;
    auto& speaker = speakers[one->node];
    if (one->answer && understood[one->node])
      understood[one->node] = speaker.tell(*one->answer);
    else if (!one->answer && !one->trouble.empty() && understood[one->node])
      speaker.be_silent(one->trouble);
  }
}

} // namespace

result<void> call_here(const hand& called, const node_place& place, const std::string& request,
                       net::asker& whom) {
  if (place.node == nullptr)
    return fail(errc::unavailable, "the node starts or stops");
  signing signer(called, itself(place), whom);
  const auto done = called.work(place, request, signer);
  if (done)
    return {};
  if (done.error().code == errc::invalid_argument)
    return done;
  auto speaker = itself(place);
  speaker.set_problem(without_controls(done.error().message));
  if (const auto answer = called.sign({}, std::move(speaker)))
    whom.tell(*answer);
  return {};
}

result<void> call_cluster(const hand& called, const node_place& place, const std::string& request,
                          net::asker& whom) {
  if (place.node == nullptr)
    return fail(errc::unavailable, "the node starts or stops");
  const auto scope = called.scope(request);
  if (!scope)
    return tl::unexpected(scope.error());
  const auto view = place.cluster ? std::optional(place.cluster->view()) : std::nullopt;
  const auto chosen = addressees_of(place, view ? &*view : nullptr, *scope);
  if (!chosen)
    return tl::unexpected(chosen.error());
  // The others work while this node does.
  const auto inquiry = ask(called, place, chosen->others, request, whom);
  if (chosen->here)
    if (const auto done = call_here(called, place, request, whom); !done)
      return done;
  for (const auto* member : chosen->down)
    signing(called, speaker_of(member->info.id, member->info.name), whom)
        .be_silent(fmt::format("it is down, for {}", span_text(static_cast<double>(member->silent)
                                                               / static_cast<double>(second_ns))));
  std::vector<signing> speakers;
  for (const auto* member : chosen->others)
    speakers.emplace_back(called, speaker_of(member->info.id, member->info.name), whom);
  if (inquiry)
    pass_on(*inquiry, speakers, whom);
  return {};
}

} // namespace weir::app
