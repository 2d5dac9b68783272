#include "cluster_world.hpp"

#include "node.hpp"

#include "stages/ledger.hpp"
#include "storage/keys.hpp"

#include <algorithm>
#include <cstdlib>

namespace weir::simulation {

namespace {

constexpr unsigned most_seats = 6;
constexpr steady_ns rest = 400 * second_ns;
// Until a node that is to end is killed: longer than a disk is slow.
constexpr steady_ns patience = 60 * second_ns;
constexpr steady_ns slow_sync = 2 * second_ns;
// A node that stays away for no longer comes back with its links and its copies soon after.
constexpr steady_ns longest_absence = 30 * second_ns;
// How far the standbys may lag behind.
constexpr steady_ns copies_lag = 2 * second_ns;

} // namespace

cluster_report& cluster_report::operator+=(const cluster_report& other) noexcept {
  requests += other.requests;
  for (const auto& [name, count] : other.faults)
    faults[name] += count;
  acknowledged += other.acknowledged;
  delivered += other.delivered;
  delivered_twice += other.delivered_twice;
  logged_twice += other.logged_twice;
  decided_twice += other.decided_twice;
  traces += other.traces;
  split += other.split;
  hours += other.hours;
  return *this;
}

/// Looks at one node's disk for the witness of all.
struct cluster_world::eye final : disk_witness {
  eye(cluster_world& world, node_id id) : world(world), id(id) {}

  void became_durable(const storage::operation& record) override {
    world.witness_.became_durable_at(id, world.schedule_.now().steady, record);
    if (record.kind == storage::keys::kind::decisions)
      ++world.seats_.at(id - 1).decisions;
  }
  void journal_goes(const tables& durable, journal_position below) override {
    world.witness_.journal_goes(durable, below);
  }
  // Wherever progress goes, it is the origin's journal that may bring entries back.
  void progress_goes(const tables& durable, node_id node, weir::epoch epoch,
                     sequence below) override {
    const auto& origin = node == id ? durable : world.seats_.at(node - 1).disk->durable();
    world.witness_.progress_goes(origin, node, epoch, below);
  }

  cluster_world& world;
  const node_id id;
};

cluster_world::cluster_world(cluster_options options)
    : options_(std::move(options)), schedule_(options_.seed, options_.keeps_lines),
      witness_(traces), clients_(schedule_, witness_), network_(schedule_) {
  if (options_.faults.excuse_doubles())
    witness_.excuse_doubles([this](node_id node, steady_ns when, node_id second) {
      return options_.faults.excuse_all() || died_with(node, when) || stood_still(second, when);
    });
  for (unsigned i = 0; i < options_.members; ++i)
    add_seat();
}

cluster_world::~cluster_world() = default;

void cluster_world::add_seat() {
  const node_id id = seats_.size() + 1;
  auto& added = seats_.emplace_back();
  added.watcher = std::make_unique<eye>(*this, id);
  added.disk = std::make_shared<model_disk>(options_.seed ^ (id * 0x9e3779b97f4a7c15ULL),
                                            *added.watcher, id);
  if (options_.keeps_epoch)
    added.disk->keep_epoch();
  start(seats_.size() - 1);
}

void cluster_world::start(std::size_t index) {
  auto& seat = seats_[index];
  seat.starts = 0;
  seat.boot += 1000;
  if (seat.quick_starts > 0) {
    --seat.quick_starts;
    seat.dies = schedule_.now().steady + seconds(3);
  }
  std::vector<std::string> seeds;
  for (node_id id = 1; id <= most_seats; ++id)
    seeds.push_back(network::address_of(id));
  schedule_.note(fmt::format("n{} STARTS", index + 1));
  seat.process = std::make_unique<node>(schedule_, seat.disk, witness_, options_.broken, &network_,
                                        seat.boot, std::move(seeds));
}

void cluster_world::end(std::size_t index, bool killed) {
  auto& seat = seats_[index];
  schedule_.note(fmt::format("n{} {}", index + 1, killed ? "KILLED" : "ENDS"));
  if (killed)
    deaths_.push_back({index + 1, schedule_.now().steady});
  clients_.lose_answers(static_cast<unsigned>(index));
  seat.process.reset();
  seat.paused = seat.leaving = false;
  seat.ends = seat.dies = 0;
  seat.disk->refuse_reads(0);
  if (!killed)
    seat.disk->maintain();
  seat.disk->crash();
}

std::vector<std::size_t> cluster_world::running() const {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < seats_.size(); ++i)
    if (seats_[i].process && !seats_[i].paused)
      found.push_back(i);
  return found;
}

