#include "app/config/convert_stage.hpp"

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

class joiner {
public:
  joiner(std::vector<tier> tiers, convert_notes& notes) : tiers_(std::move(tiers)), notes_(notes) {
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
        add_apart(stage);
    return put_together();
  }

private:
  static bool sends_on(const tier& t) {
    const auto* exporters = find_below(t.tree, {"exporters"});
    return exporters != nullptr
           && std::any_of(exporters->entries.begin(), exporters->entries.end(),
                          [](const yaml_entry& e) { return is_balancer(e.key); });
  }

  void read_stages(std::size_t t) {
    const auto* pipelines = find_below(tiers_[t].tree, {"service", "pipelines"});
    if (pipelines == nullptr)
      return;
    for (const auto& entry : pipelines->entries)
      stages_.push_back({t, entry.key, texts_below(entry.value, "receivers"),
                         texts_below(entry.value, "processors"),
                         texts_below(entry.value, "exporters")});
  }

  /// The pipelines that get what `sender` sends on: those of its signal in the other tiers; where
  /// there is one file, those of it that sample.
  std::vector<const stage*> targets_of(const stage& sender) const {
    std::vector<const stage*> found;
    for (const auto& target : stages_)
      if (!target.balances() && target.signal() == sender.signal()
          && (tiers_.size() > 1 ? target.tier != sender.tier : target.samples()))
        found.push_back(&target);
    return found;
  }

  void join_behind(const stage& sender) {
    const auto targets = targets_of(sender);
    note_balancer(sender);
    std::vector<std::string> others;
    std::copy_if(sender.exporters.begin(), sender.exporters.end(), std::back_inserter(others),
                 [](const auto& id) { return !is_balancer(id); });
    if (targets.empty())
      say(notes_.lost, sender.tier, "service.pipelines." + sender.id,
          "nothing stands behind its load balancing, so it ends here");
    const auto own_processors = processors_before(sender, !targets.empty());
    if (!others.empty())
      add_pipeline(sender, sender.id, moved(sender.tier, "receivers", sender.receivers),
                   moved(sender.tier, "processors", sender.processors),
                   moved(sender.tier, "exporters", others));
    for (const auto* target : targets) {
      auto processors = moved(sender.tier, "processors", own_processors);
      for (auto& id : moved(target->tier, "processors", target->processors))
        if (std::find(processors.begin(), processors.end(), id) == processors.end())
          processors.push_back(std::move(id));
      const auto name = others.empty() && targets.size() == 1 ? sender.id : target->id;
      auto receivers = moved(sender.tier, "receivers", sender.receivers);
      for (auto& id : moved(target->tier, "receivers", receivers_of_its_own(*target)))
        receivers.push_back(std::move(id));
      add_pipeline(sender, name, std::move(receivers), std::move(processors),
                   moved(target->tier, "exporters", target->exporters));
      joined_.insert(target);
    }
  }

  bool is_connector(std::size_t tier, std::string_view id) const {
    return find_below(tiers_[tier].tree, {"connectors", id}) != nullptr;
  }

  /// Those of a pipeline behind load balancing that took something else than what was sent to it.
  std::vector<std::string> receivers_of_its_own(const stage& target) {
    std::vector<std::string> own;
    for (const auto& id : target.receivers)
      if (!is_of_type(id, "otlp") || is_connector(target.tier, id))
        own.push_back(id);
      else if (inner_.insert({target.tier, id}).second)
        say(notes_.not_needed, target.tier, "receivers." + id,
            "it took what the first tier sent: that goes on inside the node now");
    return own;
  }

  /// A pipeline that neither balances nor stands behind what does.
  void add_apart(const stage& apart) {
    auto receivers = apart.receivers;
    const auto from_outside = std::erase_if(receivers, [&](const auto& id) {
      return inner_.contains({apart.tier, id});
    });
    const auto in_front = std::find_if(stages_.begin(), stages_.end(), [&](const stage& s) {
      return s.tier != apart.tier && s.signal() == apart.signal() && sends_on(tiers_[s.tier]);
    });
    auto ids = moved(apart.tier, "receivers", receivers);
    if (from_outside > 0 && in_front != stages_.end() && receivers.empty())
      return leave_idle(apart);
    if (from_outside > 0 && in_front == stages_.end())
      for (const auto& stage : stages_)
        if (stage.balances()) { // clients of the samplers come to the first tier's ports now
          ids = moved(stage.tier, "receivers", stage.receivers);
          break;
        }
    auto exporters = moved(apart.tier, "exporters", apart.exporters);
    if (!drop_repeated(apart, ids, exporters))
      return;
    add_pipeline(apart, apart.id, std::move(ids), moved(apart.tier, "processors", apart.processors),
                 std::move(exporters));
  }

