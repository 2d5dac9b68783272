#pragma once

#include "stages/edit_limits.hpp"
#include "stages/job_editor.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace weir::actors {

/// Threads that apply processors to requests, apart from the intake, for which all wait: one
/// request that takes long holds up no other. In which order requests come out is open. What waits
/// here counts as bytes in flight of the server, which bounds it.
class edit_pool {
public:
  /// `wake`: called on a thread of the pool when there is something to take() again.
  edit_pool(stages::edit_limits limits, otlp::scan_limits scan, std::function<void()> wake);
  ~edit_pool();

  /// Any thread.
  void give(std::vector<stages::edit_job_ptr> jobs);

  /// What has been edited since the last call.
  std::vector<stages::edit_job_ptr> take();

  /// Lets go of what waits, whose clients are told to come again; what is being edited ends.
  void drop_waiting();

private:
  /// CPU time after which a request is slow.
  static constexpr auto quick_time = std::chrono::milliseconds(50);
  /// Slow requests that may wait: at the default limits more than clients wait for.
  static constexpr std::size_t max_slow_waiting = 64;

  void work();
  /// False: it has to be begun again, as a slow one.
  bool edit(stages::edit_job& job, stages::job_editor& editor) const;
  void finish(std::vector<stages::edit_job_ptr> jobs, std::unique_lock<std::mutex>& guard);

  stages::edit_limits limits_;
  otlp::scan_limits scan_;
  std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  stages::edit_queue queue_;
  std::vector<stages::edit_job_ptr> done_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

} // namespace weir::actors
