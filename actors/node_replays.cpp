// What a node can be asked about its replays and its logs.
#include "actors/node_impl.hpp"

#include <caf/send.hpp>
#include <future>

namespace weir::actors {

namespace {

// An answer waits for a commit; where the disk does not take one, for long.
constexpr auto patience = std::chrono::seconds(8);

} // namespace

stages::replays_config node::impl::config_of_replays() const {
  stages::replays_config config;
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p)
    config.pipelines.push_back({ids[p], plan.pipelines[p].name, plan.pipelines[p].signal,
                                plan.pipelines[p].batch, letters.at(ids[p])});
  config.exporters = plan.exporters;
  for (auto& exporter : config.exporters)
    keep_file(exporter);
  config.select = plan.select;
  config.max = plan.max_replays;
  config.keep = plan.keep_replays;
  config.cursor_interval = plan.cursor_interval;
  return config;
}

void node::impl::spawn_replays() {
  auto config = config_of_replays();
  {
    const std::lock_guard guard(look_mutex);
    readable_logs = config.pipelines;
  }
  replays = system.spawn<caf::detached>(weir::actors::replays, std::move(config), store, writer);
}

void node::impl::change_replays() {
  auto config = config_of_replays();
  {
    const std::lock_guard guard(look_mutex);
    readable_logs = config.pipelines;
  }
  change(replays, std::make_shared<const stages::replays_config>(std::move(config)));
}

result<std::vector<stages::replay_view>> node::impl::ask_replays(replay_question::kind hand,
                                                                 stages::replay_order order) const {
  using answer = result<std::vector<stages::replay_view>>;
  // Shared: the answer may come when nobody waits any more.
  const auto promised = std::make_shared<std::promise<answer>>();
  auto coming = promised->get_future();
  {
    const std::lock_guard guard(look_mutex);
    if (!replays || *ending)
      return fail(errc::unavailable, "the node stops");
    caf::anon_send(replays, std::make_shared<const replay_question>(
                                replay_question{hand, std::move(order), [promised](answer found) {
                                                  promised->set_value(std::move(found));
                                                }}));
  }
  if (coming.wait_for(patience) != std::future_status::ready)
    return fail(errc::unavailable,
                "no answer in time; it may be done all the same: `weir replay list`");
  return coming.get();
}

result<stages::replay_view> node::impl::ask_replay(replay_question::kind hand,
                                                   stages::replay_order order) const {
  auto found = ask_replays(hand, std::move(order));
  if (!found)
    return tl::unexpected(found.error());
  return std::move(found->front());
}

result<stages::replay_view> node::start_replay(const stages::replay_order& order) {
  return impl_->ask_replay(replay_question::kind::start, order);
}

result<void> node::check_replay(const stages::replay_order& order) {
  if (const auto found = impl_->ask_replays(replay_question::kind::check, order); !found)
    return tl::unexpected(found.error());
  return {};
}

result<std::vector<stages::replay_view>> node::replays() {
  return impl_->ask_replays(replay_question::kind::list, {});
}

result<stages::replay_view> node::change_replay(stages::replay_id replay, replay_change change) {
  using kind = replay_question::kind;
  const auto hand = change == replay_change::pause    ? kind::pause
                    : change == replay_change::resume ? kind::resume
                                                      : kind::cancel;
  stages::replay_order order;
  order.id = replay;
  return impl_->ask_replay(hand, std::move(order));
}

std::shared_ptr<const storage::disk> node::disk() const {
  return impl_->store;
}

std::vector<stages::replayed_pipeline> node::logs() const {
  const std::lock_guard guard(impl_->look_mutex);
  return impl_->readable_logs;
}

stages::selection_maker node::selector() const {
  return impl_->plan.select;
}

} // namespace weir::actors
