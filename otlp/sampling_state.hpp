#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Consistent probability sampling. Source: OpenTelemetry specification, "TraceState: Probability
// Sampling" (OTEP 235): 56 bits of randomness, kept where they are not below a rejection threshold.
namespace weir::otlp {

/// 2^56: randomness lies below it; a threshold of this much rejects everything.
inline constexpr std::uint64_t randomness_range = std::uint64_t{1} << 56;
inline constexpr std::uint64_t always_sample = 0;
inline constexpr std::uint64_t never_sample = randomness_range;
inline constexpr int max_hex_digits = 14;

/// The threshold that keeps a share of `probability`, in `digits` hexadecimal digits, or more where
/// it is so near to 0 or 1 that they would say little. Nothing: out of [2^-56, 1].
std::optional<std::uint64_t> threshold_of(double probability, int digits) noexcept;

constexpr double probability_of(std::uint64_t threshold) noexcept {
  return static_cast<double>(randomness_range - threshold) / static_cast<double>(randomness_range);
}

/// `th`: 1 to 14 hexadecimal digits, zeros left out behind.
std::optional<std::uint64_t> read_threshold(std::string_view text) noexcept;
/// `rv`: 14 hexadecimal digits.
std::optional<std::uint64_t> read_randomness(std::string_view text) noexcept;

/// Appends them as they are read; never_sample is nothing.
void append_threshold(std::string& out, std::uint64_t threshold);
void append_randomness(std::string& out, std::uint64_t randomness);

/// The last 56 bits of a trace id. @pre 16 bytes
std::uint64_t randomness_of(std::string_view trace_id) noexcept;

/// A span's trace state: what the OpenTelemetry member says of sampling, and all else as it came.
class sampling_state {
public:
  std::optional<std::uint64_t> threshold;
  std::optional<std::uint64_t> randomness;

  void set_threshold(std::uint64_t value) noexcept {
    threshold = value;
    threshold_text_ = {};
  }

  /// Reads a W3C tracestate, whose bytes must outlive this. False: not one; what was read by then
  /// stays.
  bool read(std::string_view text) noexcept;

  /// Appends it, the `ot` member in front.
  void write(std::string& out) const;

private:
  static constexpr std::size_t max_members = 31; ///< The Collector refuses the 32nd.
  static constexpr std::size_t max_ot_bytes = 256;
  static constexpr std::size_t max_bytes = 1024;

  bool read_member(std::string_view member) noexcept;
  bool read_ot(std::string_view text) noexcept;

  std::string_view threshold_text_; ///< As they came; empty: to be written anew.
  std::string_view randomness_text_;
  std::array<std::string_view, max_members> members_{};
  std::size_t member_count_ = 0;
  std::array<std::string_view, max_ot_bytes / 2> ot_members_{};
  std::size_t ot_count_ = 0;
};

} // namespace weir::otlp
