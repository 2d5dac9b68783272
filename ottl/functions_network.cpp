#include "codec/digest.hpp"
#include "core/base64.hpp"
#include "otlp/json_text.hpp"
#include "ottl/convert.hpp"
#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"
#include "ottl/ip_network.hpp"
#include "ottl/url.hpp"

#include <array>
#include <vector>

// Addresses, networks and flows between them, addresses of documents.
namespace weir::ottl {

namespace {

using enum parameter_type;

/// Of each network of the call: what its literal says; nothing where it is none.
using literal_networks = std::vector<std::optional<ip_network>>;

bool get_network(evaluation& e, std::uint32_t expression, ip_network& out) {
  value text;
  if (!e.get(expression, text))
    return false;
  if (!text.is(value_type::string))
    return e.fail("expected a string", text.type);
  const auto network = parse_network(text.bytes);
  if (!network)
    return e.fail("expected a network such as `10.0.0.0/8`");
  out = *network;
  return true;
}

bool is_in_cidr(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  out = value::of(false);
  const auto address = parse_ip(text);
  if (!address)
    return true;
  const auto& parts = e.node(c.arguments[1]).parts;
  const auto& known = c.prepared_as<literal_networks>();
  for (std::uint32_t i = 0; i < parts.count && !out.boolean; ++i) {
    ip_network network;
    if (known[i])
      network = *known[i];
    else if (!get_network(e, e.code().parts[parts.first + i], network))
      return false;
    out = value::of(network.contains(*address));
  }
  return true;
}

std::string prepare_networks(const program& code, call_info& c) {
  const auto& list = code.expressions[c.arguments[1].expression];
  if (list.form != expression::kind::list)
    return "found other networks, expected a list in brackets";
  auto made = std::make_shared<literal_networks>();
  for (std::uint32_t i = 0; i < list.parts.count; ++i) {
    const auto& part = code.expressions[code.parts[list.parts.first + i]];
    made->emplace_back();
    if (part.form != expression::kind::literal)
      continue;
    made->back() = parse_network(part.literal.bytes);
    if (!part.literal.is(value_type::string) || !made->back())
      return "found another network, expected one such as `10.0.0.0/8`";
  }
  c.prepared = std::move(made);
  return {};
}

struct endpoint {
  ip_address address;
  std::int64_t port = 0;

