#pragma once

#include "connectors/meter.hpp"
#include "stages/metering.hpp"
#include "stages/passage.hpp"

#include <functional>
#include <string>
#include <vector>

namespace weir::stages {

/// A connector as the file has it: compiled, with the names of the pipelines behind it.
struct connection {
  std::string id;
  std::string options; ///< Differs where these do.
  /// What it does with data of one signal, as a relay.
  struct way {
    weir::signal signal = weir::signal::traces;
    connectors::relay_ptr relay;                  ///< Null: it passes on what comes.
    std::vector<std::vector<std::string>> groups; ///< As outlet::groups, by name.
  };
  std::vector<way> ways;
  /// Of one that adds up. `instance` tells nodes apart.
  std::function<connectors::meter_ptr(const std::string& instance)> make_meter;
  std::vector<std::string> targets; ///< Pipelines that get what the meter makes.
};

/// A pipeline among the others.
struct connected_pipeline {
  pipeline_id id = 0;
  std::string name;
  weir::signal signal = weir::signal::traces;
  std::shared_ptr<const editing::chain> edits;
  std::vector<std::string> connectors; ///< Among its exporters.
};

/// What connections mean for each pipeline, in the order of these.
struct connected {
  std::vector<passage_ptr> passages;            ///< Null: no connector stands behind it.
  std::vector<std::vector<std::size_t>> meters; ///< Into `metering`.
  std::vector<metered> metering;
};

/// @pre every name is there, and no pipeline is behind itself
connected connect(const std::vector<connected_pipeline>& pipelines,
                  const std::vector<connection>& connections, const std::string& instance);

} // namespace weir::stages
