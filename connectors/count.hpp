#pragma once

#include "connectors/config.hpp"
#include "connectors/relay.hpp"

#include <string>

namespace weir::connectors {

/// `count` for data of one signal: of each message, metrics of how much is in it, delta, by
/// resource; one group. errc::invalid_argument with the place and the reason for a condition that
/// is wrong.
result<relay_ptr> make_count(const count_config& config, weir::signal kind, const std::string& id);

} // namespace weir::connectors
