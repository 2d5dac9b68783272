#pragma once

#include "core/clock.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::connectors {

/// A metrics message that a meter made, and its data points.
struct measured {
  std::string message;
  std::uint64_t points = 0;
};

/// A connector that adds up what passes, and makes metrics of it from time to time. One thread at a
/// time; no clock.
class meter {
public:
  virtual ~meter() = default;

  /// Adds the spans of a traces message. @pre it was checked
  virtual void take(std::string_view message, moment now) = 0;

  /// How far flushes are apart.
  virtual steady_ns interval() const noexcept = 0;

  /// What has been added up, as messages of about 1 MiB each at the most. Delta series begin anew
  /// with it, as do exemplars.
  virtual std::vector<measured> flush(moment now) = 0;

  /// Series that it holds, and what came to series over their limit so far.
  virtual std::uint64_t series() const noexcept = 0;
  virtual std::uint64_t overflowed() const noexcept = 0;

  /// All that it knows, for restore(); "": it is more than is kept.
  virtual std::string save() const = 0;

  /// Goes on from what save() gave, to a meter of the same configuration. False: it is not that,
  /// and nothing changed.
  virtual bool restore(std::string_view saved, moment now) = 0;
};
using meter_ptr = std::shared_ptr<meter>;

} // namespace weir::connectors