  bool before(const endpoint& other) const {
    if (address.size != other.address.size)
      return address.size < other.address.size;
    const auto order = address.view().compare(other.address.view());
    return order != 0 ? order < 0 : port <= other.port;
  }
};

bool get_endpoint(evaluation& e, const argument& address, const argument& port, endpoint& out) {
  std::string_view text;
  if (!e.get_text(address, text) || !e.get_integer(port, out.port))
    return false;
  if (out.port < 0 || out.port > 0xffff)
    return e.fail("expected a port from 0 to 65535");
  const auto parsed = parse_ip(text);
  if (!parsed)
    return e.fail("expected an IP address");
  out.address = *parsed;
  return true;
}

/// The number that IP has for a protocol; 0: not known.
char protocol_number(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::uint8_t>, 6> known{
      {{"ICMP", 1}, {"TCP", 6}, {"UDP", 17}, {"RSVP", 46}, {"ICMP6", 58}, {"SCTP", 132}}};
  for (const auto& [protocol, number] : known)
    if (protocol == name)
      return static_cast<char>(number);
  return 0;
}

void append_16_bits(std::int64_t number, std::string& out) {
  out += static_cast<char>(number >> 8);
  out += static_cast<char>(number);
}

/// Version 1: SHA-1 of seed, addresses, protocol and ports, the smaller end first, in base64.
std::string community_id_of(const endpoint& a, const endpoint& b, char protocol,
                            std::int64_t seed) {
  const auto& first = a.before(b) ? a : b;
  const auto& second = a.before(b) ? b : a;
  std::string flow;
  append_16_bits(seed, flow);
  flow.append(first.address.view()).append(second.address.view());
  flow += protocol;
  flow += '\0';
  append_16_bits(first.port, flow);
  append_16_bits(second.port, flow);
  std::string hex(2 * codec::digest_size(codec::digest_kind::sha1), '\0');
  codec::put_digest_hex(codec::digest_kind::sha1, flow, hex.data());
  std::string digest;
  otlp::append_from_hex(hex, digest);
  std::string made = "1:";
  append_base64(digest, made);
  return made;
}

bool community_id(evaluation& e, const call_info& c, value& out) {
  endpoint source;
  endpoint destination;
  std::string_view protocol = "TCP";
  std::int64_t seed = 0;
  if (!get_endpoint(e, c.arguments[0], c.arguments[1], source)
      || !get_endpoint(e, c.arguments[2], c.arguments[3], destination)
      || (c.arguments[4].given() && !e.get_text(c.arguments[4], protocol)))
    return false;
  const auto number = protocol_number(protocol);
  if (number == 0)
    return e.fail("expected the protocol ICMP, ICMP6, TCP, UDP, RSVP or SCTP");
  if (c.arguments[5].given() && !e.get_integer(c.arguments[5], seed))
    return false;
  if (seed < 0 || seed > 0xffff)
    return e.fail("expected a seed from 0 to 65535");
  text_builder made(e.in().memory);
  made.append(community_id_of(source, destination, number, seed));
  return e.finish(made, value_type::string, out);
}

/// Parameters by name, each with the list of its values.
bool query_map(evaluation& e, std::string_view query, value& out) {
  const auto read = read_query(query);
  if (!read)
    return e.fail("expected a well-formed query");
  text_builder parameters(e.in().memory);
  for (const auto& [name, values] : *read) {
    text_builder list(e.in().memory);
    for (const auto& text : values)
      append_element(list, value::of_string(text));
    append_pair(parameters, name, value::of_bytes(value_type::list, list.view()));
  }
  text_builder made(e.in().memory);
  if (!read->empty())
    append_pair(made, "query", value::of_bytes(value_type::map, parameters.view()));
  return e.finish(made, value_type::map, out);
}

void append_texts(const url& u, text_builder& made) {
  const auto put = [&](std::string_view key, std::string_view text) {
    append_pair(made, key, value::of_string(text));
  };
  put("url.original", u.written());
  put("url.domain", u.host_name());
  put("url.scheme", u.scheme);
  put("url.path", u.path);
  if (!u.fragment.empty())
    put("url.fragment", u.fragment);
  if (u.has_user) {
    put("url.user_info", u.user_info());
    if (!u.user.empty())
      put("url.username", u.user);
    if (u.password)
      put("url.password", *u.password);
  }
  if (!u.query.empty())
    put("url.query", u.query);
  if (const auto dot = u.path.rfind('.'); dot != u.path.npos && dot + 1 < u.path.size())
    put("url.extension", u.path.substr(dot + 1));
}

bool url_parts(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  if (text.empty())
    return e.fail("expected a string that is not empty");
  if (text.starts_with('?'))
    return query_map(e, text.substr(1), out);
  const auto read = read_url(text);
  if (!read)
    return e.fail("expected a URL");
  text_builder made(e.in().memory);
  append_texts(*read, made);
  if (const auto port = read->port(); !port.empty()) {
    const auto number = parse_integer(port);
    if (!number)
      return e.fail("expected a port that is a number");
    append_pair(made, "url.port", value::of(*number));
  }
  return e.finish(made, value_type::map, out);
}

} // namespace

std::span<const function_info> network_functions() {
  static const std::vector<function_info> table{
      {.name = "IsInCIDR",
       .result = result_type::boolean,
       .parameters = {{"target", text}, {"networks", list}},
       .body = &is_in_cidr,
       .prepare = &prepare_networks},
      {"CommunityID",
       result_type::any,
       {{"source_ip", text},
        {"source_port", integer},
        {"destination_ip", text},
        {"destination_port", integer},
        {"protocol", text, true},
        {"seed", integer, true}},
       &community_id},
      {"URL", result_type::any, {{"uri", text}}, &url_parts},
  };
  return table;
}

} // namespace weir::ottl