  /// The first tier sends this signal out itself: nothing came here, and twice would be too often.
  void leave_idle(const stage& idle) {
    const bool printed_alone =
        std::all_of(idle.exporters.begin(), idle.exporters.end(), [](const auto& id) {
          return is_of_type(id, "debug") || is_of_type(id, "logging") || is_of_type(id, "nop");
        });
    const bool known =
        std::all_of(idle.exporters.begin(), idle.exporters.end(), [&](const std::string& id) {
          const auto* body = find_below(tiers_[idle.tier].tree, {"exporters", id});
          return body != nullptr && std::any_of(made_.begin(), made_.end(), [&](const made& m) {
                   return m.signal == idle.signal() && m.tier != idle.tier
                          && std::any_of(m.exporters.begin(), m.exporters.end(), [&](auto& e) {
                               const auto* other = sections_["exporters"].find(e);
                               return other != nullptr && same_value(other->value, *body);
                             });
                 });
        });
    say(known || printed_alone ? notes_.not_needed : notes_.lost, idle.tier,
        "service.pipelines." + idle.id,
        fmt::format("the first tier sends its {} out itself, and balances none to this pipeline; "
                    "with both, each would go out twice",
                    idle.signal()));
  }

  /// Takes out the exporters that get the same receivers' data from another tier's pipeline
  /// already. False: none is left.
  bool drop_repeated(const stage& apart, const std::vector<std::string>& receivers,
                     std::vector<std::string>& exporters) {
    std::string earlier;
    const auto repeated = [&](const std::string& exporter) {
      return std::any_of(made_.begin(), made_.end(), [&](const made& m) {
        const auto contains = [](const auto& list, const auto& id) {
          return std::find(list.begin(), list.end(), id) != list.end();
        };
        const bool same_data =
            m.tier != apart.tier && m.signal == apart.signal() && contains(m.exporters, exporter)
            && std::any_of(receivers.begin(), receivers.end(),
                           [&](const auto& id) { return contains(m.receivers, id); });
        if (same_data)
          earlier = m.id;
        return same_data;
      });
    };
    if (std::erase_if(exporters, repeated) > 0)
      say(notes_.not_needed, apart.tier, "service.pipelines." + apart.id,
          fmt::format("its data goes out through the pipeline {} already", quoted(earlier)));
    return !exporters.empty();
  }

  /// The processors of a first tier but for those that only prepared its sending.
  std::vector<std::string> processors_before(const stage& sender, bool joined) {
    std::vector<std::string> kept;
    for (const auto& id : sender.processors) {
      if (joined && (is_of_type(id, "batch") || is_of_type(id, "groupbytrace")))
        say(notes_.not_needed, sender.tier, "processors." + id,
            "it shaped what went to the second tier; before sampling Weir groups data itself");
      else
        kept.push_back(id);
    }
    return kept;
  }

  void note_balancer(const stage& sender) {
    for (const auto& id : sender.exporters) {
      if (!is_balancer(id) || !balancers_.insert({sender.tier, id}).second)
        continue;
      const auto path = "exporters." + id;
      say(notes_.not_needed, sender.tier, path,
          "nodes bring every trace together themselves, wherever its spans come in; the samplers "
          "behind `resolver` are nodes as well");
      const auto* body = find_below(tiers_[sender.tier].tree, {"exporters", id});
      const auto* key = body == nullptr ? nullptr : find_below(*body, {"routing_key"});
      if (key != nullptr && key->text != "traceID")
        say(notes_.not_needed, sender.tier, path + ".routing_key",
            fmt::format("data was spread by {}; here traces are spread by their ids, and what is "
                        "not sampled stays on the node where it came in",
                        quoted(key->text)));
    }
  }

