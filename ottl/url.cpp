#include "ottl/url.hpp"

#include "editing/work.hpp"
#include "ottl/ip_network.hpp"
#include "ottl/url_escape.hpp"

#include <algorithm>
#include <unordered_map>

namespace weir::ottl {

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// What stands before the first such character, which falls away.
std::string_view take_until(std::string_view& text, char end) {
  const auto found = text.find(end);
  const auto taken = text.substr(0, found);
  text.remove_prefix(found == text.npos ? text.size() : found + 1);
  return taken;
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

/// "" or a colon with digits or nothing behind it.
bool is_port_or_none(std::string_view text) {
  return text.empty() || (text[0] == ':' && std::all_of(text.begin() + 1, text.end(), is_digit));
}

bool is_user_info(std::string_view text) {
  constexpr std::string_view others = "-._:~!$&'()*+,;=%@";
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || is_digit(c) || others.find(c) != others.npos;
  });
}

/// Takes "scheme:" off the front, where it stands there. False: it is empty.
bool take_scheme(std::string_view& text, std::string& scheme) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_letter(c) || (i > 0 && (is_digit(c) || c == '+' || c == '-' || c == '.')))
      continue;
    if (c != ':')
      return true;
    if (i == 0)
      return false;
    for (const char letter : text.substr(0, i))
      scheme += is_letter(letter) ? static_cast<char>(letter | 0x20) : letter;
    text.remove_prefix(i + 1);
    return true;
  }
  return true;
}

/// `[2001:db8::1%25eth0]:80`
std::optional<std::string> read_literal_host(std::string_view host) {
  const auto close = host.rfind(']');
  if (close == host.npos || !is_port_or_none(host.substr(close + 1)))
    return std::nullopt;
  const auto name = host.substr(1, close - 1);
  const auto zone = std::min(name.find("%25"), name.size());
  const auto address = unescaped(name.substr(0, zone), url_part::host);
  const auto in_zone = unescaped(name.substr(zone), url_part::zone);
  if (!address || !in_zone || in_zone->size() == 1 || address->find(':') == address->npos
      || !parse_ip(*address))
    return std::nullopt;
  return "[" + *address + *in_zone + "]" + std::string(host.substr(close + 1));
}

std::optional<std::string> read_host(std::string_view scheme, std::string_view host) {
  if (const auto bracket = host.rfind('['); bracket != host.npos)
    return bracket == 0 ? read_literal_host(host) : std::nullopt;
  if (host.find(':') != host.npos) {
    // Lists of hosts have several; HTTP has none.
    const bool is_http = scheme == "http" || scheme == "https";
    if (!is_port_or_none(host.substr(is_http ? host.find(':') : host.rfind(':'))))
      return std::nullopt;
  }
  return unescaped(host, url_part::host);
}

bool read_authority(std::string_view authority, url& url) {
  const auto found = authority.rfind('@');
  auto host = read_host(url.scheme, authority.substr(found == authority.npos ? 0 : found + 1));
  if (!host)
    return false;
  url.host = std::move(*host);
  if (found == authority.npos)
    return true;
  const auto info = authority.substr(0, found);
  auto rest = info;
  const auto user = unescaped(take_until(rest, ':'), url_part::user);
  auto password = unescaped(rest, url_part::user);
  if (!is_user_info(info) || !user || !password)
    return false;
  url.has_user = true;
  url.user = *user;
  if (info.find(':') != info.npos)
    url.password = std::move(*password);
  return true;
}

/// Takes the query off the end.
void take_query(std::string_view& rest, url& url) {
  if (rest.ends_with('?') && std::count(rest.begin(), rest.end(), '?') == 1) {
    url.ends_with_question_mark = true;
    rest.remove_suffix(1);
    return;
  }
  auto query = rest;
  rest = take_until(query, '?');
  url.query = query;
}

bool read_text(std::string_view text, url_part part, std::string& out, std::string& as_written) {
  auto plain = unescaped(text, part);
  if (!plain)
    return false;
  out = std::move(*plain);
  as_written = text;
  return true;
}

