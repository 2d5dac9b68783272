#pragma once

#include "core/arena.hpp"
#include "core/ids.hpp"
#include "editing/item.hpp"
#include "otlp/sampling_state.hpp"
#include "sampling/decision.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir::sampling {

/// The attribute that says how many spans like it a span stands for. The name is Honeycomb's, whose
/// back end and libraries (beelines, Refinery) read and write it.
inline constexpr std::string_view rate_attribute = "SampleRate";

/// Writes the sampling rate of a decision into the spans kept by it, so that counts can be scaled
/// back. What samplers before have written counts too:
///
/// - `ot=th` in the tracestate, where the decision says so: the higher of the two thresholds. A
///   threshold that would not be true is taken out.
/// - the attribute: what that threshold stands for; without it, the rate, times the attribute's
///   number before.
///
/// Holds scratch; one thread at a time.
class rate_stamp {
public:
  /// The body with the rate in it, valid until the next call. @pre what.mark != rate_mark::none
  std::string_view put(std::string_view span_body, const trace_id& id, const decision& decision);

private:
  double put_threshold(const trace_id& id, const decision& decision);
  void write_state();

  std::unique_ptr<arena> memory_ = std::make_unique<arena>();
  editing::item span_{*memory_};
  otlp::sampling_state state_;
  bool writable_ = true; ///< A tracestate that is not valid counts as none, and stays.
  std::string text_;     ///< The tracestate that is written.
};

} // namespace weir::sampling
