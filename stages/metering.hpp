#pragma once

#include "connectors/meter.hpp"
#include "stages/edit_queue.hpp"
#include "storage/disk.hpp"

#include <string>
#include <vector>

namespace weir::stages {

/// A connector that adds up what passes.
struct metered {
  std::string id;
  connectors::meter_ptr meter;
  std::string options;              ///< Differs where it has to begin anew at a reload.
  std::vector<passage_ptr> targets; ///< Who gets its metrics.
};

/// The intake's connectors that make metrics: when each is asked for them, what of it is on its way,
/// and what is kept over a stop (meta: "connector/<id>"; format version 1: version u8 | options'
/// hash u64 LE | what the meter saves; 1 byte: nothing). One thread, the intake's.
class metering {
public:
  explicit metering(std::vector<metered> meters) : meters_(std::move(meters)) {}

  /// Goes on from what the last stop left, which is not there any more once `batch` is durable.
  /// What cannot be read begins anew.
  void restore(const storage::disk& disk, storage::batch& batch, moment now);

  /// Goes over to others. Those that stay go on; what others had is in the jobs that come back.
  std::vector<edit_job_ptr> change(std::vector<metered> wanted, moment now);

  connectors::meter& at(std::size_t number) { return *meters_[number].meter; }
  bool empty() const noexcept { return meters_.empty(); }

  /// The metrics of those whose time has come, but for those whose last ones are on their way
  /// still.
  std::vector<edit_job_ptr> flush(moment now);
  /// A job of flush() came to its end.
  void done(const edit_job& job);

  /// Puts what they know into the batch of a stop.
  void save(storage::batch& batch);
  /// Nothing is to be saved any more.
  bool saved() const noexcept { return saved_ || meters_.empty(); }

private:
  struct timing {
    steady_ns due = 0;          ///< Of the next flush.
    std::size_t on_the_way = 0; ///< Jobs.
    std::uint64_t overflow_shown = 0;
  };

  void append_jobs(std::size_t number, moment now, std::vector<edit_job_ptr>& jobs);
  void show(std::size_t number);

  std::vector<metered> meters_;
  std::vector<timing> times_;
  bool saved_ = false;
};

} // namespace weir::stages
