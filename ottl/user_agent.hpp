#pragma once

#include <string>
#include <string_view>

namespace weir::ottl {

/// A browser or an operating system.
struct user_agent_part {
  std::string family; ///< "Other": not known.
  std::string version;
};

/// Texts beyond are not looked into: a header of a request is shorter.
inline constexpr std::size_t max_user_agent_bytes = 8 << 10;

/// What a User-Agent header says about the browser, by the expressions of data/user_agents.inc, and
/// about the system, by those of data/operating_systems.inc: the first that matches counts. Any
/// thread. The expressions are compiled when the first of these is called, which takes a while.
user_agent_part find_browser(std::string_view header);
user_agent_part find_operating_system(std::string_view header);

} // namespace weir::ottl
