#include "cluster/member.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace weir::cluster {

namespace {

// What a member said of itself at a beat. It says one thing at one beat; should two differ all the
// same, all take the same one.
auto said(const member& member) {
  return std::tie(member.beat, member.address, member.zone, member.release, member.name,
                  member.pipelines, member.unreachable, member.rates);
}

} // namespace

std::string_view to_string(member_state state) noexcept {
  constexpr std::array<std::string_view, 5> names{"joining", "up", "leaving", "down", "left"};
  return names[static_cast<std::size_t>(state)];
}

void merge(member& known, const member& heard) {
  if (heard.boot != known.boot) {
    if (heard.boot > known.boot)
      known = heard;
    return;
  }
  const auto state = std::max(known.state, heard.state);
  if (said(heard) > said(known))
    known = heard;
  known.state = state;
}

} // namespace weir::cluster
