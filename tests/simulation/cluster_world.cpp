#include "cluster_world.hpp"

#include "node.hpp"

#include "storage/keys.hpp"

#include <algorithm>
#include <set>

namespace weir::simulation {

namespace {

constexpr steady_ns rest = 400 * second_ns;
constexpr steady_ns slow_sync = 2 * second_ns;

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
      return died_with(node, when) || stood_still(second, when) || cut_off_at(when);
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
  seat.process->set_newer(seat.newer);
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
  const auto now = schedule_.now().steady;
  if (heals_ != 0 && now >= heals_)
    mend_links();
  else if (flapping_.one != 0 && now >= flapping_.next)
    toggle_cut();
}

void cluster_world::look_after_seat(std::size_t index) {
  const auto now = schedule_.now().steady;
  auto& seat = seats_[index];
  if (!seat.process && seat.starts != 0 && now >= seat.starts)
    start(index);
  if (seat.heals != 0 && now >= seat.heals)
    heal_disk(index);
  if (seat.paused && now >= seat.wakes)
    wake(index);
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

// No more faults, and no new spans: what had no answer comes again until it has one.
void cluster_world::come_to_rest() {
  schedule_.note("no more faults");
  away_ = false;
  mend_links();
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
  std::set<std::uint64_t> rings;
  for (const auto& seat : seats_) {
    if (seat.left)
      continue;
    if (!seat.process || seat.leaving || !seat.process->at_rest()
        || !seat.process->hub().present_ring())
      return false;
    rings.insert(seat.process->hub().present_ring()->digest());
  }
  return !clients_.has_unanswered() && rings.size() <= 1;
}

} // namespace weir::simulation
