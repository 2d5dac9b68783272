#include "editing/work.hpp"

#include <ctime>

namespace weir::editing {

std::chrono::nanoseconds work_meter::thread_time() noexcept {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

void work_meter::look() {
  if (!bounded()) {
    left_ = std::numeric_limits<std::size_t>::max();
    return;
  }
  if (thread_time() >= until_) {
    left_ = 0; // whoever asks again hears the same
    throw work_ended{};
  }
  left_ = stride;
}

work_scope::work_scope(std::chrono::nanoseconds time) noexcept : before_(work()) {
  auto& mine = work();
  mine = {};
  if (time <= std::chrono::nanoseconds::zero())
    return;
  mine.until_ = work_meter::thread_time() + time;
  mine.left_ = work_meter::stride;
}

} // namespace weir::editing