std::optional<std::size_t> cluster_world::any_running() {
  const auto found = running();
  if (found.empty())
    return std::nullopt;
  return found[schedule_.random()() % found.size()];
}

cluster_report cluster_world::run() {
  const auto begun = schedule_.now().steady;
  for (unsigned i = 0; i < options_.steps; ++i)
    step();
  come_to_rest();
  check_end();
  report_.requests = clients_.requests();
  report_.acknowledged = witness_.acknowledged().size();
  report_.delivered = witness_.delivered();
  report_.delivered_twice = witness_.delivered_twice();
  report_.logged_twice = witness_.logged_twice();
  report_.decided_twice = witness_.decided_twice();
  report_.hours = static_cast<double>(schedule_.now().steady - begun) / second_ns / 3600
                  * static_cast<double>(seats_.size());
  return report_;
}

void cluster_world::step() {
  const auto chosen = any_running();
  if (chosen)
    drive(*chosen);
  else
    schedule_.pass(second_ns);
  look_after_seats();
  if (schedule_.chance(options_.fault_one_in))
    fault();
  for (const auto index : running())
    seats_[index].process->check_bounds();
}

void cluster_world::drive(std::size_t index) {
  auto& process = *seats_[index].process;
  switch (schedule_.random()() % 12) {
  case 0:
    if (!seats_[index].leaving)
      process.take(clients_.next(static_cast<unsigned>(index)));
    break;
  case 1:
    write(index);
    break;
  case 2:
    if (schedule_.chance(80))
      away_ = !away_;
    process.answer(away_);
    break;
  case 3:
    if (schedule_.chance(3))
      process.maintain();
    break;
  case 4:
    schedule_.pass(100 * millisecond_ns);
    break;
  default:
    for (unsigned i = 0; i < 8; ++i)
      schedule_.step();
  }
}

void cluster_world::write(std::size_t index) {
  auto& seat = seats_[index];
  const auto now = schedule_.now().steady;
  if (seat.slow && now < seat.writes)
    return;
  seat.writes = now + slow_sync;
  seat.process->write();
}

// What was to happen after a while.
void cluster_world::look_after_seats() {
  for (std::size_t i = 0; i < seats_.size(); ++i)
    look_after_seat(i);
  if (heals_ != 0 && schedule_.now().steady >= heals_) {
    heals_ = 0;
    network_.heal();
  }
}

void cluster_world::look_after_seat(std::size_t index) {
  const auto now = schedule_.now().steady;
  auto& seat = seats_[index];
  if (!seat.process && seat.starts != 0 && now >= seat.starts)
    start(index);
  if (seat.heals != 0 && now >= seat.heals)
    heal_disk(index);
  if (seat.paused && now >= seat.wakes) {
    schedule_.note(fmt::format("n{} WAKES", index + 1));
    seat.paused = false;
    seat.process->woke();
    schedule_.pause(static_cast<owner_number>(index + 1), false);
  }
  if (!seat.process || seat.paused)
    return;
  if (seat.process->over()) { // A process manager starts it again.
    end(index, true);
    seat.starts = now + second_ns;
  } else if (seat.dies != 0 && now >= seat.dies) {
    end(index, true);
    seat.starts = now + seconds(2);
  } else if (seat.ends != 0 && (seat.process->stopped() || now >= seat.ends)) {
    end(index, false);
    seat.starts = now + seconds(3);
  } else if (!seat.leaving || !seat.process->at_rest() || !seat.process->gave_all_up()) {
    seat.rests_since = now;
  } else if (now - seat.rests_since >= second_ns) { // What mailboxes held at one look is seen.
    seat.process->say_left();
    end(index, false);
    seat.left = true;
  }
}

