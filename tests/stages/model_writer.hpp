#pragma once

#include "stages/messages.hpp"
#include "tests/support/model_disk.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <utility>

namespace weir::stages {

/// The writer of a test: commits wait until the test lets them become durable, the oldest first.
class model_writer {
public:
  explicit model_writer(std::shared_ptr<test::model_disk> disk) : disk_(std::move(disk)) {}

  /// `answer`: called once it is durable; null: nobody asked.
  void take(const commit_ptr& work, std::function<void()> answer = nullptr) {
    waiting_.push_back({work, std::move(answer)});
  }

  std::size_t waiting() const noexcept { return waiting_.size(); }
  /// Of the oldest. @pre one waits
  const storage::batch& batch() const { return waiting_.front().work->batch; }
  bool syncs() const { return waiting_.front().work->sync; }

  /// The oldest becomes durable and is answered. False: none waits.
  bool write_one(steady_ns now = 0) {
    if (waiting_.empty())
      return false;
    const auto taken = std::move(waiting_.front());
    waiting_.pop_front();
    if (taken.work->late)
      taken.work->late(taken.work->batch);
    disk_->commit(taken.work->batch, taken.work->sync);
    if (taken.work->durable)
      taken.work->durable(now);
    if (taken.answer)
      taken.answer();
    return true;
  }

  void write_all(steady_ns now = 0) {
    while (write_one(now)) {
    }
  }

  /// A kill: what waits is never written. What it holds may hold the writer.
  void drop_all() noexcept { waiting_.clear(); }

private:
  struct pending {
    commit_ptr work;
    std::function<void()> answer;
  };

  std::shared_ptr<test::model_disk> disk_;
  std::deque<pending> waiting_;
};

} // namespace weir::stages
