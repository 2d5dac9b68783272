#include "actors/edit_pool.hpp"

#include "actors/last_words.hpp"
#include "core/cpus.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>
#include <iterator>
#include <pthread.h>

namespace weir::actors {

namespace {

unsigned threads_of(const stages::edit_limits& limits) {
  return std::max(2U, limits.threads != 0 ? limits.threads : usable_cpus());
}

prometheus::Gauge& waiting_gauge() {
  static auto& gauge = metrics::intake_edits_waiting.with();
  return gauge;
}

} // namespace

edit_pool::edit_pool(stages::edit_limits limits, otlp::scan_limits scan, std::function<void()> wake)
    : limits_(limits), scan_(scan), wake_(std::move(wake)),
      queue_(threads_of(limits), max_slow_waiting) {
  for (auto n = threads_of(limits); n > 0; --n) {
    threads_.emplace_back([this] {
      try {
        work();
      } catch (const std::exception& why) {
        end_process({errc::fatal, why.what()});
      }
    });
    pthread_setname_np(threads_.back().native_handle(), "weir.edit");
  }
}

edit_pool::~edit_pool() {
  {
    const std::lock_guard guard(mutex_);
    stopping_ = true;
    (void)queue_.take_all();
  }
  changed_.notify_all();
  for (auto& thread : threads_)
    thread.join();
}

void edit_pool::give(std::vector<stages::edit_job_ptr> jobs) {
  const auto count = jobs.size();
  {
    const std::lock_guard guard(mutex_);
    for (auto& job : jobs)
      queue_.add(std::move(job));
    waiting_gauge().Set(static_cast<double>(queue_.waiting()));
  }
  if (count == 1)
    changed_.notify_one();
  else
    changed_.notify_all();
}

std::vector<stages::edit_job_ptr> edit_pool::take() {
  const std::lock_guard guard(mutex_);
  return std::exchange(done_, {});
}

void edit_pool::drop_waiting() {
  std::unique_lock guard(mutex_);
  auto dropped = queue_.take_all();
  for (auto& job : dropped)
    job->refusal = "the node is stopping";
  finish(std::move(dropped), guard);
}

void edit_pool::finish(std::vector<stages::edit_job_ptr> jobs,
                       std::unique_lock<std::mutex>& guard) {
  const bool first = done_.empty() && !jobs.empty();
  std::move(jobs.begin(), jobs.end(), std::back_inserter(done_));
  guard.unlock();
  if (first)
    wake_();
}

void edit_pool::work() {
  stages::job_editor editor(scan_);
  std::unique_lock guard(mutex_);
  while (true) {
    stages::edit_job_ptr job;
    changed_.wait(guard, [&] { return stopping_ || (job = queue_.next()) != nullptr; });
    if (stopping_)
      return;
    waiting_gauge().Set(static_cast<double>(queue_.waiting()));
    const bool slow = job->slow;
    guard.unlock();
    const bool edited = edit(*job, editor);
    guard.lock();
    if (slow)
      queue_.end_slow();
    if (!edited) {
      job = queue_.put_back(std::move(job));
      if (!job) {
        changed_.notify_one();
        continue;
      }
      job->refusal = "too many requests wait for processors that take long";
    }
    std::vector<stages::edit_job_ptr> one;
    one.push_back(std::move(job));
    finish(std::move(one), guard);
    guard.lock();
  }
}

bool edit_pool::edit(stages::edit_job& job, stages::job_editor& editor) const {
  const bool bounded = limits_.max_time > std::chrono::nanoseconds::zero();
  const bool last_try = job.slow || (bounded && limits_.max_time <= quick_time);
  const auto* over = editor.edit(job, last_try ? limits_.max_time : quick_time);
  if (over == nullptr)
    return true;
  (last_try ? metrics::intake_edits_ended : metrics::intake_edits_slow).with().Increment();
  if (last_try && log::permit("edits-ended"))
    log::warn({{"items", over->made.items}}, "a request of {} items was refused: {}",
              over->made.items, over->made.refusal);
  return last_try;
}

} // namespace weir::actors
