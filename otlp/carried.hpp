#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::otlp {

/// What a client's request said beside its body that exporters are to send on: pairs of a name,
/// "metadata.<header>" or "auth.<name>", and its value.
///
/// On its way through the node it lies in each Resource of the message, in a field that OTLP does
/// not have: no processor and no policy sees it, the log keeps it with its spans, and exporters
/// take it out again.
using carried_values = std::vector<std::pair<std::string, std::string>>;

/// Its number in a Resource: far from those that OTLP will give, and not one of those that protobuf
/// keeps for itself (19000 to 19999).
inline constexpr std::uint32_t carried_field = 18'417;

/// The field's body.
void append_carried(std::string& out, std::string_view name, std::string_view value);
carried_values read_carried(std::string_view body);

/// What a message's resources carry.
struct carried {
  bool any = false;           ///< Some resource does.
  bool mixed = false;         ///< Not all carry the same.
  carried_values values = {}; ///< Of the first one.
};

/// Looks into an OTLP message of any signal. Where any resource carries something, the message
/// without it is appended to `out`. @pre the bytes were checked
carried take_carried(std::string_view message, std::string& out);

} // namespace weir::otlp
