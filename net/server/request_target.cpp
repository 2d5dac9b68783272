#include "net/server/request_target.hpp"

#include <boost/algorithm/string/predicate.hpp>

namespace weir::net {

namespace {

/// More of them are no slip of a client.
constexpr std::size_t most_empty_lines = 4;

} // namespace

std::string_view origin_form(std::string_view target) noexcept {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!boost::algorithm::istarts_with(target, scheme))
      continue;
    const auto end = target.find_first_of("/?", scheme.size());
    return end == std::string_view::npos ? std::string_view("/") : target.substr(end);
  }
  return target;
}

std::size_t empty_lines(std::string_view input) noexcept {
  constexpr std::string_view line_end = "\r\n";
  std::size_t taken = 0;
  while (taken < most_empty_lines * line_end.size() && input.substr(taken).starts_with(line_end))
    taken += line_end.size();
  return taken;
}

} // namespace weir::net
