#include "app/config/load.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <functional>

// Facts about what the Collector removed, and when: its change log.
namespace weir::app {

namespace {

yaml_value* find(yaml_value& map, std::string_view key) {
  const auto found = std::find_if(map.entries.begin(), map.entries.end(),
                                  [key](const yaml_entry& e) { return e.key == key; });
  return found == map.entries.end() ? nullptr : &found->value;
}

std::optional<yaml_entry> take(yaml_value& map, std::string_view key) {
  const auto found = std::find_if(map.entries.begin(), map.entries.end(),
                                  [key](const yaml_entry& e) { return e.key == key; });
  if (found == map.entries.end())
    return std::nullopt;
  auto taken = std::move(*found);
  map.entries.erase(found);
  return taken;
}

/// The map under `key`, made where nothing is there; null where something else is.
yaml_value* map_under(yaml_value& parent, std::string_view key, place position) {
  if (find(parent, key) == nullptr)
    parent.entries.push_back({std::string(key), position, {.position = position}});
  auto& value = *find(parent, key);
  if (value.is_null())
    value.type = yaml_value::kind::map;
  return value.is_map() ? &value : nullptr;
}

yaml_value text(std::string_view content, place position) {
  return {.type = yaml_value::kind::scalar, .position = position, .text = std::string(content)};
}

class modernizer {
public:
  modernizer(yaml_value& root, spelling mode, diagnostics& out)
      : root_(root), mode_(mode), out_(out) {}

  void all() {
    each("exporters", [this](auto& id, auto& body, auto& path) { exporter(id, body, path); });
    each("receivers", [this](auto& id, auto& body, auto& path) { receiver(id, body, path); });
    each("processors", [this](auto& id, auto& body, auto& path) { processor(id, body, path); });
    ballast_extension();
    metrics_address();
  }

private:
  using visitor = std::function<void(const yaml_entry&, yaml_value&, const std::string&)>;

  void each(std::string_view section, const visitor& visit) {
    auto* map = find(root_, section);
    if (map == nullptr)
      return;
    for (auto& entry : map->entries)
      visit(entry, entry.value, fmt::format("{}.{}", section, entry.key));
  }

  /// Says that something old was found: an error where the spelling is strict.
  void old(place position, std::string path, std::string message) {
    if (mode_ == spelling::strict)
      out_.error(position, std::move(path), std::move(message));
    else
      out_.warn(position, std::move(path), std::move(message));
  }

  /// `old_key` of a map becomes `parent: {new_key: ...}`, or `parent: ...` where there is no new
  /// key. What stands there already wins.
  void move(yaml_value& body, const std::string& path, std::string_view old_key,
            std::string_view parent, std::string_view new_key, std::string_view version) {
    auto taken = take(body, old_key);
    if (!taken)
      return;
    const auto shape =
        new_key.empty() ? std::string(parent) : fmt::format("{}.{}", parent, new_key);
    old(taken->position, fmt::format("{}.{}", path, old_key),
        fmt::format("an old shape, which the Collector gave up{}: write `{}.{}`", version, path,
                    shape));
    auto* place = new_key.empty() ? &body : map_under(body, parent, taken->position);
    const auto key = new_key.empty() ? parent : new_key;
    if (place == nullptr || find(*place, key) != nullptr)
      return;
    taken->key = key;
    place->entries.push_back(*std::move(taken));
  }

  void exporter(const yaml_entry& id, yaml_value& body, const std::string& path) {
    move(body, path, "insecure", "tls", "insecure", " in v0.36");
    if (type_of_id(id.key) != "logging")
      return;
    old(id.position, path, "an old name, which the Collector gave up in v0.111: write `debug`");
    auto level = take(body, "loglevel");
    if (!level)
      return;
    const auto& was = level->value.text;
    const auto verbosity = was == "debug"                    ? "detailed"
                           : was == "info"                   ? "normal"
                           : was == "warn" || was == "error" ? "basic"
                                                             : "";
    const auto level_path = path + ".loglevel";
    if (std::string_view(verbosity).empty())
      return out_.error(level->value.position, level_path,
                        fmt::format("found {}, expected `debug`, `info`, `warn` or `error`, or "
                                    "better `verbosity`",
                                    describe(level->value)));
    old(level->position, level_path,
        fmt::format("an old shape, which the Collector gave up with v0.111: write `verbosity: {}`",
                    verbosity));
    if (find(body, "verbosity") == nullptr)
      body.entries.push_back(
          {"verbosity", level->position, text(verbosity, level->value.position)});
  }