// A slow one holds up nothing but what is its own.
void cluster_world::heal_disk(std::size_t index) {
  auto& seat = seats_[index];
  const bool long_enough = schedule_.now().steady - seat.slow_since > 15 * second_ns;
  const bool alone = options_.faults.only_slow_disk() && seats_.size() > 1;
  if (seat.slow && alone && long_enough && decisions_of_others(index) == seat.others_before)
    throw violation(fmt::format("n{} is slow, and nobody decides anything", index + 1));
  schedule_.note(fmt::format("n{} has a good disk again", index + 1));
  seat.disk->set_full(false);
  seat.slow = false;
  seat.heals = 0;
}

std::uint64_t cluster_world::decisions_of_others(std::size_t index) const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < seats_.size(); ++i)
    sum += i == index ? 0 : seats_[i].decisions;
  return sum;
}

// Whether it died before its standby, or the next owner, had on disk what it decided then.
bool cluster_world::died_with(node_id node, steady_ns when) const {
  return std::any_of(deaths_.begin(), deaths_.end(), [&](const death& each) {
    if (each.when >= when && each.when <= when + copies_lag)
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
      || ((name == "cut" || name == "stall") && (seats_.size() < 2 || heals_ != 0)))
    return;
  ++report_.faults[name];
  if (name == "join")
    return add_seat();
  if (name == "wipe")
    return wipe(index);
  if (name == "cut" || name == "stall")
    return cut_off(index, name == "cut" ? seconds(40) : seconds(4));
  if (name == "broken_links")
    return network_.break_one();
  auto& seat = seats_[index];
  if (name == "leave") {
    seat.leaving = true;
    seat.process->leave();
  } else if (name == "restart") {
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

void cluster_world::cut_off(std::size_t index, steady_ns pause) {
  const node_id one = index + 1;
  const node_id other = 1 + schedule_.random()() % seats_.size();
  if (one == other)
    return;
  network_.cut(one, other);
  if (schedule_.chance(2))
    network_.cut(other, one);
  heals_ = schedule_.now().steady + pause;
}

// Its disk goes with it: whoever comes in its place is another node.
void cluster_world::wipe(std::size_t index) {
  schedule_.note(fmt::format("n{} IS WIPED", index + 1));
  end(index, true);
  seats_[index].left = seats_[index].wiped = true;
  add_seat();
}

// No more faults, and no new spans: what had no answer comes again until it has one.
void cluster_world::come_to_rest() {
  schedule_.note("no more faults");
  away_ = false;
  network_.heal();
  heals_ = 0;
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    auto& seat = seats_[i];
    seat.disk->refuse_reads(0);
    heal_disk(i);
    seat.wakes = seat.dies = 0;
    seat.quick_starts = 0;
    if (!seat.process && !seat.left)
      seat.starts = schedule_.now().steady;
  }
  const auto until = schedule_.now().steady + rest;
  steady_ns maintained = 0;
  while (schedule_.now().steady < until) {
    look_after_seats();
    while (!schedule_.quiet())
      schedule_.step();
    const bool maintains = schedule_.now().steady - maintained > second_ns;
    if (maintains)
      maintained = schedule_.now().steady;
    for (const auto index : running()) {
      auto& process = *seats_[index].process;
      write(index);
      process.answer(false);
      if (maintains)
        process.maintain();
      if (clients_.has_unanswered() && !seats_[index].leaving)
        process.take(clients_.again(static_cast<unsigned>(index)));
    }
    if (running().empty())
      schedule_.pass(second_ns); // Nobody has a timer.
    schedule_.step();
    if (maintains && at_rest())
      return;
  }
}

bool cluster_world::at_rest() const {
  return !clients_.has_unanswered()
         && std::all_of(seats_.begin(), seats_.end(), [](const auto& seat) {
              return seat.left
                     || (seat.process && !seat.leaving && seat.process->at_rest()
                         && seat.process->hub().present_ring());
            });
}

void cluster_world::check_end() {
  std::optional<std::uint64_t> digest;
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    const auto& seat = seats_[i];
    if (seat.left)
      continue;
    if (!seat.process)
      throw violation(fmt::format("at rest n{} does not run", i + 1));
    seat.process->check_rest();
    const auto held = seat.disk->journal();
    if (held.first != held.next)
      throw violation(
          fmt::format("at rest the journal of n{} holds {} to {}", i + 1, held.first, held.next));
    const auto& ring = seat.process->hub().present_ring();
    const auto own = ring ? ring->digest() : 0;
    if (digest.value_or(own) != own)
      throw violation(fmt::format("at rest n{} has another ring", i + 1));
    digest = own;
  }
  for (const auto& [trace, spans] : clients_.traces())
    check_trace(trace, spans);
  if (!options_.faults.excuse_doubles())
    check_ledger();
}

// From the disks alone: what was taken in was kept or dropped, and what was kept was appended and
// delivered. Where nothing is excused, exactly.
void cluster_world::check_ledger() const {
  std::uint64_t accepted = 0;
  std::uint64_t decided = 0;
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    const auto& disk = *seats_[i].disk;
    const auto page = [&](const char* stage, std::size_t counts) {
      return *stages::ledger_page::look(disk, stages::ledger_key("traces", stage), counts);
    };
    const auto taken = page("intake", stages::intake_counts);
    const auto logged = page("log", stages::log_counts);
    const auto sent = page(node::backend, stages::exporter_counts);
    accepted += taken[stages::accepted_spans];
    decided += logged[stages::kept_items] + logged[stages::dropped_items];
    if (logged[stages::kept_items] != logged[stages::appended_items]
        || logged[stages::appended_items] != stages::exporter_ended(sent))
      throw violation(fmt::format("n{} has kept {} spans, appended {}, and is done with {}", i + 1,
                                  logged[stages::kept_items], logged[stages::appended_items],
                                  stages::exporter_ended(sent)));
  }
  // Slots of a dropped trace that were settled before count for as many spans as others.
  const auto allowed = options_.faults.cast_doubt() ? accepted / 200 : 0;
  if (decided < accepted - allowed || decided > accepted + allowed)
    throw violation(fmt::format("{} spans were taken in, and {} decided", accepted, decided));
}

