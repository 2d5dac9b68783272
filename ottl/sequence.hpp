#pragma once

#include "ottl/evaluation.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::ottl {

/// What an error in a condition or statement does: `ignore` goes on with the next one and logs it,
/// `silent` only goes on, `propagate` ends the message.
enum class error_mode : std::uint8_t { ignore, silent, propagate };

std::optional<error_mode> error_mode_named(std::string_view name) noexcept;

/// Conditions of which one is enough, or statements that run one after another. Immutable but for
/// the count of errors; any thread. Each counts as work: work_ended names it, whatever the mode.
class sequence {
public:
  enum class answer : std::uint8_t { no, yes, failed };

  /// `owner` names it in log lines: "filter/noise".
  sequence(std::vector<program> programs, error_mode mode, std::string owner)
      : programs_(std::move(programs)), mode_(mode), owner_(std::move(owner)) {}
  sequence(sequence&& other) noexcept
      : programs_(std::move(other.programs_)), mode_(other.mode_), owner_(std::move(other.owner_)) {
  }

  bool empty() const noexcept { return programs_.empty(); }

  /// Whether a condition holds; failed: in mode propagate, and `in.why` says why.
  answer any(const subject& subject, workspace& workspace) const;

  /// Runs the statements. False: one failed in mode propagate.
  bool run(const subject& subject, workspace& workspace) const;

  /// What a failure in mode propagate is told as.
  std::string describe(const workspace& workspace) const;

  std::uint64_t errors() const noexcept { return errors_.load(std::memory_order_relaxed); }

private:
  /// Counts an error; true: it ends the message.
  bool ends(const program& program, workspace& workspace) const;

  std::vector<program> programs_;
  error_mode mode_;
  std::string owner_;
  mutable std::atomic<std::uint64_t> errors_{0};
};

} // namespace weir::ottl