  void receiver(const yaml_entry&, yaml_value& body, const std::string& path) {
    auto* protocols = find(body, "protocols");
    if (protocols == nullptr)
      return;
    for (auto& protocol : protocols->entries) {
      const auto protocol_path = fmt::format("{}.protocols.{}", path, protocol.key);
      for (const auto key : {"tls_settings", "tls_credentials"})
        move(protocol.value, protocol_path, key, "tls", "", "");
      for (const auto key : {"origins", "headers"})
        move(protocol.value, protocol_path, fmt::format("cors_allowed_{}", key), "cors",
             fmt::format("allowed_{}", key), "");
    }
  }

  void processor(const yaml_entry& id, yaml_value& body, const std::string& path) {
    const auto type = type_of_id(id.key);
    if (type == "memory_limiter")
      if (const auto ballast = take(body, "ballast_size_mib"))
        old(ballast->position, path + ".ballast_size_mib",
            "no effect: the Collector gave up its ballast, and Weir has no garbage collector");
    if (mode_ == spelling::strict)
      refuse_own_dialect(type, body, path);
    if (type == "queued_retry")
      out_.error(id.position, path,
                 "the Collector removed `queued_retry` in 2021: `retry_on_failure` and "
                 "`sending_queue` of the exporters do its work");
  }

  /// What never was the Collector's; else the tables read it with a warning.
  void refuse_own_dialect(std::string_view type, const yaml_value& body, const std::string& path) {
    if (const auto* own = body.find("attributes"); own != nullptr && type == "span")
      out_.error(own->position, path + ".attributes",
                 "the Collector has none here: write an `attributes` processor");
    for (const auto key : {"attributes", "actions"}) {
      const auto* list = body.find(key);
      for (std::size_t i = 0; list != nullptr && i < list->value.items.size(); ++i) {
        const auto* action = list->value.items[i].find("action");
        if (action != nullptr && action->value.text == "hash_sha256")
          out_.error(action->position, fmt::format("{}.{}[{}].action", path, key, i),
                     "the Collector has no `hash_sha256`: write `hash`, which is the same");
      }
    }
  }

  void ballast_extension() {
    auto* extensions = find(root_, "extensions");
    if (extensions == nullptr)
      return;
    const auto is_ballast = [](std::string_view id) { return type_of_id(id) == "memory_ballast"; };
    for (const auto& entry : extensions->entries)
      if (is_ballast(entry.key))
        old(entry.position, "extensions." + entry.key,
            "no effect: the Collector gave up its ballast, and Weir has no garbage collector");
    std::erase_if(extensions->entries, [&](const auto& e) { return is_ballast(e.key); });
    auto* service = find(root_, "service");
    auto* used = service == nullptr ? nullptr : find(*service, "extensions");
    if (used != nullptr)
      std::erase_if(used->items, [&](const auto& item) { return is_ballast(item.text); });
  }

  /// `service.telemetry.metrics.address`: not an error in either spelling, as files still have it.
  void metrics_address() {
    auto* metrics = &root_;
    for (const auto key : {"service", "telemetry", "metrics"})
      if (metrics = find(*metrics, key); metrics == nullptr)
        return;
    const auto* given = find(*metrics, "address");
    if (given == nullptr || !given->is_scalar() || !is_host_port(given->text))
      return; // what is wrong with it, its table says
    const auto address = *take(*metrics, "address");
    const auto position = address.value.position;
    const auto colon = address.value.text.rfind(':');
    auto host = address.value.text.substr(0, colon);
    const auto port = address.value.text.substr(colon + 1);
    if (host.starts_with('['))
      host = host.substr(1, host.size() - 2);
    out_.warn(address.position, "service.telemetry.metrics.address",
              fmt::format("an old shape, which the Collector gave up: write `readers: [{{pull: "
                          "{{exporter: {{prometheus: {{host: \"{}\", port: {}}}}}}}}}]`",
                          host, port));
    if (find(*metrics, "readers") != nullptr)
      return;
    auto inner = map_of("host", text(host, position), position);
    inner.entries.front().value.plain = false;
    inner.entries.push_back({"port", position, text(port, position)});
    for (const auto key : {"prometheus", "exporter", "pull"})
      inner = map_of(key, std::move(inner), position);
    yaml_value readers{.type = yaml_value::kind::list, .position = position};
    readers.items.push_back(std::move(inner));
    metrics->entries.push_back({"readers", position, std::move(readers)});
  }

  static yaml_value map_of(std::string_view key, yaml_value value, place position) {
    yaml_value map{.type = yaml_value::kind::map, .position = position};
    map.entries.push_back({std::string(key), position, std::move(value)});
    return map;
  }

  yaml_value& root_;
  spelling mode_;
  diagnostics& out_;
};

} // namespace

void modernise(yaml_value& tree, spelling mode, diagnostics& out) {
  modernizer(tree, mode, out).all();
}

} // namespace weir::app
