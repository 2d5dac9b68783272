#include "app/config/endpoint.hpp"

#include "app/config/tables.hpp"

#include <algorithm>

namespace weir::app {

namespace {

std::string_view host_of(std::string_view endpoint) {
  return endpoint.substr(0, endpoint.rfind(':'));
}

bool is_host_letter(unsigned char c) {
  return c > ' ' && c < 0x7f && c != '"' && c != ',' && c != '/' && c != '@';
}

} // namespace

bool is_loopback(std::string_view endpoint) {
  const auto host = host_of(endpoint);
  const bool in_block = host.starts_with("127.")
                        && host.find_first_not_of("0123456789.") == host.npos
                        && std::count(host.begin(), host.end(), '.') == 3;
  return in_block || host == "localhost" || host == "[::1]";
}

bool is_reachable_address(std::string_view endpoint) {
  if (!is_host_port(endpoint))
    return false;
  const auto host = host_of(endpoint);
  const auto port = endpoint.substr(host.size() + 1);
  constexpr std::size_t longest_host = 253;
  return !host.empty() && host.size() <= longest_host && host != "0.0.0.0" && host != "[::]"
         && port.find_first_not_of('0') != port.npos
         && std::all_of(host.begin(), host.end(), is_host_letter);
}

} // namespace weir::app
