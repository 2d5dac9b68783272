#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::otlp {

/// What a server's JSON answer to an export says.
struct export_answer {
  std::uint64_t rejected = 0; ///< partialSuccess.rejectedSpans, ...DataPoints, ...LogRecords
  std::string message = {};   ///< partialSuccess.errorMessage
  std::string status = {};    ///< `message` of a google.rpc.Status
};

/// Reads an Export...ServiceResponse or a google.rpc.Status. Numbers may be texts. Nothing where it
/// is no JSON object. Any thread.
std::optional<export_answer> read_json_answer(std::string_view json);

} // namespace weir::otlp
