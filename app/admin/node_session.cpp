#include "app/admin/node_session.hpp"

#include "app/config/endpoint.hpp"
#include "app/config/tables.hpp"
#include "core/quote.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>
#include <ostream>

namespace weir::app {

namespace {

bool encrypts(const node_arguments& given) {
  return given.tls || !given.ca_file.empty() || !given.cert_file.empty()
         || !given.server_name.empty();
}

} // namespace

std::string misuse_in(const node_arguments& given) {
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

std::string json_of(const google::protobuf::Message& message, bool whole) {
  google::protobuf::util::JsonPrintOptions form;
  form.add_whitespace = whole;
  form.always_print_primitive_fields = true;
  form.preserve_proto_field_names = true;
  std::string text;
  (void)google::protobuf::util::MessageToJsonString(message, &text, form); // No Any is in it.
  return text;
}

int node_session::fails(const error& problem) {
  err << "Error: " << problem.message << '\n';
  return problem.code == errc::invalid_argument || problem.code == errc::not_found ? failed
                                                                                   : not_available;
}

int node_session::end(const std::vector<admin::v1::Speaker>& lacking) {
  int code = done;
  for (const auto& speaker : lacking) {
    const auto name = without_controls(speaker.name());
    if (!speaker.problem().empty()) {
      err << fmt::format("Error: node {}: {}\n", name, without_controls(speaker.problem()));
      code = failed;
    } else {
      err << fmt::format("Warning: node {} did not answer: {}\n", name,
                         without_controls(speaker.silent()));
      code = code == done ? not_whole : code;
    }
  }
  return code;
}

} // namespace weir::app
