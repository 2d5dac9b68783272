#pragma once

#include "backends/sender.hpp"

#include <string>
#include <string_view>

namespace weir::backends {

/// What an Export...ServiceResponse says (the field numbers are the same for all signals):
/// delivered, with the rejected items of partial success and their message. Bytes that are no such
/// message count as full success: the status said so.
outcome read_export_response(std::string_view message);

/// Whether an error's text speaks of the request's size, in the words servers use: "received
/// message larger than max", "message too large", "request entity too large".
bool speaks_of_size(std::string_view text);

/// A text from outside for our own logs: cut to a line's length, control characters replaced.
std::string tidy(std::string_view text);

} // namespace weir::backends
