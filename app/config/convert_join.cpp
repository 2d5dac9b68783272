#include "app/config/convert.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <set>

// Joins the tiers of a set-up with load balancing into one tree.
namespace weir::app {

namespace {

constexpr std::array<std::string_view, 5> component_maps{"receivers", "processors", "exporters",
                                                         "connectors", "extensions"};

yaml_value map() {
  return {.what = yaml_value::kind::map};
}
yaml_value list(const std::vector<std::string>& texts) {
  yaml_value made{.what = yaml_value::kind::list};
  for (const auto& text : texts)
    made.items.push_back({.what = yaml_value::kind::scalar, .text = text});
  return made;
}

const yaml_value* find(const yaml_value& in, std::initializer_list<std::string_view> keys) {
  const auto* at = &in;
  for (const auto key : keys) {
    const auto* entry = at->find(key);
    if (entry == nullptr)
      return nullptr;
    at = &entry->value;
  }
  return at;
}

std::vector<std::string> texts(const yaml_value& pipeline, std::string_view key) {
  std::vector<std::string> all;
  if (const auto* found = find(pipeline, {key}))
    for (const auto& item : found->items)
      all.push_back(item.text);
  return all;
}

bool same(const yaml_value& a, const yaml_value& b) {
  if (a.what != b.what || a.text != b.text || a.items.size() != b.items.size()
      || a.entries.size() != b.entries.size())
    return false;
  for (std::size_t i = 0; i < a.items.size(); ++i)
    if (!same(a.items[i], b.items[i]))
      return false;
  return std::all_of(a.entries.begin(), a.entries.end(), [&](const yaml_entry& e) {
    const auto* other = b.find(e.key);
    return other != nullptr && same(e.value, other->value);
  });
}

bool is_balancer(std::string_view id) {
  const auto type = type_of_id(id);
  return type == "loadbalancing" || type == "load_balancing";
}
bool is_type(std::string_view id, std::string_view type) {
  return type_of_id(id) == type;
}

/// One pipeline of one tier.
struct stage {
  std::size_t tier = 0;
  std::string id;
  std::vector<std::string> receivers, processors, exporters;

  std::string_view signal() const { return type_of_id(id); }
  bool balances() const { return std::any_of(exporters.begin(), exporters.end(), is_balancer); }
  bool samples() const {
    return std::any_of(processors.begin(), processors.end(),
                       [](const auto& p) { return is_type(p, "tail_sampling"); });
  }
};

class joiner {
public:
  joiner(std::vector<tier> tiers, std::vector<std::string>& losses)
      : tiers_(std::move(tiers)), losses_(losses) {
    // The tier that clients send to comes first, however the files were given.
    std::stable_partition(tiers_.begin(), tiers_.end(), sends_on);
  }

  yaml_value join() {
    for (std::size_t t = 0; t < tiers_.size(); ++t)
      read_stages(t);
    for (const auto& stage : stages_)
      if (stage.balances())
        join_behind(stage);
    for (const auto& stage : stages_)
      if (!stage.balances() && !joined_.contains(&stage))
        add_pipeline(stage.id, stage.tier, stage.receivers,
                     moved(stage.tier, "processors", stage.processors),
                     moved(stage.tier, "exporters", stage.exporters));
    return put_together();
  }

private:
  static bool sends_on(const tier& t) {
    const auto* exporters = find(t.tree, {"exporters"});
    return exporters != nullptr
           && std::any_of(exporters->entries.begin(), exporters->entries.end(),
                          [](const yaml_entry& e) { return is_balancer(e.key); });
  }

  void read_stages(std::size_t t) {
    const auto* pipelines = find(tiers_[t].tree, {"service", "pipelines"});
    if (pipelines == nullptr)
      return;
    for (const auto& entry : pipelines->entries)
      stages_.push_back({t, entry.key, texts(entry.value, "receivers"),
                         texts(entry.value, "processors"), texts(entry.value, "exporters")});
  }

  /// The pipelines that get what `from` sends on: those of its signal in the other tiers; where
  /// there is one file, those of it that sample.
  std::vector<const stage*> behind(const stage& from) const {
    std::vector<const stage*> found;
    for (const auto& to : stages_)
      if (!to.balances() && to.signal() == from.signal()
          && (tiers_.size() > 1 ? to.tier != from.tier : to.samples()))
        found.push_back(&to);
    return found;
  }

  void join_behind(const stage& from) {
    const auto targets = behind(from);
    note_balancer(from);
    std::vector<std::string> others;
    std::copy_if(from.exporters.begin(), from.exporters.end(), std::back_inserter(others),
                 [](const auto& id) { return !is_balancer(id); });
    if (targets.empty())
      lose(from.tier, "service.pipelines." + from.id,
           "nothing stands behind its load balancing, so it ends here");
    const auto before = processors_before(from, !targets.empty());
    if (!others.empty())
      add_pipeline(from.id, from.tier, from.receivers,
                   moved(from.tier, "processors", from.processors),
                   moved(from.tier, "exporters", others));
    for (const auto* to : targets) {
      auto processors = moved(from.tier, "processors", before);
      for (auto& id : moved(to->tier, "processors", to->processors))
        if (std::find(processors.begin(), processors.end(), id) == processors.end())
          processors.push_back(std::move(id));
      const auto name = others.empty() && targets.size() == 1 ? from.id : to->id;
      add_pipeline(name, from.tier, from.receivers, std::move(processors),
                   moved(to->tier, "exporters", to->exporters));
      if (joined_.insert(to).second)
        for (const auto& id : to->receivers)
          lose(to->tier, "receivers." + id,
               "it took what the first tier sent: that goes on inside the node now");
    }
  }

