#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

// What an operator says of the cluster: the block `cluster`, checked, defaults filled in.
namespace weir::cluster {

using std::chrono::milliseconds;

/// `cluster.tls`: mutual TLS on links. All three files, or `insecure`, or none: plain text on
/// loopback.
struct link_tls {
  bool insecure = false; ///< Plain text, wherever it listens.
  std::string cert_file; ///< Shown to other nodes, both as server and as client; PEM, as all here.
  std::string key_file;
  std::string ca_file; ///< Who signs the certificates of this cluster's nodes.
  milliseconds reload_interval{std::chrono::seconds(10)}; ///< The files are looked at so often.

  bool encrypts() const noexcept { return !cert_file.empty(); }

  friend bool operator==(const link_tls&, const link_tls&) = default;
};

/// A node that takes part in a cluster.
struct cluster_settings {
  std::string name = "weir"; ///< Nodes of another name are refused.
  /// What people call this node; "" = its id in hex. Lasting: the id itself is made once and kept in
  /// the storage directory.
  std::string node;
  std::string listen = "0.0.0.0:4320"; ///< host:port; port 0 = any free one.
  std::string advertise; ///< host:port by which others reach it; "" = from `listen` and the host.
  /// Where to find others, host:port or dns://host:port: the latter stands for all addresses that
  /// the name has, looked up anew at each try. Empty: it is the first.
  std::vector<std::string> join;
  std::string zone; ///< "" = a zone like any other.
  milliseconds suspect_after{std::chrono::seconds(3)};
  milliseconds down_after{std::chrono::seconds(10)}; ///< Above suspect_after.
  milliseconds join_timeout{std::chrono::seconds(10)};
  milliseconds gossip_interval{std::chrono::seconds(1)};
  /// Unpacked bytes of entries that may be on their way to one other node.
  std::uint64_t link_credit = 8 << 20;
  bool leave_on_stop = false; ///< SIGTERM drains the node and takes it out for good.
  /// How long the progress of a node that is down is kept.
  milliseconds progress_retention{std::chrono::hours(7 * 24)};
  link_tls tls = {};

  friend bool operator==(const cluster_settings&, const cluster_settings&) = default;
};

} // namespace weir::cluster
