#pragma once

#include "stages/replays.hpp"

#include <weir/admin/v1/admin.pb.h>

// Replays as messages of the admin API, and back.
namespace weir::app {

/// 32 hexadecimal digits. errc::invalid_argument.
result<trace_id> trace_in(std::string_view text);
/// 16 hexadecimal digits, not 0. errc::invalid_argument.
result<stages::replay_id> replay_in(std::string_view text);

/// Only what says which part of which log is meant. errc::invalid_argument: a trace id is none.
result<stages::replay_order> order_of(const admin::v1::LogSelection& selection);
result<stages::replay_order> order_of(const admin::v1::ReplayOrder& message);

admin::v1::Replay to_message(const stages::replay_view& view);

} // namespace weir::app
