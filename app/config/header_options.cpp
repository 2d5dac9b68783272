#include "app/config/header_options.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::app {

void check_headers(const section& map, std::string_view key, const text_map& headers,
                   net::header_rules rules) {
  for (const auto& [name, value] : headers)
    if (const auto wrong = net::wrong_header(name, value, rules); !wrong.empty())
      map.error(key, wrong);
    else if (net::is_transport_header(name, rules))
      map.warn(key, fmt::format("no effect has {} in it: {} writes that header itself",
                                quoted(name), rules == net::header_rules::grpc ? "gRPC" : "HTTP"));
}

void check_header(const section& map, std::string_view key, std::string_view name,
                  std::string_view value, net::header_rules rules) {
  if (const auto wrong = net::wrong_header(name, value, rules); !wrong.empty())
    map.error(key, wrong);
}

bool has_invisible_bytes(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

} // namespace weir::app
