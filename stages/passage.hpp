#pragma once

#include "connectors/relay.hpp"
#include "core/ids.hpp"
#include "core/signal.hpp"
#include "editing/chain.hpp"

#include <memory>
#include <string>
#include <vector>

namespace weir::stages {

struct passage;
using passage_ptr = std::shared_ptr<const passage>;

/// A connector behind a pipeline, and the pipelines behind it.
struct outlet {
  std::string connector;       ///< Its id.
  connectors::relay_ptr relay; ///< Null: `forward`, which passes on what came.
  /// By the group of what the relay makes; `forward` has one.
  std::vector<std::vector<passage_ptr>> groups;
};

/// What lies before the journal (the log) in a pipeline with connectors: its first processors, and
/// the connectors that get what these leave. Passages make no circle. Immutable: any thread.
struct passage {
  pipeline_id pipeline = 0;
  weir::signal signal = weir::signal::traces;
  std::shared_ptr<const editing::chain> edits; ///< Null: none.
  std::vector<outlet> outlets;
};

} // namespace weir::stages