// A trace is decided once: all of it is kept, or none; and what came in time had its say.
void cluster_world::check_trace(span_number trace, const std::vector<span_number>& spans) {
  ++report_.traces;
  std::size_t logged = 0;
  std::vector<span_number> missing;
  bool error = false;
  for (const auto span : spans) {
    error = error || workload::is_error(span);
    if (!witness_.logged(span)) {
      missing.push_back(span);
      continue;
    }
    ++logged;
    if (!witness_.was_delivered(span) && !seats_[witness_.first_log(span) - 1].wiped)
      throw violation(fmt::format("at rest span {} is not delivered", span));
  }
  if (logged > 0 && !error)
    throw violation(fmt::format("trace {} is kept, and has no error", trace));
  const bool split = logged != 0 && logged != spans.size();
  const bool missed = logged == 0 && error && clients_.came_in_time(trace);
  if (!split && !missed)
    return;
  ++report_.split;
  // What stood in the journal of one that was away came too late.
  if (options_.faults.excuse_all() || witness_.is_excused(trace)
      || (missed && (options_.faults.excuse_doubles() || witness_.is_incomplete(trace))))
    return;
  if (split)
    throw violation(fmt::format("of trace {} {} of {} spans are kept, not {}", trace, logged,
                                spans.size(), fmt::join(missing, " ")));
  throw violation(fmt::format("trace {} is dropped, and its error came in time", trace));
}

} // namespace weir::simulation
