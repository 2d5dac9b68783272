// What happens to the nodes of a cluster, and what it excuses.
#include "cluster_world.hpp"
#include "node.hpp"

#include <algorithm>
#include <cstdlib>

namespace weir::simulation {

namespace {

// A node that stays away for no longer comes back with its links and its copies soon after.
constexpr steady_ns longest_absence = 30 * second_ns;
// How far the standbys may lag behind.
constexpr steady_ns copies_lag = 2 * second_ns;
// After a cut, for all to have one ring again and to have told each other what was decided meanwhile.
constexpr steady_ns healing = 30 * second_ns;
// Longer than a trace waits for its spans, the gate's patience included.
constexpr steady_ns longest_wait = 60 * second_ns;
// Until a node that is to end is killed: longer than a disk is slow.
constexpr steady_ns patience = 60 * second_ns;

} // namespace

// Whether it died before its standby, or the next owner, had on disk what it decided then.
bool cluster_world::died_with(node_id node, steady_ns when) const {
  return std::any_of(deaths_.begin(), deaths_.end(), [&](const death& each) {
    if (each.when >= when && each.when <= when + copies_lag)
      return true;
    // What it had decided before it stood still is on its disk when it has woken.
    if (each.node == node && each.until != 0 && when >= each.when
        && when <= each.until + copies_lag)
      return true;
    return each.node == node && each.when >= when
           && std::any_of(deaths_.begin(), deaths_.end(), [&](const death& other) {
                return other.node != node
                       && std::abs(other.when - each.when) <= 2 * longest_absence;
              });
  });
}

// Whether it may have decided before it stood still what others decided meanwhile.
bool cluster_world::stood_still(node_id node, steady_ns when) const {
  return std::any_of(deaths_.begin(), deaths_.end(), [&](const death& each) {
    return each.node == node && each.when <= when && each.until >= when;
  });
}

// Whether a cut, or what came of it, may have kept what was decided then from others.
bool cluster_world::cut_off_at(steady_ns when) const {
  return std::any_of(cuts_.begin(), cuts_.end(), [&](const period& each) {
    return when >= each.begin - copies_lag && (each.end == 0 || when <= each.end + healing);
  });
}

// Whether a node may have kept spans of that time to itself: it died, stood still or was cut off.
bool cluster_world::had_trouble(steady_ns since, steady_ns until) const {
  const auto meets = [&](steady_ns begin, steady_ns end) {
    return begin <= until + longest_wait && end >= since;
  };
  return std::any_of(cuts_.begin(), cuts_.end(),
                     [&](const period& each) {
                       return meets(each.begin, each.end == 0 ? until : each.end + healing);
                     })
         || std::any_of(deaths_.begin(), deaths_.end(), [&](const death& each) {
              return meets(each.when, std::max(each.until, each.when + longest_absence));
            });
}

// Whether each stood nowhere but on disks that are gone.
bool cluster_world::lost_with_disks(const std::vector<span_number>& spans) const {
  return std::all_of(spans.begin(), spans.end(), [this](span_number span) {
    const auto origins = witness_.origins_of(span);
    return std::all_of(origins.begin(), origins.end(),
                       [this](node_id each) { return seats_[each - 1].wiped; });
  });
}

bool cluster_world::has_room_for_trouble() const {
  const auto staying = std::count_if(seats_.begin(), seats_.end(), [](const auto& seat) {
    return seat.process && !seat.leaving && !seat.paused;
  });
  return staying >= 2;
}

steady_ns cluster_world::seconds(unsigned most) {
  return static_cast<steady_ns>(schedule_.random()() % (most * 1000)) * millisecond_ns;
}

void cluster_world::fault() {
  std::vector<std::string> names;
  for (const auto& each : named_faults())
    if (options_.faults.*each.wanted)
      names.emplace_back(each.name);
  const auto chosen = any_running();
  if (chosen && !names.empty())
    inject(names[schedule_.random()() % names.size()], *chosen);
}

void cluster_world::inject(const std::string& name, std::size_t index) {
  const auto now = schedule_.now().steady;
  const bool has_room = has_room_for_trouble() && !seats_[index].leaving;
  const bool may_add = seats_.size() < most_seats;
  if ((name == "leave" && !has_room) || (name == "join" && !may_add)
      || (name == "wipe" && !(has_room && may_add))
      || ((name == "cut" || name == "stall" || name == "flap")
          && (seats_.size() < 2 || heals_ != 0)))
    return;
  ++report_.faults[name];
  if (name == "join")
    return add_seat();
  if (name == "wipe")
    return wipe(index);
  if (name == "cut" || name == "stall" || name == "flap")
    return cut_off(name, index);
  if (name == "broken_links")
    return network_.break_one();
  auto& seat = seats_[index];
  if (name == "leave") {
    seat.leaving = true;
    seat.process->leave();
  } else if (name == "restart" || name == "roll") {
    seat.newer = seat.newer != (name == "roll");
    seat.process->stop();
    seat.ends = now + patience;
  } else if (name == "kill" || name == "quick_starts") {
    end(index, true);
    seat.quick_starts = name == "kill" ? 0 : 2;
    seat.starts = now + (name == "kill" ? seconds(30) : seconds(2));
  } else if (name == "pause") {
    schedule_.note(fmt::format("n{} STANDS STILL", index + 1));
    seat.paused = true;
    seat.process->falls_asleep();
    seat.wakes = now + seconds(60);
    deaths_.push_back({index + 1, now, seat.wakes});
    schedule_.pause(static_cast<owner_number>(index + 1), true);
  } else {
    inject_at_disk(name, index);
  }
}

// Which may be some steps after it was to.
void cluster_world::wake(std::size_t index) {
  const auto now = schedule_.now().steady;
  schedule_.note(fmt::format("n{} WAKES", index + 1));
  seats_[index].paused = false;
  const auto pause = std::find_if(deaths_.rbegin(), deaths_.rend(), [&](const death& each) {
    return each.node == index + 1 && each.until != 0;
  });
  pause->until = now;
  seats_[index].process->woke();
  schedule_.pause(static_cast<owner_number>(index + 1), false);
}

void cluster_world::inject_at_disk(const std::string& name, std::size_t index) {
  auto& seat = seats_[index];
  const auto now = schedule_.now().steady;
  schedule_.note(fmt::format("n{}: {}", index + 1, name));
  if (name == "refused_reads")
    return seat.disk->refuse_reads(schedule_.chance(2) ? 12 : 0);
  seat.heals = now + seconds(30);
  if (name == "full_disk")
    return seat.disk->set_full(true);
  seat.slow = true;
  seat.slow_since = now;
  seat.others_before = decisions_of_others(index);
}

void cluster_world::cut_off(const std::string& name, std::size_t index) {
  const node_id one = index + 1;
  const node_id other = 1 + schedule_.random()() % seats_.size();
  if (one == other)
    return;
  const auto now = schedule_.now().steady;
  flapping_ = {one, other, schedule_.chance(2), now};
  heals_ = now + (name == "stall" ? seconds(4) : seconds(40));
  toggle_cut();
  if (name != "flap")
    flapping_ = {};
  if (name != "stall")
    cuts_.push_back({now, 0});
}

void cluster_world::toggle_cut() {
  auto& [one, other, both, next] = flapping_;
  next = schedule_.now().steady + seconds(8);
  if (network_.any_cut())
    return network_.heal();
  network_.cut(one, other);
  if (both)
    network_.cut(other, one);
}

void cluster_world::mend_links() {
  network_.heal();
  heals_ = 0;
  flapping_ = {};
  if (!cuts_.empty() && cuts_.back().end == 0)
    cuts_.back().end = schedule_.now().steady;
}

// Its disk goes with it: whoever comes in its place is another node.
void cluster_world::wipe(std::size_t index) {
  schedule_.note(fmt::format("n{} IS WIPED", index + 1));
  end(index, true);
  seats_[index].left = seats_[index].wiped = true;
  add_seat();
}

} // namespace weir::simulation