  void say(std::vector<std::string>& notes, std::size_t tier, std::string_view path,
           std::string_view reason) {
    auto note = fmt::format("{}: {}: {}", tiers_[tier].name, path, reason);
    if (std::find(notes.begin(), notes.end(), note) == notes.end())
      notes.push_back(std::move(note));
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
    const auto* body = find_below(tiers_[t].tree, {section, id});
    auto& map = sections_[std::string(section)];
    map.type = yaml_value::kind::map;
    auto name = id;
    for (int n = 2; body != nullptr; ++n) {
      const auto* taken = map.find(name);
      if (taken == nullptr)
        map.entries.push_back({name, {}, *body});
      else if (!same_value(taken->value, *body)) {
        name = fmt::format("{}{}{}", id, id.find('/') == id.npos ? "/" : "-", n);
        continue;
      }
      break;
    }
    if (name != id)
      say(notes_.changed, t, fmt::format("{}.{}", section, id),
          fmt::format("another tier has one of this name: it is {} here", quoted(name)));
    names_[{t, std::string(section), id}] = name;
    return name;
  }

  /// Of a stage of the set-up; all ids are those in the result.
  void add_pipeline(const stage& origin, const std::string& wanted,
                    std::vector<std::string> receivers, std::vector<std::string> processors,
                    std::vector<std::string> exporters) {
    auto id = wanted;
    for (int n = 2; pipelines_.find(id) != nullptr; ++n)
      id = fmt::format("{}{}{}", wanted, wanted.find('/') == wanted.npos ? "/" : "-", n);
    auto pipeline = make_map();
    pipeline.entries.push_back({"receivers", {}, make_list(receivers)});
    if (!processors.empty())
      pipeline.entries.push_back({"processors", {}, make_list(processors)});
    pipeline.entries.push_back({"exporters", {}, make_list(exporters)});
    pipelines_.entries.push_back({id, {}, std::move(pipeline)});
    made_.push_back({id, origin.tier, std::string(origin.signal()), std::move(receivers),
                     std::move(exporters)});
  }

  yaml_value put_together() {
    auto service = make_map();
    std::vector<std::string> extensions;
    for (std::size_t t = 0; t < tiers_.size(); ++t) {
      if (const auto* used = find_below(tiers_[t].tree, {"service"}))
        for (const auto& id : moved(t, "extensions", texts_below(*used, "extensions")))
          if (std::find(extensions.begin(), extensions.end(), id) == extensions.end())
            extensions.push_back(id);
      add_telemetry(t, service);
      add_connectors(t);
    }
    if (!extensions.empty())
      service.entries.push_back({"extensions", {}, make_list(extensions)});
    service.entries.push_back({"pipelines", {}, std::move(pipelines_)});
    auto whole = make_map();
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

  /// All of them, so that what Weir does not have is named where it is defined.
  void add_connectors(std::size_t t) {
    const auto* connectors = find_below(tiers_[t].tree, {"connectors"});
    if (connectors == nullptr || connectors->entries.empty())
      return;
    auto& map = sections_["connectors"];
    map.type = yaml_value::kind::map;
    for (const auto& entry : connectors->entries)
      if (map.find(entry.key) == nullptr)
        map.entries.push_back(entry);
  }

  /// The first tier's counts: it is the one that clients and probes know.
  void add_telemetry(std::size_t t, yaml_value& service) {
    const auto* telemetry = find_below(tiers_[t].tree, {"service", "telemetry"});
    if (telemetry == nullptr)
      return;
    const auto* taken = service.find("telemetry");
    if (taken == nullptr)
      service.entries.push_back({"telemetry", {}, *telemetry});
    else if (!same_value(taken->value, *telemetry))
      say(notes_.not_needed, t, "service.telemetry",
          "one node has one; that of the first tier stays");
  }

  /// A pipeline of the result.
  struct made {
    std::string id;
    std::size_t tier = 0;
    std::string signal;
    std::vector<std::string> receivers, exporters;
  };

  std::vector<tier> tiers_;
  convert_notes& notes_;
  std::vector<made> made_;
  std::set<std::pair<std::size_t, std::string>> inner_; // receivers between the tiers
  std::vector<stage> stages_;
  std::set<const stage*> joined_;
  std::set<std::pair<std::size_t, std::string>> balancers_;
  std::map<std::tuple<std::size_t, std::string, std::string>, std::string> names_;
  std::map<std::string, yaml_value> sections_;
  yaml_value pipelines_ = make_map();
};

} // namespace

yaml_value join_tiers(std::vector<tier> tiers, convert_notes& notes) {
  return joiner(std::move(tiers), notes).join();
}

} // namespace weir::app
