#include "app/config/convert_cluster.hpp"

#include "app/config/convert_stage.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::app {

namespace {

constexpr std::string_view port = ":4320";

yaml_value text_value(std::string text) {
  return {.type = yaml_value::kind::scalar, .plain = false, .text = std::move(text)};
}

/// A load-balancing exporter, and the tier where it stands.
struct balancer {
  const tier* place = nullptr;
  std::string id;
  const yaml_value* body = nullptr;
};

bool spreads_by_trace(const yaml_value& balancer) {
  const auto* key = find_below(balancer, {"routing_key"});
  return key == nullptr || key->is_null() || same_word(key->text, "traceID");
}

/// Of several, the first that brings traces together; else the first.
balancer find_balancer(std::span<const tier> tiers) {
  balancer first;
  for (const auto& tier : tiers)
    if (const auto* exporters = find_below(tier.tree, {"exporters"}))
      for (const auto& entry : exporters->entries) {
        if (!is_balancer(entry.key))
          continue;
        const balancer found{&tier, entry.key, &entry.value};
        if (spreads_by_trace(entry.value))
          return found;
        if (first.body == nullptr)
          first = found;
      }
  return first;
}

/// "host:4317" and "host" as "host"; what stands in for a host stays.
std::string host_in(const std::string& address) {
  const auto colon = address.rfind(':');
  const auto brace = address.rfind('}');
  const bool has_port = colon != address.npos && (brace == address.npos || brace < colon)
                        && address.rfind(']') + 1 <= colon;
  return has_port ? address.substr(0, colon) : address;
}

/// Where the samplers were found, as seeds.
std::vector<std::string> seeds_of(const yaml_value& balancer) {
  std::vector<std::string> seeds;
  const auto name = [&](std::initializer_list<std::string_view> path) {
    const auto* found = find_below(balancer, path);
    if (found != nullptr && found->is_scalar() && !found->text.empty())
      seeds.push_back(fmt::format("dns://{}{}", found->text, port));
  };
  name({"resolver", "dns", "hostname"});
  name({"resolver", "k8s", "service"}); // headless: a name for all its pods
  if (const auto* hosts = find_below(balancer, {"resolver", "static"}))
    for (const auto& host : texts_below(*hosts, "hostnames"))
      seeds.push_back(host_in(host) + std::string(port));
  return seeds;
}

/// Where one of `cert_file`, `key_file` and `ca_file` is to be put.
std::string file_for(std::string_view key) {
  return fmt::format("/etc/weir/cluster-{}.pem", key.substr(0, key.find('_')));
}

/// The tiers' TLS as that of nodes, which check each other.
yaml_value encryption_of(const balancer& found, convert_notes& notes) {
  auto made = make_map();
  const auto* tls = find_below(*found.body, {"protocol", "otlp", "tls"});
  const auto given = [tls](std::string_view key) -> const yaml_value* {
    const auto* value = tls == nullptr ? nullptr : find_below(*tls, {key});
    return value != nullptr && value->is_scalar() && !value->text.empty() ? value : nullptr;
  };
  const auto* insecure = given("insecure");
  if (insecure != nullptr && same_word(insecure->text, "true")) {
    made.entries.push_back({"insecure", {}, *insecure});
    return made;
  }
  bool whole = true;
  for (const auto key : {"cert_file", "key_file", "ca_file"}) {
    const auto* file = given(key);
    whole &= file != nullptr;
    made.entries.push_back({key, {}, file != nullptr ? *file : text_value(file_for(key))});
  }
  if (!whole)
    notes.changed.push_back(fmt::format("{}: exporters.{}.protocol.otlp.tls: nodes check each "
                                        "other, and none starts without its own certificate: put "
                                        "them where `cluster.tls` names them",
                                        found.place->name, found.id));
  return made;
}

} // namespace

yaml_value cluster_of(std::span<const tier> tiers, convert_notes& notes) {
  const auto found = find_balancer(tiers);
  const auto has_block = [](const tier& t) { return t.tree.find("cluster") != nullptr; };
  if (found.body == nullptr || std::any_of(tiers.begin(), tiers.end(), has_block))
    return {};
  auto made = make_map();
  const auto seeds = seeds_of(*found.body);
  auto join = make_list(seeds);
  for (auto& seed : join.items)
    seed.plain = false;
  made.entries.push_back({"join", {}, std::move(join)});
  made.entries.push_back({"tls", {}, encryption_of(found, notes)});
  if (seeds.empty())
    notes.lost.push_back(fmt::format("{}: exporters.{}.resolver: it cannot be asked for nodes: put "
                                     "addresses of some into `cluster.join`",
                                     found.place->name, found.id));
  else
    notes.changed.push_back(fmt::format("cluster: added: nodes look for each other where {} looked "
                                        "for samplers ({}), on port 4320",
                                        quoted(found.id), fmt::join(seeds, ", ")));
  return made;
}

} // namespace weir::app
