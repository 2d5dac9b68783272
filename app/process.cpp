#include "app/process.hpp"

#include "app/admin/node_admin.hpp"
#include "app/exit_code.hpp"
#include "app/last_stop.hpp"
#include "app/node_plan.hpp"
#include "app/pages.hpp"
#include "app/reload.hpp"
#include "app/reload_command.hpp"
#include "app/version.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"
#include "storage/lock.hpp"

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <malloc.h>
#include <mutex>
#include <pthread.h>
#include <sys/resource.h>
#include <thread>

namespace weir::app {

namespace {

// Blocked in every thread (they inherit it), so that sigwait() is the one place signals arrive at.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

// A node holds many connections and files: as many as the system allows.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

// Bodies and entries of some 100 KB come and go all the time: without this each would be fresh
// pages from the kernel, to be cleared.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

// From here on a second signal ends the process at once: nothing acknowledged is lost by it.
void end_on_next_signal(const sigset_t& set) {
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGHUP, SIG_IGN);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

// How long after the deadline of a stop the process may take to end.
constexpr auto end_patience = std::chrono::seconds(4);

// Between two looks at whether a node has left.
constexpr auto leave_pause = std::chrono::milliseconds(100);
// Whoever watches the node leave sees that it has.
constexpr int looks_after_leaving = 10;

// Ends the process at a deadline, whatever it waits for: what is acknowledged is on the disk.
class end_at_last {
public:
  explicit end_at_last(std::chrono::milliseconds patience) {
    thread_ = std::thread([this, patience] {
      std::unique_lock lock(mutex_);
      if (ended_.wait_for(lock, patience, [this] { return done_; }))
        return;
      log::error("the node did not stop in time and is ended: what is acknowledged is on the disk");
      std::_Exit(EXIT_FAILURE);
    });
  }
  ~end_at_last() {
    {
      const std::lock_guard guard(mutex_);
      done_ = true;
    }
    ended_.notify_all();
    thread_.join();
  }

private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
  std::thread thread_;
};

// All that a reload changes, or the reasons why it changes nothing.
tl::expected<std::vector<std::string>, std::vector<std::string>>
try_reload(actors::node& node, loaded_config& loaded, const config_reader& again) {
  if (const auto asked = take_request(loaded.config.storage.database.directory))
    if (auto other = other_sources(loaded.config.sources, *asked); !other.empty())
      return tl::unexpected(std::vector{std::move(other)});
  auto wanted = again();
  if (!wanted)
    return tl::unexpected(std::move(wanted.error()));
  if (auto fixed = needs_restart(loaded, *wanted); !fixed.empty())
    return tl::unexpected(std::move(fixed));
  auto changed = node.reload(plan_of(wanted->config));
  if (!changed)
    return tl::unexpected(std::vector{changed.error().message});
  if (wanted->config.shutdown_timeout != loaded.config.shutdown_timeout)
    changed->emplace_back("service.shutdown_timeout: changed");
  loaded = *std::move(wanted);
  return *std::move(changed);
}

void count_reload(const std::string& outcome) {
  metrics::reloads.with({{"outcome", outcome}}).Increment();
  if (outcome != "refused")
    metrics::reload_last_success_timestamp_seconds.with().Set(
        static_cast<double>(unix_now() / second_ns));
}

void reload(actors::node& node, pages& shown, loaded_config& loaded, const config_reader& again) {
  const auto began = unix_now();
  const auto directory = loaded.config.storage.database.directory;
  const auto done = try_reload(node, loaded, again);
  shown.set_pipelines(loaded.config);
  reload_answer answer{done.has_value(), {}};
  for (const auto& line : done ? *done : done.error()) {
    if (done)
      log::info("reload: {}", line);
    else
      log::error("reload: {}", line);
    answer.text += line + "\n";
  }
  count_reload(done ? done->empty() ? "nothing_to_change" : "taken" : "refused");
  const auto last = !done           ? "nothing was changed: the node goes on as before"
                    : done->empty() ? "nothing to change"
                                    : "the configuration is reloaded";
  log::info("reload: {}", last);
  answer.text += std::string(last) + "\n";
  if (const auto left = leave_answer(directory, began, answer); !left)
    log::warn("reload: {}", left.error().message);
}

int cannot_start(const error& problem) {
  log::error("the node cannot start: {}", problem.message);
  return not_available;
}

std::string sources_of(const node_config& config) {
  std::string text;
  for (const auto& source : config.sources)
    text += (text.empty() ? "" : ", ") + source;
  return text.empty() ? "none" : text;
}

/// What a log begins with: enough to know what runs, with what, and what it goes on from.
void say_what_starts(const node_config& config, last_stop previous) {
  const auto& database = config.storage.database;
  log::info({{"version", version()},
             {"commit", commit()},
             {"sources", sources_of(config)},
             {"directory", database.directory},
             {"last_stop", to_string(previous)},
             {"max_bytes", database.max_bytes},
             {"window_memory", config.sampling.window_memory},
             {"decision_cache", config.sampling.decision_cache},
             {"max_bytes_in_flight", config.limits.server.max_bytes_in_flight},
             {"max_connections", config.limits.server.max_connections}},
            "weir {} (commit {}) starts in {}; last stop there: {}", version(), commit(),
            database.directory, to_string(previous));
}

// Nothing: the node is alone.
std::optional<cluster_access> access_of(actors::node& node, const node_config& config) {
  if (!config.cluster)
    return std::nullopt;
  const auto view = [&node, name = config.cluster->name] {
    auto seen = node.cluster_view();
    if (seen)
      return *std::move(seen);
    cluster::cluster_view unknown;
    unknown.name = name;
    unknown.unready = "the node is too busy to say";
    return unknown;
  };
  const auto leave = [&node](node_id member) -> result<void> {
    return member == node.id() ? node.leave() : node.ask_to_leave(member);
  };
  return cluster_access{view, leave};
}

// `cluster.leave_on_stop`. Returns what is left of the patience.
std::chrono::milliseconds leave_first(actors::node& node, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  const auto left = [&] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
  };
  if (const auto begun = node.leave(); !begun)
    return patience;
  while (!node.left() && left() > patience / 4)
    std::this_thread::sleep_for(leave_pause);
  if (!node.left())
    log::warn("cluster.leave_on_stop: there was no time to leave; what is held stays here, for the "
              "next start");
  return std::max(left(), std::chrono::milliseconds(1));
}

// The next signal; nothing: none came, and the node has left its cluster, a moment ago.
std::optional<int> next_signal(const sigset_t& signals, const actors::node& node, bool clustered) {
  int received = 0;
  if (!clustered) {
    sigwait(&signals, &received);
    return received;
  }
  for (auto looks = looks_after_leaving; looks > 0; looks -= node.left() ? 1 : 0) {
    const timespec pause{0, leave_pause / std::chrono::nanoseconds(1)};
    if (received = sigtimedwait(&signals, nullptr, &pause); received > 0)
      return received;
  }
  return std::nullopt;
}

// Until the node is told to stop, or has left; `loaded` is then what was reloaded last.
void serve_signals(const sigset_t& signals, actors::node& node, pages& shown, loaded_config& loaded,
                   const config_reader& again) {
  const bool clustered = loaded.config.cluster.has_value();
  while (next_signal(signals, node, clustered) == SIGHUP)
    reload(node, shown, loaded, again);
}

} // namespace

