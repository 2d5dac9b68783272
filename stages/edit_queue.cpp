#include "stages/edit_queue.hpp"

#include <algorithm>
#include <iterator>

namespace weir::stages {

edit_job_ptr edit_queue::put_back(edit_job_ptr job) {
  if (slow_.size() >= max_slow_)
    return job;
  job->slow = true;
  slow_.push_back(std::move(job));
  return nullptr;
}

edit_job_ptr edit_queue::next() {
  const bool quick = !quick_.empty();
  if (!quick && (slow_.empty() || slow_working_ >= max_slow_working_))
    return nullptr;
  auto& line = quick ? quick_ : slow_;
  auto job = std::move(line.front());
  line.pop_front();
  slow_working_ += quick ? 0 : 1;
  return job;
}

std::vector<edit_job_ptr> edit_queue::take_all() {
  std::vector<edit_job_ptr> all;
  for (auto* line : {&quick_, &slow_}) {
    std::move(line->begin(), line->end(), std::back_inserter(all));
    line->clear();
  }
  return all;
}

} // namespace weir::stages
