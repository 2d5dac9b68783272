#pragma once

#include <string>
#include <string_view>

namespace weir::app {

/// "0.1.0"
std::string_view version() noexcept;

/// The commit that the program was built from: "429fd13abcde", with a `+` behind it where files
/// differed from that; "unknown" outside a clone.
std::string_view commit() noexcept;

/// What `weir --version` prints: version, commit and the formats on disk, a line each.
std::string version_text();

} // namespace weir::app
