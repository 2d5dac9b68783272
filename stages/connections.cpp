#include "stages/connections.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

class connecting {
public:
  connecting(const std::vector<connected_pipeline>& pipelines,
             const std::vector<connection>& connections)
      : pipelines_(pipelines), connections_(connections), made_(pipelines.size()) {}

  /// Of any pipeline, with connectors or without.
  passage_ptr passage_of(std::size_t p) {
    if (made_[p])
      return made_[p];
    const auto& pipeline = pipelines_[p];
    auto passage = std::make_shared<stages::passage>();
    passage->pipeline = pipeline.id;
    passage->signal = pipeline.signal;
    passage->edits = pipeline.edits;
    for (const auto& id : pipeline.connectors)
      for (const auto& way : connection_of(id).ways)
        if (way.signal == pipeline.signal)
          passage->outlets.push_back(outlet_of(id, way));
    return made_[p] = std::move(passage);
  }

  std::vector<passage_ptr> passages_of(const std::vector<std::string>& names) {
    std::vector<passage_ptr> found;
    for (const auto& name : names)
      for (std::size_t p = 0; p < pipelines_.size(); ++p)
        if (pipelines_[p].name == name)
          found.push_back(passage_of(p));
    return found;
  }

private:
  const connection& connection_of(const std::string& id) const {
    return *std::find_if(connections_.begin(), connections_.end(),
                         [&](const auto& c) { return c.id == id; });
  }

  outlet outlet_of(const std::string& id, const connection::way& way) {
    outlet made{id, way.relay, {}};
    for (const auto& group : way.groups)
      made.groups.push_back(passages_of(group));
    return made;
  }

  const std::vector<connected_pipeline>& pipelines_;
  const std::vector<connection>& connections_;
  std::vector<passage_ptr> made_;
};

} // namespace

connected connect(const std::vector<connected_pipeline>& pipelines,
                  const std::vector<connection>& connections, const std::string& instance) {
  connecting all(pipelines, connections);
  connected made;
  made.meters.resize(pipelines.size());
  for (const auto& c : connections) {
    if (!c.make_meter)
      continue;
    for (std::size_t p = 0; p < pipelines.size(); ++p)
      if (std::count(pipelines[p].connectors.begin(), pipelines[p].connectors.end(), c.id) > 0)
        made.meters[p].push_back(made.metering.size());
    made.metering.push_back({c.id, c.make_meter(instance), c.options, all.passages_of(c.targets)});
  }
  for (std::size_t p = 0; p < pipelines.size(); ++p)
    made.passages.push_back(pipelines[p].connectors.empty() ? nullptr : all.passage_of(p));
  return made;
}

} // namespace weir::stages
