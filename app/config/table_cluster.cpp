#include "app/config/endpoint.hpp"
#include "app/config/option_group.hpp"
#include "app/config/tables.hpp"

#include <algorithm>
#include <fmt/format.h>

// The blocks `cluster` and `admin`.
namespace weir::app {

namespace {

constexpr std::size_t max_name_length = 64;
constexpr std::size_t max_node_length = 253; // as long as a host's name may be
constexpr std::size_t max_seeds = 1024;      // as many as there may be members

constexpr auto host_and_port = "host:port such as `10.0.0.1:4320`";

bool is_name_letter(unsigned char c) {
  return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
}

/// Names stand in tables, logs and labels: of one line, and none too long.
void check_name(const section& map, std::string_view option, const std::string& name,
                std::size_t longest) {
  if (name.size() <= longest && std::all_of(name.begin(), name.end(), is_name_letter))
    return;
  map.error(option, fmt::format("found {}, expected at most {} letters, digits, `-`, `_` and `.`",
                                quoted(name), longest));
}

void expect_address(const section& map, std::string_view option, const std::string& address,
                    std::string_view expected) {
  map.error(option, fmt::format("found {}, expected {}", quoted(address), expected));
}

void check_seeds(const section& map, const std::vector<std::string>& seeds) {
  if (seeds.size() > max_seeds)
    map.error("join", fmt::format("found {} addresses, expected at most {}: one that lives is "
                                  "enough",
                                  seeds.size(), max_seeds));
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    auto address = std::string_view(seeds[i]);
    if (has_scheme(address, dns_scheme))
      address.remove_prefix(dns_scheme.size());
    if (is_reachable_address(address))
      continue;
    const auto* list = map.value.find("join");
    const auto in_list = list != nullptr && i < list->value.items.size();
    map.reports.error(in_list ? list->value.items[i].position : map.position("join"),
                      fmt::format("{}[{}]", map.path_of("join"), i),
                      fmt::format("found {}, expected {}, or `dns://` and the same where a name "
                                  "stands for several nodes",
                                  quoted(seeds[i]), host_and_port));
  }
}

/// Who reads links reads all data, and who writes there is a node: plain text is asked for.
void check_encryption(const section& map, const cluster::cluster_settings& c) {
  if (c.tls.encrypts() || c.tls.insecure || is_loopback(c.listen))
    return;
  map.error("tls", fmt::format("found plain text on {}, which is not loopback, expected "
                               "`cert_file`, `key_file` and `ca_file`, or `insecure: true` where "
                               "the network itself is to be trusted",
                               quoted(c.listen)));
}

void check_cluster(const section& map, const cluster::cluster_settings& c) {
  check_name(map, "name", c.name, max_name_length);
  check_name(map, "node", c.node, max_node_length);
  check_name(map, "zone", c.zone, max_name_length);
  const bool listens = is_host_port(c.listen);
  if (!listens)
    expect_address(map, "listen", c.listen, "host:port such as `0.0.0.0:4320`");
  if (!c.advertise.empty() && !is_reachable_address(c.advertise))
    expect_address(map, "advertise", c.advertise,
                   fmt::format("{}, by which other nodes reach this one", host_and_port));
  check_seeds(map, c.join);
  if (c.down_after <= c.suspect_after)
    map.error("down_after",
              fmt::format("found {}, expected more than the {} of `suspect_after`",
                          print_value(c.down_after, {}), print_value(c.suspect_after, {})));
  if (c.suspect_after < 2 * c.gossip_interval)
    map.error("suspect_after",
              fmt::format("found {}, expected at least twice the {} of `gossip_interval`",
                          print_value(c.suspect_after, {}), print_value(c.gossip_interval, {})));
  if (listens)
    check_encryption(map, c);
}

const option_table<cluster::link_tls>& link_tls_options() {
  using c = cluster::link_tls;
  static const option_table<c> table{
      {
          works("insecure", &c::insecure,
                "Plain text between nodes, also where `listen` is not loopback."),
          works("cert_file", &c::cert_file, {.file = true},
                "This node's certificate chain, PEM: shown to nodes that it connects to, too, so "
                "both uses have to be allowed in it."),
          works("key_file", &c::key_file, {.file = true}, "Its private key, PEM."),
          works("ca_file", &c::ca_file, {.file = true},
                "Authorities that sign the certificates of this cluster's nodes, PEM: whoever has "
                "one of theirs is let in."),
          works("reload_interval", &c::reload_interval, {.min = "1s"},
                "How often the three files are looked at; what changed counts for links made from "
                "then on."),
      },
      c{},
      [](const section& map, const c& tls) {
        const int files = static_cast<int>(!tls.cert_file.empty())
                          + static_cast<int>(!tls.key_file.empty())
                          + static_cast<int>(!tls.ca_file.empty());
        if (files != 0 && files != 3)
          map.error("",
                    "found a part of `cert_file`, `key_file` and `ca_file`, expected all three: "
                    "nodes check each other");
        if (files != 0 && tls.insecure)
          map.error("insecure", "found `true` beside certificates, expected one of them");
      }};
  return table;
}

const option_table<net::admin_tls_config>& admin_tls_options() {
  using c = net::admin_tls_config;
  static const option_table<c> table{
      {
          works("cert_file", &c::cert_file, {.required = true, .file = true},
                "The server's certificate chain, PEM."),
          works("key_file", &c::key_file, {.required = true, .file = true},
                "Its private key, PEM."),
          works(
              "client_ca_file", &c::client_ca_file, {.file = true},
              "Clients must show a certificate that one of these authorities signed (mutual TLS), "
              "beside the token."),
          works("reload_interval", &c::reload_interval, {.min = "1s"},
                "How often the files are looked at."),
      },
      c{}};
  return table;
}

void check_admin(const section& map, const admin_config& admin) {
  const auto& c = admin.server;
  check_listen_endpoint(map, c.endpoint);
  if (!c.token.empty() && !c.token_file.empty())
    map.error("token_file", "it is given twice, as a file and as text: expected one of them");
  if (!is_host_port(c.endpoint) || is_loopback(c.endpoint))
    return;
  const bool has_token = !c.token.empty() || !c.token_file.empty();
  if (!c.tls || !has_token)
    map.error("endpoint",
              fmt::format("found {}, which is not loopback, expected {} as well: who reaches it "
                          "may end the node",
                          quoted(c.endpoint),
                          c.tls       ? "`token` or `token_file`"
                          : has_token ? "`tls`"
                                      : "`tls` and `token` or `token_file`"));
}

const option_table<net::admin_config>& admin_server_options() {
  using c = net::admin_config;
  static const option_table<c> table{{
      works("endpoint", &c::endpoint,
            "Where the admin API listens, which `weir status`, `members` and `leave` ask. Where it "
            "is not given, a port that is taken leaves the node without it, with a warning. Not on "
            "loopback: with `tls` and a token alone."),
      block("tls", &c::tls, &admin_tls_options, "TLS, on when the key is there."),
      works("token", &c::token, {.secret = true},
            "What clients have to say as `authorization: Bearer <token>`."),
      works("token_file", &c::token_file, {.file = true},
            "The same in a file, a token a line, read again when it changes."),
  }};
  return table;
}

} // namespace

