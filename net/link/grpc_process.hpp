#pragma once

namespace weir::net {

/// What gRPC needs once a process, before anything of it is used: its log lines become ours, with a
/// limit, and its threads stay until the process ends. Any thread.
void prepare_grpc();

} // namespace weir::net
