#pragma once

#include "backends/ranges.hpp"
#include "storage/disk.hpp"

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace weir::stages {

/// Which dead letters of a pipeline are gone, though they still lie among others: delivered after
/// all, or dropped by hand. Kept as ranges in the family meta; at most 16 Ki of them.
class gone_letters {
public:
  /// errc::io: they cannot be read at the moment. What cannot be decoded is none.
  static result<gone_letters> read(const storage::disk& disk, const std::string& pipeline);

  bool contains(log_position letter) const;
  /// How many of [first, next) are.
  std::uint64_t count(const storage::bounds& held) const;
  /// The first from `position` on that is not gone.
  log_position first_left(log_position position) const;
  bool is_full() const;

  void add(log_position letter);
  /// Those below are no more.
  void forget_before(log_position position);
  void write(const std::string& pipeline, storage::batch& batch) const;

private:
  std::vector<backends::place_range> ranges_; ///< Of whole positions.
};

/// Dead letters of one pipeline, as its exporters share them. Any thread.
class letter_box {
public:
  /// @throws std::runtime_error when it cannot be read
  letter_box(std::shared_ptr<storage::disk> disk, pipeline_id pipeline, std::string name);

  /// The next free place.
  log_position take_place();

  /// The letter is the caller's to take, until it is gone or released. False: it is gone, somebody
  /// else's, or there are too many gaps.
  bool claim(log_position letter);
  void release(log_position letter);
  bool is_gone(log_position letter) const;
  std::uint64_t left() const;

  /// For commit::late: these are gone with this batch.
  void put_gone(const std::vector<log_position>& letters, storage::batch& batch);
  /// Once that is durable: trims what is gone from the front.
  void trim();

private:
  mutable std::mutex mutex_;
  std::shared_ptr<storage::disk> disk_;
  pipeline_id pipeline_;
  std::string name_;
  log_position next_;
  gone_letters gone_;
  std::set<log_position> claimed_;
};

} // namespace weir::stages