/// What comes behind the scheme and before the query.
bool read_middle(std::string_view rest, url& url) {
  if (!rest.starts_with('/')) {
    if (!url.scheme.empty()) {
      url.opaque = rest;
      return true;
    }
    // `a:b` would be a scheme that is none.
    if (rest.substr(0, rest.find('/')).find(':') != rest.npos)
      return false;
  }
  if (rest.starts_with("//") && (!url.scheme.empty() || !rest.starts_with("///"))) {
    rest.remove_prefix(2);
    const auto authority = rest.substr(0, rest.find('/'));
    rest.remove_prefix(authority.size());
    if (!read_authority(authority, url))
      return false;
  } else if (!url.scheme.empty()) {
    url.omits_host = true;
  }
  return read_text(rest, url_part::path, url.path, url.path_as_written);
}

/// As it was written, where that is well-formed.
std::string written_part(const std::string& as_written, const std::string& text, url_part part) {
  return is_escaped(as_written, part) ? as_written : escaped(text, part);
}

} // namespace

std::string_view url::host_name() const noexcept {
  auto name = std::string_view(host);
  if (const auto colon = name.rfind(':'); colon != name.npos && is_port_or_none(name.substr(colon)))
    name = name.substr(0, colon);
  if (name.starts_with('[') && name.ends_with(']'))
    name = name.substr(1, name.size() - 2);
  return name;
}

std::string_view url::port() const noexcept {
  const auto name = std::string_view(host);
  const auto colon = name.rfind(':');
  return colon != name.npos && is_port_or_none(name.substr(colon)) ? name.substr(colon + 1)
                                                                   : std::string_view();
}

std::string url::user_info() const {
  auto made = escaped(user, url_part::user);
  if (password)
    made += ":" + escaped(*password, url_part::user);
  return made;
}

std::string url::written() const {
  std::string made = scheme.empty() ? "" : scheme + ":";
  if (!opaque.empty()) {
    made += opaque;
  } else {
    const bool has_authority = !host.empty() || has_user;
    if (has_authority || (!scheme.empty() && !omits_host && !path.empty()))
      made += "//";
    if (has_user)
      made += user_info() + "@";
    made += escaped(host, url_part::host);
    const auto middle = path == "*" ? path : written_part(path_as_written, path, url_part::path);
    if (made.empty() && middle.substr(0, middle.find('/')).find(':') != middle.npos)
      made += "./";
    made += middle;
  }
  if (ends_with_question_mark || !query.empty())
    made += "?" + query;
  if (!fragment.empty())
    made += "#" + written_part(fragment_as_written, fragment, url_part::fragment);
  return made;
}

std::optional<url> read_url(std::string_view text) {
  url made;
  auto fragment = text;
  auto rest = take_until(fragment, '#');
  if (has_control_characters(rest))
    return std::nullopt;
  if (rest == "*") {
    made.path = "*";
  } else {
    if (!take_scheme(rest, made.scheme))
      return std::nullopt;
    take_query(rest, made);
    if (!read_middle(rest, made))
      return std::nullopt;
  }
  if (!read_text(fragment, url_part::fragment, made.fragment, made.fragment_as_written))
    return std::nullopt;
  return made;
}

std::optional<query_parameters> read_query(std::string_view query) {
  constexpr std::ptrdiff_t max_parameters = 10'000;
  if (std::count(query.begin(), query.end(), '&') >= max_parameters)
    return std::nullopt;
  query_parameters made;
  std::unordered_map<std::string, std::size_t> places;
  while (!query.empty()) {
    editing::work().spend(200);
    auto pair = take_until(query, '&');
    if (pair.find(';') != pair.npos)
      return std::nullopt;
    if (pair.empty())
      continue;
    const auto name = unescaped(take_until(pair, '='), url_part::query_parameter);
    auto text = unescaped(pair, url_part::query_parameter);
    if (!name || !text)
      return std::nullopt;
    const auto [place, is_new] = places.try_emplace(*name, made.size());
    if (is_new)
      made.emplace_back(*name, std::vector<std::string>());
    made[place->second].second.push_back(std::move(*text));
  }
  return made;
}

} // namespace weir::ottl
