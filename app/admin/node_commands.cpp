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
};

struct group_row {
  std::string_view word, text;
};
constexpr std::array groups{
    group_row{"exporters", "Shows and steers the exporters of all nodes"},
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
