#include "world.hpp"

#include "node.hpp"

namespace weir::simulation {

namespace {

constexpr unsigned kill_one_in = 900;
constexpr unsigned reload_one_in = 700;
constexpr unsigned refused_reads_one_in = 12;
constexpr unsigned slow_disk_one_in = 500;
constexpr steady_ns rest = 120 * second_ns;

} // namespace

world_report& world_report::operator+=(const world_report& other) noexcept {
  requests += other.requests;
  kills += other.kills;
  reloads += other.reloads;
  acknowledged += other.acknowledged;
  delivered += other.delivered;
  delivered_twice += other.delivered_twice;
  return *this;
}

world::world(world_options options)
    : options_(std::move(options)), schedule_(options_.seed, options_.keeps_lines),
      witness_(traces),
      disk_(std::make_shared<model_disk>(options_.seed ^ 0x9e3779b97f4a7c15ULL, witness_)),
      clients_(schedule_, witness_) {
  start_node();
}

world::~world() = default;

void world::start_node() {
  node_ = std::make_unique<node>(schedule_, disk_, witness_, options_.broken);
}

void world::kill_node() {
  ++report_.kills;
  schedule_.note("KILLED");
  clients_.lose_answers();
  node_.reset();
  disk_->refuse_reads(0);
  disk_->crash();
  start_node();
}

world_report world::run() {
  for (unsigned i = 0; i < options_.steps; ++i)
    step();
  come_to_rest();
  check_end();
  report_.requests = clients_.requests();
  report_.acknowledged = witness_.acknowledged().size();
  report_.delivered_twice = witness_.delivered_twice();
  return report_;
}

void world::step() {
  switch (schedule_.random()() % 10) {
  case 0:
    node_->take(clients_.next());
    break;
  case 1:
    if (schedule_.now().steady >= writes_from_)
      node_->write();
    break;
  case 2:
    if (schedule_.chance(40))
      away_ = !away_;
    node_->answer(away_);
    break;
  case 3:
    if (schedule_.chance(3))
      node_->maintain();
    break;
  case 4:
    schedule_.pass(60 * millisecond_ns);
    break;
  default:
    schedule_.step();
  }
  if (schedule_.chance(kill_one_in))
    kill_node();
  if (schedule_.chance(reload_one_in)) {
    ++report_.reloads;
    node_->reload();
  }
  if (schedule_.chance(300)) // For a while.
    disk_->refuse_reads(schedule_.chance(2) ? refused_reads_one_in : 0);
  if (schedule_.chance(slow_disk_one_in))
    writes_from_ = schedule_.now().steady
                   + static_cast<steady_ns>(schedule_.random()() % 5000) * millisecond_ns;
  node_->check_bounds();
}

// No more faults, and no new spans: what had no answer comes again until it has one.
void world::come_to_rest() {
  schedule_.note("no more faults");
  disk_->refuse_reads(0);
  const auto until = schedule_.now().steady + rest;
  steady_ns maintained = 0;
  while (schedule_.now().steady < until) {
    while (!schedule_.quiet())
      schedule_.step();
    node_->write();
    node_->answer(false);
    if (clients_.has_unanswered())
      node_->take(clients_.again());
    if (const auto now = schedule_.now().steady; now - maintained > second_ns) {
      maintained = now;
      node_->maintain();
    }
    schedule_.step();
  }
}

void world::check_end() {
  node_->check_rest();
  const auto held = disk_->journal();
  if (held.first != held.next)
    throw violation(fmt::format("at rest the journal holds {} to {}", held.first, held.next));
  for (const auto& [trace, spans] : clients_.traces())
    check_trace(trace, spans);
  report_.delivered = witness_.delivered();
}

// A trace is decided once: all of it is kept, or none; and what came in time had its say.
void world::check_trace(span_number trace, const std::vector<span_number>& spans) {
  std::size_t logged = 0;
  bool error = false;
  for (const auto span : spans) {
    error = error || workload::is_error(span);
    if (!witness_.logged(span))
      continue;
    ++logged;
    if (!witness_.was_delivered(span))
      throw violation(fmt::format("at rest span {} is not delivered", span));
  }
  if (logged != 0 && logged != spans.size())
    throw violation(
        fmt::format("of trace {} {} of {} spans are kept", trace, logged, spans.size()));
  if (logged > 0 && !error)
    throw violation(fmt::format("trace {} is kept, and has no error", trace));
  if (logged == 0 && error && clients_.came_in_time(trace))
    throw violation(fmt::format("trace {} is dropped, and its error came in time", trace));
}

} // namespace weir::simulation
