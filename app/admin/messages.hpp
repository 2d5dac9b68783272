#pragma once

#include "app/admin/node_status.hpp"

#include <weir/admin/v1/admin.pb.h>

// The values of node_status.hpp as messages of the admin API, and back.
namespace weir::app {

admin::v1::StatusResponse to_message(const whole_status& status);
admin::v1::Cluster to_message(const cluster::cluster_view& view);
admin::v1::Log to_message(const log_status& log);

/// What a newer node says beyond what is known here is left out; words that are not known become
/// the first of their kind.
whole_status from_message(const admin::v1::StatusResponse& message);
cluster::cluster_view from_message(const admin::v1::Cluster& message);
log_status from_message(const admin::v1::Log& message);

} // namespace weir::app
