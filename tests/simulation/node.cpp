#include "node_sides.hpp"

#include <algorithm>

namespace weir::simulation {

namespace {

// So small that credit, budgets and blocks run out.
constexpr std::uint64_t credit = 6000;
constexpr std::uint64_t handed_bytes = 3000;
constexpr std::size_t entry_bytes = 700;
constexpr std::size_t block_bytes = 1200;
constexpr std::uint64_t foreign_bytes = 3000; // Beyond, they are spilled.
constexpr std::uint64_t window_bytes = 256 << 10;
// No two clocks agree.
constexpr steady_ns skew_of(node_id id) {
  return static_cast<steady_ns>(id % 5) * 13 * second_ns;
}
constexpr steady_ns waits[] = {3 * second_ns, 4 * second_ns};

sampling::tail_sampling_config errors_only(steady_ns wait) {
  sampling::tail_sampling_config config;
  config.decision_wait_ns = wait;
  auto& policy = config.policies.emplace_back();
  policy.name = "errors";
  policy.type = sampling::policy_type::status_code;
  policy.status_codes = {"ERROR"};
  return config;
}

} // namespace

node::node(schedule& time, std::shared_ptr<model_disk> disk, witness& promises,
           const stages::sabotage& broken, network* wire, std::uint64_t boot,
           std::vector<std::string> seeds)
    : room_(time, static_cast<owner_number>(disk->node()), skew_of(disk->node())),
      disk_(std::move(disk)), witness_(promises), broken_(broken),
      handed_(std::make_shared<net::byte_budget>(handed_bytes)),
      tail_(std::make_shared<stages::log_tail>(disk_->log(traces).next, 4 * block_bytes)),
      positions_(std::make_shared<std::atomic<journal_position>>(disk_->journal().next)),
      wait_(waits[0]), wire_(wire) {
  storage::batch first;
  if (!disk_->cursors(traces)->contains(backend))
    first.put_cursor(backend, traces, {0, 0});
  disk_->commit(first, true);
  start_exporter();
  start_compressor();
  for (std::uint32_t i = 0; i < shard_count; ++i) {
    auto& side = shard_sides_[i] = std::make_unique<shard_side>(*this, i);
    stages::shard_config config{i, shard_count};
    config.origins = {disk_->node()};
    config.broken = broken_;
    side->stage.emplace(config, pipelines(), disk_, *side, room_.now());
    tick(shard_name(i), 100 * millisecond_ns,
         [this, i] { shard_sides_[i]->stage->tick(room_.now()); });
  }
  origin_side_ = std::make_unique<origin_side>(*this);
  auto plan = origin_plan();
  plan.journal = disk_->journal();
  origin_side_->stage.emplace(plan, disk_, positions_, *origin_side_);
  tick("origin", 200 * millisecond_ns, [this] { origin_side_->stage->tick(room_.now()); });
  intake_side_ = std::make_shared<intake_side>(*this);
  intake_side_->stage.emplace(*intake_plan(), disk_, positions_, intake_side_);
  boot_ = boot;
  seeds_ = std::move(seeds);
}

void node::join() {
  inbox_side_ = std::make_unique<inbox_side>(*this);
  inbox_side_->stage.emplace(stages::inbox_config{{{"traces", traces}}, shard_count, foreign_bytes},
                             disk_, *inbox_side_);
  hub_side_ = std::make_unique<hub_side>(*this);
  hub_side_->boot = boot_;
  cluster::member self;
  self.id = disk_->node();
  self.boot = boot_;
  self.address = network::address_of(self.id);
  self.pipelines = {"traces"};
  cluster::hub_settings settings;
  settings.cluster = "simulated";
  hub_side_->stage.emplace(self, seeds_, settings, room_.random()(), *hub_side_, room_.now());
  wire_->set(self.id, this);
  tick("hub", 200 * millisecond_ns, [this] { hub_side_->stage->tick(room_.now()); });
}

node::~node() {
  if (wire_ != nullptr)
    wire_->set(disk_->node(), nullptr);
  intake_side_->stage.reset(); // It holds its own side.
}

void node::tick(const std::string& stage, steady_ns interval, std::function<void()> call) {
  room_.after(interval, [this, stage, interval, call] {
    room_.post(stage, "ticks", [this, stage, interval, call] {
      tick(stage, interval, call);
      call();
    });
  });
}

// -- plans --

std::vector<stages::shard_pipeline> node::pipelines() const {
  if (!has_pipeline_)
    return {};
  stages::shard_pipeline pipeline;
  pipeline.id = traces;
  pipeline.name = "traces";
  pipeline.config = errors_only(wait_);
  pipeline.policies = *sampling::policy_set::compile(pipeline.config);
  pipeline.compressor = compressor_number_;
  pipeline.memory = window_bytes;
  pipeline.decision_cache = 10'000;
  pipeline.next_chunk = next_chunk_;
  return {pipeline};
}

stages::origin_config node::origin_plan() const {
  stages::origin_config plan;
  if (has_pipeline_)
    plan.pipelines.push_back({traces, wait_, "traces"});
  plan.shards = shard_count;
  plan.credit = credit;
  plan.clustered = wire_ != nullptr;
  plan.link_credit = credit / 2;
  plan.decisions_credit = 500;
  plan.stuck_age = 8 * second_ns;
  plan.handed = handed_;
  plan.broken = broken_;
  return plan;
}

stages::intake_change node::intake_plan() const {
  stages::intake_config plan;
  plan.receivers.push_back({"otlp", {}, {}, {}});
  if (has_pipeline_) {
    plan.pipelines.push_back({traces, "traces", signal::traces, true, tail_, nullptr});
    plan.receivers[0].traces = {0};
  }
  plan.max_entry_bytes = entry_bytes;
  if (wire_ != nullptr)
    plan.owners = std::make_shared<const std::vector<node_id>>(partition_count, 0);
  plan.handed = handed_;
  plan.broken = broken_;
  return std::make_shared<const stages::intake_config>(std::move(plan));
}

void node::start_compressor() {
  compressor_side_ = std::make_shared<compressor_side>(*this, ++compressor_number_);
  stages::compressor_config config;
  config.pipeline = traces;
  config.name = "traces";
  config.max_block_bytes = block_bytes;
  config.shards = shard_count;
  config.broken = broken_;
  compressor_side_->stage.emplace(config, disk_, tail_, *compressor_side_);
}

void node::start_exporter() {
  exporter_side_ = std::make_unique<exporter_side>(*this);
  stages::exporter_plan plan;
  plan.config.id = backend;
  plan.config.retry.initial_interval = std::chrono::milliseconds(100);
  plan.config.retry.max_interval = std::chrono::milliseconds(500);
  plan.config.queue.num_consumers = 3;
  plan.batch = backends::batch_config{.max_items = 5};
  plan.pipeline = traces;
  plan.pipeline_name = "traces";
  plan.letters = std::make_shared<stages::letter_box>(disk_, traces, "traces");
  plan.seed = static_cast<std::uint32_t>(room_.random()());
  plan.config.drain.order = static_cast<backends::drain_order>(*plan.seed % 3);
  exporter_side_->stage.emplace(std::move(plan), disk_, tail_, *exporter_side_, room_.now());
  tail_->subscribe([this, pending = exporter_side_->stage->wake_pending()] {
    if (!pending->exchange(true))
      room_.post("exporter", "the log has grown", [this] { pump(); });
  });
  tick("exporter", second_ns, [this] {
    exporter_side_->stage->tick(room_.now());
    pump();
  });
  room_.post("exporter", "starts", [this] { pump(); });
}

void node::pump() {
  while (exporter_side_->stage->pump(room_.now())) {
  }
}

// -- what the world does --

void node::take(net::otlp_request request) {
  std::vector<net::otlp_request> requests;
  requests.push_back(std::move(request));
  intake_side_->stage->take(requests, room_.now());
}

void node::write() {
  if (commits_.empty())
    return;
  const auto count = 1 + room_.random()() % commits_.size();
  storage::batch all;
  bool sync = false;
  std::vector<pending_commit> taken(
      std::make_move_iterator(commits_.begin()),
      std::make_move_iterator(commits_.begin() + static_cast<std::ptrdiff_t>(count)));
  commits_.erase(commits_.begin(), commits_.begin() + static_cast<std::ptrdiff_t>(count));
  for (auto& each : taken) {
    all.append(std::move(each.work->batch));
    sync = sync || each.work->sync;
  }
  room_.note([&] { return fmt::format("writer: {} commits{}", count, sync ? ", synced" : ""); });
  disk_->commit(all, sync);
  for (auto& each : taken) {
    if (each.work->durable)
      each.work->durable(room_.now().steady);
    if (each.written)
      room_.post(each.link, "written", each.written);
  }
}

void node::answer(bool away) {
  while (!sent_.empty() && !room_.chance(3)) {
    const auto index = sent_.begin() + static_cast<std::ptrdiff_t>(room_.random()() % sent_.size());
    auto taken = std::move(*index);
    sent_.erase(index);
    stages::delivery_report report{taken.id, {}};
    if (away || room_.chance(10))
      report.outcome = {.answer = backends::outcome::kind::retry, .reason = "not now"};
    else
      witness_.delivered(spans_of(taken.request.message.view()));
    room_.post("back end > exporter", fmt::format("answer to {}", taken.id), [this, report] {
      exporter_side_->stage->finished(report, room_.now());
      pump();
    });
  }
}

// What the housekeeper does of it: delivered blocks go.
void node::maintain() {
  const auto cursors = disk_->cursors(traces);
  if (const auto found = cursors->find(backend); found != cursors->end())
    (void)disk_->trim_log(traces, found->second.position);
  disk_->maintain();
}

// -- reload: first the shards, then the origin, then the intake, as a node does --

void node::reload() {
  if (reload_ > 0)
    return;
  if (room_.chance(2)) {
    room_.note("reload: other policies");
    wait_ = wait_ == waits[0] ? waits[1] : waits[0];
    reload_ = 1;
  } else {
    room_.note("reload: the pipeline goes");
    has_pipeline_ = false;
    reload_ = 2;
  }
  change_all([this] { go_on_with_reload(); });
}

void node::change_all(std::function<void()> done) {
  const auto link = "origin > " + shard_name(0);
  room_.post(link, "change", [this, done] {
    shard_sides_[0]->stage->change(pipelines(), room_.now());
    room_.post("origin > " + shard_name(1), "change", [this, done] {
      shard_sides_[1]->stage->change(pipelines(), room_.now());
      room_.post("intake > origin", "change", [this, done] {
        origin_side_->stage->change(origin_plan(), room_.now());
        room_.post("intake", "change", [this, done] {
          intake_side_->stage->change(intake_plan(), room_.now());
          done();
        });
      });
    });
  });
}

void node::go_on_with_reload() {
  if (--reload_ == 0)
    return;
  // A while later it comes back, with another compressor.
  compressor_side_->stage->stop();
  end_compressor_later();
}

// What it writes is given the time that it takes.
void node::end_compressor_later() {
  room_.after(static_cast<steady_ns>(room_.random()() % 3) * second_ns, [this] {
    if (!compressor_side_->stage->idle())
      return end_compressor_later();
    end_compressor();
    room_.note("reload: the pipeline is back");
    has_pipeline_ = true;
    start_compressor();
    change_all([this] { go_on_with_reload(); });
  });
}

void node::end_compressor() {
  const auto number = compressor_side_->number;
  compressor_side_->stage.reset();
  for (std::uint32_t i = 0; i < shard_count; ++i)
    room_.post("origin > " + shard_name(i), "a compressor has ended",
               [this, i, number] { shard_sides_[i]->stage->compressor_ended(number); });
}

// -- checks --

void node::check_bounds() const {
  const auto in_flight = origin_side_->stage->bytes_in_flight();
  if (in_flight > credit + std::uint64_t{shard_count} * 2 * entry_bytes)
    throw violation(
        fmt::format("{} bytes are on their way to shards, with a credit of {}", in_flight, credit));
  if (hub_side_)
    for (const auto& [peer, link] : hub_side_->links)
      if (const auto bytes = origin_side_->stage->bytes_in_flight(peer);
          bytes > credit / 2 + 2 * entry_bytes)
        throw violation(fmt::format("{} bytes are on their way to n{}, with a credit of {}", bytes,
                                    peer, credit / 2));
}

void node::check_rest() const {
  const auto& stage = *origin_side_->stage;
  if (stage.settling().entries() > 0)
    throw violation(fmt::format("at rest {} entries are open: {}", stage.settling().entries(),
                                stage.settling().describe()));
  if (stage.bytes_in_flight() > 0)
    throw violation(
        fmt::format("at rest {} bytes of credit are not given back", stage.bytes_in_flight()));
  if (handed_->used() > 0)
    throw violation(fmt::format("at rest {} bytes are with the origin", handed_->used()));
  for (const auto& side : shard_sides_)
    if (side->stage->bytes_in_flight() > 0)
      throw violation("at rest a shard waits for something to become durable");
}

} // namespace weir::simulation