const option_table<cluster::cluster_settings>& cluster_options() {
  using c = cluster::cluster_settings;
  static const option_table<c> table{
      {
          works("name", &c::name, "The same on all nodes: those of another name are refused."),
          works("node", &c::node,
                "What this node is called, in tables and logs. Absent: its id, which is made once "
                "and kept in the storage directory."),
          works("listen", &c::listen, "Where other nodes reach it."),
          works("advertise", &c::advertise,
                "The address that it tells them. Absent: that of `listen`, or of this host where "
                "`listen` is every address."),
          works("join", &c::join,
                "Addresses of other nodes, host:port, one of which has to live. `dns://host:port` "
                "stands for all addresses of a name, looked up at each try. `weir run --join` adds "
                "to them. None: it is the first of its cluster, or others join it."),
          works("zone", &c::zone,
                "What fails together, such as an availability zone: another zone's node stands by "
                "first."),
          only("copies", "1", "a second copy is not there yet"),
          works("suspect_after", &c::suspect_after, {.min = "200ms", .max = "1h"},
                "A node not heard of for this long is suspected of being down."),
          works("down_after", &c::down_after, {.min = "400ms", .max = "24h"},
                "One not heard of for this long is down: others take over its traces."),
          works("join_timeout", &c::join_timeout, {.min = "1s", .max = "1h"},
                "A node that hears of nobody for this long goes on alone."),
          works("gossip_interval", &c::gossip_interval, {.min = "50ms", .max = "1m"},
                "Nodes tell each other what they know this far apart."),
          works("link_credit", &c::link_credit, {.unit = unit::size, .min = "4MiB", .max = "32MiB"},
                "Bytes of traces, unpacked, that may be on their way to one other node; what is "
                "beyond "
                "that waits on the disk."),
          works("leave_on_stop", &c::leave_on_stop,
                "SIGTERM takes the node out of its cluster for good, as `weir leave` does. Off: it "
                "is expected back."),
          works("progress_retention", &c::progress_retention, {.min = "1m"},
                "What was settled for a node that is down is remembered for this long, so that "
                "nothing is decided twice when it is back."),
          block("tls", &c::tls, &link_tls_options),
      },
      c{},
      check_cluster};
  return table;
}

const option_table<admin_config>& admin_options() {
  using c = admin_config;
  static const option_table<c> table{{
                                         works("enabled", &c::enabled, "Off: nothing listens."),
                                         embedded(&c::server, &admin_server_options),
                                     },
                                     c{},
                                     check_admin};
  return table;
}

} // namespace weir::app
