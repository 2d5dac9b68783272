#pragma once

#include "stages/edit_queue.hpp"

#include <chrono>
#include <functional>

namespace weir::stages {

/// Takes jobs through processors, and through connectors on to the next pipelines. One thread at a
/// time; no CAF, no clock but the thread's CPU time.
class job_editor {
public:
  explicit job_editor(otlp::scan_limits limits) : editor_(limits) {}

  /// `time`: CPU time that all of it may take; 0: without end. Null: it is done. Else the first part
  /// that took longer, which is refused by its `made` as are those behind it; given once more, the
  /// job begins anew.
  const edit_job::part* edit(edit_job& job, std::chrono::nanoseconds time);

private:
  /// Messages that connectors may make of one request: what multiplies itself ends here.
  static constexpr std::size_t max_parts = 4096;

  void edit_part(edit_job& job, std::size_t number, std::chrono::nanoseconds time);
  /// Adds what the connectors behind a part make of it. `time`: what is left of it.
  void pass_on(edit_job& job, std::size_t number,
               const std::function<std::chrono::nanoseconds()>& time);
  static void add(edit_job& job, const outlet& outlet, std::size_t group, std::string message,
                  std::uint64_t items);

  request_editor editor_;
};

} // namespace weir::stages