  /// The processors of a first tier but for those that only prepared its sending.
  std::vector<std::string> processors_before(const stage& from, bool joined) {
    std::vector<std::string> kept;
    for (const auto& id : from.processors) {
      if (joined && (is_type(id, "batch") || is_type(id, "groupbytrace")))
        lose(from.tier, "processors." + id,
             "it shaped what went to the second tier; before sampling Weir groups data itself");
      else
        kept.push_back(id);
    }
    return kept;
  }

  void note_balancer(const stage& from) {
    for (const auto& id : from.exporters) {
      if (!is_balancer(id) || !balancers_.insert({from.tier, id}).second)
        continue;
      const auto path = "exporters." + id;
      lose(from.tier, path,
           "one node brings every trace together itself; the samplers behind `resolver` are no "
           "more");
      const auto* body = find(tiers_[from.tier].tree, {"exporters", id});
      const auto* key = body == nullptr ? nullptr : find(*body, {"routing_key"});
      if (key != nullptr && key->text != "traceID")
        lose(from.tier, path + ".routing_key",
             fmt::format("data was spread by {}; here everything comes to one node",
                         quoted(key->text)));
    }
  }

  void lose(std::size_t tier, std::string_view path, std::string_view why) {
    auto loss = fmt::format("{}: {}: {}", tiers_[tier].name, path, why);
    if (std::find(losses_.begin(), losses_.end(), loss) == losses_.end())
      losses_.push_back(std::move(loss));
  }

  /// The ids that components of a tier have in the result; they are taken over there.
  std::vector<std::string> moved(std::size_t tier, std::string_view section,
                                 const std::vector<std::string>& ids) {
    std::vector<std::string> all;
    for (const auto& id : ids)
      all.push_back(move_component(tier, section, id));
    return all;
  }

  std::string move_component(std::size_t t, std::string_view section, const std::string& id) {
    const auto known = names_.find({t, std::string(section), id});
    if (known != names_.end())
      return known->second;
    const auto* body = find(tiers_[t].tree, {section, id});
    auto& into = sections_[std::string(section)];
    into.what = yaml_value::kind::map;
    auto name = id;
    for (int n = 2; body != nullptr; ++n) {
      const auto* taken = into.find(name);
      if (taken == nullptr)
        into.entries.push_back({name, {}, *body});
      else if (!same(taken->value, *body)) {
        name = fmt::format("{}{}{}", id, id.find('/') == id.npos ? "/" : "-", n);
        continue;
      }
      break;
    }
    if (name != id)
      lose(t, fmt::format("{}.{}", section, id),
           fmt::format("another tier has one of this name: it is {} here", quoted(name)));
    names_[{t, std::string(section), id}] = name;
    return name;
  }

  void add_pipeline(const std::string& wanted, std::size_t tier,
                    const std::vector<std::string>& receivers, std::vector<std::string> processors,
                    std::vector<std::string> exporters) {
    auto id = wanted;
    for (int n = 2; pipelines_.find(id) != nullptr; ++n)
      id = fmt::format("{}{}{}", wanted, wanted.find('/') == wanted.npos ? "/" : "-", n);
    auto pipeline = map();
    pipeline.entries.push_back({"receivers", {}, list(moved(tier, "receivers", receivers))});
    if (!processors.empty())
      pipeline.entries.push_back({"processors", {}, list(processors)});
    pipeline.entries.push_back({"exporters", {}, list(exporters)});
    pipelines_.entries.push_back({id, {}, std::move(pipeline)});
  }

  yaml_value put_together() {
    auto service = map();
    std::vector<std::string> extensions;
    for (std::size_t t = 0; t < tiers_.size(); ++t) {
      if (const auto* used = find(tiers_[t].tree, {"service"}))
        for (const auto& id : moved(t, "extensions", texts(*used, "extensions")))
          if (std::find(extensions.begin(), extensions.end(), id) == extensions.end())
            extensions.push_back(id);
      add_telemetry(t, service);
    }
    if (!extensions.empty())
      service.entries.push_back({"extensions", {}, list(extensions)});
    service.entries.push_back({"pipelines", {}, std::move(pipelines_)});
    auto whole = map();
    for (const auto key : component_maps)
      if (auto& section = sections_[std::string(key)]; !section.entries.empty())
        whole.entries.push_back({std::string(key), {}, std::move(section)});
    whole.entries.push_back({"service", {}, std::move(service)});
    for (const auto& tier : tiers_)
      for (const auto& entry : tier.tree.entries)
        if (whole.find(entry.key) == nullptr
            && std::find(component_maps.begin(), component_maps.end(), entry.key)
                   == component_maps.end())
          whole.entries.push_back(entry);
    return whole;
  }

  /// The first tier's counts: it is the one that clients and probes know.
  void add_telemetry(std::size_t t, yaml_value& service) {
    const auto* telemetry = find(tiers_[t].tree, {"service", "telemetry"});
    if (telemetry == nullptr)
      return;
    const auto* taken = service.find("telemetry");
    if (taken == nullptr)
      service.entries.push_back({"telemetry", {}, *telemetry});
    else if (!same(taken->value, *telemetry))
      lose(t, "service.telemetry", "one node has one; that of the first tier stays");
  }

  std::vector<tier> tiers_;
  std::vector<std::string>& losses_;
  std::vector<stage> stages_;
  std::set<const stage*> joined_;
  std::set<std::pair<std::size_t, std::string>> balancers_;
  std::map<std::tuple<std::size_t, std::string, std::string>, std::string> names_;
  std::map<std::string, yaml_value> sections_;
  yaml_value pipelines_ = map();
};

} // namespace

yaml_value join_tiers(std::vector<tier> tiers, std::vector<std::string>& losses) {
  return joiner(std::move(tiers), losses).join();
}

} // namespace weir::app
