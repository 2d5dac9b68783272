#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::connectors {

/// An exponential histogram of values from 0 on: buckets whose bounds are powers of 2^(2^-scale).
/// It begins with the finest scale there is, and gets coarser where more than `max_size` buckets
/// would be needed; as in the Collector's library (go-expohisto), so that both make the same of the
/// same values.
class expo_histogram {
public:
  static constexpr std::int32_t max_scale = 20;

  /// @pre value >= 0, max_size >= 2
  void add(double value, std::uint64_t times, std::uint32_t max_size);

  std::uint64_t count() const noexcept { return count_; }

  /// Appends fields 4 to 9, 12 and 13 of an ExponentialHistogramDataPoint.
  void append_fields(std::string& out) const;

  void save(std::string& out) const;
  /// False: it is not what save() made.
  bool restore(std::string_view& saved);

private:
  std::int32_t index_of(double value) const noexcept;
  void coarsen(std::int32_t steps);

  std::int32_t scale_ = max_scale;
  std::int32_t first_ = 0; ///< Index of the first bucket.
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0, zeros_ = 0;
  double sum_ = 0, min_ = 0, max_ = 0;
};

} // namespace weir::connectors
