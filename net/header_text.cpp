#include "net/header_text.hpp"

#include <algorithm>
#include <array>
#include <boost/algorithm/string/predicate.hpp>
#include <fmt/format.h>

namespace weir::net {

namespace {

constexpr std::array<std::string_view, 10> of_http = {
    "connection", "content-encoding", "content-length", "expect",  "keep-alive",
    "te",         "proxy-connection", "trailer",        "upgrade", "transfer-encoding"};
constexpr std::array<std::string_view, 8> of_grpc = {
    "content-type", "grpc-encoding", "grpc-message", "grpc-message-type",
    "grpc-status",  "grpc-timeout",  "host",         "user-agent"};

bool is_token_char(char c) noexcept {
  const bool alphanumeric = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
  return alphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool may_stand_in_value(char c, header_rules rules) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  if (rules == header_rules::grpc)
    return byte >= 0x20 && byte <= 0x7e;
  return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}

bool is_line_end(char c) noexcept {
  return c == '\r' || c == '\n';
}

// For a message: in quotes, without what would bend the message itself.
std::string shown(std::string_view name) {
  std::string text(name.substr(0, 60));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return !may_stand_in_value(c, header_rules::grpc); },
      '?');
  return "\"" + text + "\"";
}

template <std::size_t N>
bool names(const std::array<std::string_view, N>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [name](std::string_view header) {
    return boost::algorithm::iequals(header, name);
  });
}

} // namespace

std::string wrong_header(std::string_view name, std::string_view value, header_rules rules) {
  if (name.empty())
    return "found a header without a name";
  if (std::any_of(name.begin(), name.end(), is_line_end))
    return fmt::format("found a line end in the name of the header {}", shown(name));
  if (!std::all_of(name.begin(), name.end(), is_token_char))
    return fmt::format("found the header name {}, expected letters, digits and `-`, without blanks",
                       shown(name));
  if (rules == header_rules::grpc && boost::algorithm::iends_with(name, "-bin"))
    return {};
  const auto wrong = std::find_if_not(value.begin(), value.end(),
                                      [rules](char c) { return may_stand_in_value(c, rules); });
  if (wrong == value.end())
    return {};
  if (is_line_end(*wrong))
    return fmt::format("found a line end in the value of the header {}, which no header may hold",
                       shown(name));
  return fmt::format("found the byte {:#04x} in the value of the header {}, which {} may not hold",
                     static_cast<unsigned char>(*wrong), shown(name),
                     rules == header_rules::grpc ? "metadata of gRPC" : "a header");
}

bool is_transport_header(std::string_view name, header_rules rules) {
  return names(of_http, name) || (rules == header_rules::grpc && names(of_grpc, name));
}

} // namespace weir::net
