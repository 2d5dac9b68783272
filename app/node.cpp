#include "app/node.hpp"

#include "app/node_plan.hpp"
#include "app/pages.hpp"
#include "core/log.hpp"

#include <csignal>
#include <cstdlib>
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>

namespace weir::app {

namespace {

// Blocked in every thread (they inherit it), so that sigwait() is the one place signals arrive at.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
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

// Bodies and entries of some 100 KB come and go all the time: without this each would be fresh pages from
// the kernel, to be cleared.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

// From here on a second signal ends the process at once: nothing acknowledged is lost by it.
void end_on_next_signal(const sigset_t& set) {
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

} // namespace

int run_node(const node_config& config) {
  return run_node(config, {});
}

int run_node(const node_config& config, const actors::sabotage& broken) {
  const auto signals = block_signals();
  raise_file_limit();
  keep_freed_memory();
  auto shown = pages::start(config);
  if (!shown) {
    log::error("the node cannot start: {}", shown.error().message);
    return EXIT_FAILURE;
  }
  auto plan = plan_of(config);
  plan.broken = broken;
  auto started = actors::node::start(std::move(plan));
  if (!started) {
    log::error("the node cannot start: {}", started.error().message);
    return EXIT_FAILURE;
  }
  auto& node = **started;
  (*shown)->attach(&node);
  log::info("ready");

  int received = 0;
  sigwait(&signals, &received);
  log::info("stopping: finishing what is in flight");
  end_on_next_signal(signals);
  (*shown)->attach(nullptr);
  node.stop(config.shutdown_timeout);
  log::info("stopped");
  return EXIT_SUCCESS;
}

} // namespace weir::app