int run_node(const loaded_config& loaded, const config_reader& again) {
  return run_node(loaded, again, {});
}

int run_node(const loaded_config& loaded, const config_reader& again,
             const stages::sabotage& broken) {
  const auto& config = loaded.config;
  const auto signals = block_signals();
  raise_file_limit();
  keep_freed_memory();
  // Before its ports: a node that is started twice by mistake finds those taken, too.
  if (const auto free = storage::directory_lock::expect_free(config.storage.database.directory);
      !free)
    return cannot_start(free.error());
  const auto directory = config.storage.database.directory;
  say_what_starts(config, read_last_stop(directory));
  auto shown = pages::start(config);
  if (!shown)
    return cannot_start(shown.error());
  auto admin = node_admin::start(config);
  if (!admin)
    return cannot_start(admin.error());
  auto plan = plan_of(config);
  plan.broken = broken;
  auto started = actors::node::start(std::move(plan));
  if (!started)
    return cannot_start(started.error());
  auto& node = **started;
  take_request(directory); // whoever left one meant the node before
  note_running(directory);
  (*shown)->attach(&node);
  (*admin)->attach(&node, access_of(node, config));
  node.answer_members([told = admin->get()](const net::question& asked, net::asker& whom) {
    return told->answer_member(asked, whom);
  });
  log::info("ready");

  auto last = loaded;
  serve_signals(signals, node, **shown, last, again);
  log::info("stopping: finishing what is in flight");
  end_on_next_signal(signals);
  auto patience = last.config.shutdown_timeout;
  if (last.config.cluster && last.config.cluster->leave_on_stop)
    patience = leave_first(node, patience);
  (*shown)->attach(nullptr);
  (*admin)->attach(nullptr, std::nullopt);
  const end_at_last deadline(patience + end_patience);
  node.stop(patience);
  note_stopped(directory);
  started->reset();
  log::info("stopped");
  return done;
}

} // namespace weir::app
