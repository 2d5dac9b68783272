#include "app/admin/node_commands.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fstream>
#include <ostream>

namespace weir::app {

namespace {

constexpr std::array rows{
    command_row{"status", "Shows a running node and its cluster, and what is wrong",
                R"(  weir status
  weir status --endpoint 10.0.0.1:13134 --ca-file ca.pem --token-file token
  weir status --output json)",
                make_status_command},
    command_row{"members", "Lists the members of a node's cluster", R"(  weir members
  weir members --output json)",
                make_members_command},
    command_row{"leave", "Takes a node out of its cluster for good",
                R"(  weir leave --watch             # the node that is asked, until it has left
  weir leave gamma               # a member, by its name or id)",
                make_leave_command},
    command_row{"exporters list", "Lists the exporters of all nodes, and what waits for them",
                R"(  weir exporters list
  weir exporters list --node gamma
  weir exporters list --output json)",
                make_exporters_list_command},
    command_row{
        "replay", "Sends once more what the logs of all nodes hold of a time",
        R"(  weir replay --pipeline traces --from 2026-11-20T10:00 --to +2h --exporter otlp/new
  weir replay --pipeline traces --from -30m --dry-run
  weir replay --pipeline traces --from -2h --exporter otlp/new --rate 20MB/s       --where 'resource.attributes["service.name"] == "checkout"' --watch
  weir replay --pipeline logs --from -1d --exporter otlphttp/archive --mark replayed=yes)",
        make_replay_command},
    command_row{"replay list", "Lists the replays of all nodes, and how far they are",
                R"(  weir replay list
  weir replay list --output json)",
                make_replay_list_command},
    command_row{"replay pause", "Lets a replay wait", R"(  weir replay pause 0123456789abcdef)",
                make_replay_pause_command},
    command_row{"replay resume", "Goes on with a replay that is paused, has failed, or was left",
                R"(  weir replay resume 0123456789abcdef)", make_replay_resume_command},
    command_row{"replay cancel", "Ends a replay for good",
                R"(  weir replay cancel 0123456789abcdef)", make_replay_cancel_command},
    command_row{"logs cat", "Prints what the logs of all nodes hold of a time, as OTLP/JSON lines",
                R"(  weir logs cat --pipeline traces --from -10m
  weir logs cat --pipeline traces --from -1h --where 'status.code == 2' > errors.jsonl)",
                make_logs_cat_command},
    command_row{"trace", "Finds a trace on all nodes: where it is, what was decided, its spans",
                R"(  weir trace 4bf92f3577b34da6a3ce929d0e0e4736
  weir trace 4bf92f3577b34da6a3ce929d0e0e4736 --at 2026-11-20T10:00 --within 5m)",
                make_trace_command},
};

struct group_row {
  std::string_view word, text;
};
constexpr std::array groups{
    group_row{"exporters", "Shows and steers the exporters of all nodes"},
    group_row{"logs", "Reads the logs of all nodes"},
};

/// The first line of a file that holds something.
result<std::string> token_in(const std::string& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto start = line.find_first_not_of(" \t\r");
    if (start != line.npos)
      return line.substr(start, line.find_last_not_of(" \t\r") + 1 - start);
  }
  return fail(errc::io, fmt::format("{}: no token can be read there", path));
}

result<net::admin_client> connect(const node_arguments& given) {
  const bool tls =
      given.tls || !given.ca_file.empty() || !given.cert_file.empty() || !given.server_name.empty();
  net::admin_client_config config{.endpoint = given.endpoint,
                                  .token = given.token,
                                  .tls = tls,
                                  .ca_file = given.ca_file,
                                  .cert_file = given.cert_file,
                                  .key_file = given.key_file,
                                  .server_name = given.server_name};
  if (!given.token_file.empty()) {
    auto token = token_in(given.token_file);
    if (!token)
      return tl::unexpected(token.error());
    config.token = *std::move(token);
  }
  return net::admin_client::make(config);
}

} // namespace

std::span<const command_row> node_commands() {
  return rows;
}

std::string_view text_of_group(std::string_view word) {
  const auto found = std::find_if(groups.begin(), groups.end(),
                                  [word](const group_row& row) { return row.word == word; });
  return found == groups.end() ? std::string_view() : found->text;
}

int run_on_node(node_command& command, const node_arguments& given, std::ostream& out,
                std::ostream& err) {
  if (const auto problem = misuse_in(given); !problem.empty()) {
    err << "Error: " << problem << '\n';
    return wrong_usage;
  }
  auto client = connect(given);
  if (!client) {
    err << "Error: " << client.error().message << '\n';
    return not_available;
  }
  node_session session(*std::move(client), given, out, err);
  return command.run(session);
}

} // namespace weir::app
