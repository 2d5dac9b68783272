#include "app/admin/admin_command.hpp"

#include "app/admin/messages.hpp"
#include "app/admin/render_status.hpp"
#include "app/config/endpoint.hpp"
#include "app/config/tables.hpp"
#include "app/exit_code.hpp"
#include "net/admin/client.hpp"

#include <fmt/format.h>
#include <fstream>
#include <google/protobuf/util/json_util.h>
#include <ostream>

namespace weir::app {

namespace {

int failed(std::ostream& err, const error& problem) {
  err << "Error: " << problem.message << '\n';
  return not_available;
}

int misused(std::ostream& err, const std::string& problem) {
  err << "Error: " << problem << '\n';
  return wrong_usage;
}

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

bool encrypts(const admin_arguments& given) {
  return given.tls || !given.ca_file.empty() || !given.cert_file.empty()
         || !given.server_name.empty();
}

bool is_json(const admin_arguments& given) {
  return given.output == "json";
}

/// What is wrong with the arguments; "": nothing.
std::string misuse_in(const admin_arguments& given) {
  if (!is_reachable_address(given.endpoint))
    return fmt::format("found {} behind --endpoint, expected host:port", quoted(given.endpoint));
  if (!given.token.empty() && !given.token_file.empty())
    return "the token is given twice: expected --token or --token-file";
  if (given.cert_file.empty() != given.key_file.empty())
    return "--cert-file and --key-file go together";
  const bool has_token = !given.token.empty() || !given.token_file.empty();
  if (has_token && !encrypts(given) && !is_loopback(given.endpoint))
    return fmt::format("the token would go to {} in plain text: add --tls, or --ca-file with who "
                       "signed the node's certificate",
                       given.endpoint);
  return {};
}

result<net::admin_client> connect(const admin_arguments& given) {
  net::admin_client_config config{.endpoint = given.endpoint,
                                  .token = given.token,
                                  .tls = encrypts(given),
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

/// Everything, what is 0 or empty too, under the names of admin.proto; a line where it is not whole.
std::string json_of(const google::protobuf::Message& message, bool whole) {
  google::protobuf::util::JsonPrintOptions form;
  form.add_whitespace = whole;
  form.always_print_primitive_fields = true;
  form.preserve_proto_field_names = true;
  std::string text;
  (void)google::protobuf::util::MessageToJsonString(message, &text, form); // No Any is in it.
  return whole ? text : text + "\n";
}

int show_status(net::admin_client& client, const admin_arguments& given, std::ostream& out,
                std::ostream& err) {
  const auto answer = client.status();
  if (!answer)
    return failed(err, answer.error());
  out << (is_json(given) ? json_of(*answer, true) : render_status(from_message(*answer)));
  return done;
}

int show_members(net::admin_client& client, const admin_arguments& given, std::ostream& out,
                 std::ostream& err) {
  const auto answer = client.members();
  if (!answer)
    return failed(err, answer.error());
  if (is_json(given)) {
    out << json_of(*answer, true);
    return done;
  }
  const auto view =
      answer->has_cluster() ? std::optional(from_message(answer->cluster())) : std::nullopt;
  out << render_members(view ? &*view : nullptr);
  return done;
}

int leave(net::admin_client& client, const admin_arguments& given, std::ostream& out,
          std::ostream& err) {
  std::string shown;
  bool left = false;
  const auto show = [&](const admin::v1::LeaveProgress& progress) {
    const auto text = is_json(given) ? json_of(progress, false)
                                     : render_leave({.node = progress.node(),
                                                     .state = progress.state(),
                                                     .share = progress.share(),
                                                     .open_slots = progress.open_slots(),
                                                     .unsent_slots = progress.unsent_slots(),
                                                     .done = progress.done()});
    if (text != shown) {
      out << text << std::flush;
      shown = text;
    }
    left = progress.done() && progress.state() == "left";
    return given.watch;
  };
  const auto told = client.leave(given.node, show);
  if (!told)
    return failed(err, told.error());
  if (given.watch)
    return left ? done : not_available;
  if (!is_json(given) && !left)
    out << "it was told to leave: `weir leave --watch` and `weir status` show how far it is\n";
  return done;
}

} // namespace

int admin_command(std::string_view command, const admin_arguments& given, std::ostream& out,
                  std::ostream& err) {
  if (const auto problem = misuse_in(given); !problem.empty())
    return misused(err, problem);
  auto client = connect(given);
  if (!client)
    return failed(err, client.error());
  if (command == "status")
    return show_status(*client, given, out, err);
  return command == "members" ? show_members(*client, given, out, err)
                              : leave(*client, given, out, err);
}

} // namespace weir::app
