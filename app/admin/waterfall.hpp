#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::app {

/// The spans of one trace as a person reads them: each under its parent, by time, with the service,
/// the name, a bar of when it was, and how long it took, in lines of at most 80 characters. Spans
/// that come twice are shown once. @param messages OTLP messages that hold them. Pure.
std::string waterfall_of(const std::vector<std::string>& messages);

/// Lines of it, at most; what is beyond is counted.
inline constexpr std::size_t max_waterfall_spans = 2000;

} // namespace weir::app
