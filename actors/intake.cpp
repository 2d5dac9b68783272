#include "actors/intake.hpp"

#include "actors/last_words.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"
#include "core/scheduling.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <fmt/format.h>

namespace weir::actors {

namespace {

constexpr unsigned max_commits_in_flight = 2;

net::otlp_reply overloaded(const char* what) {
  return {.code = net::otlp_reply::status::unavailable, .rejected = 0, .message = what};
}

std::string_view noun_of(signal kind, bool one) {
  switch (kind) {
  case signal::metrics: return one ? "data point" : "data points";
  case signal::logs: return one ? "log record" : "log records";
  default: return one ? "span" : "spans";
  }
}

// "3 spans rejected: 1 larger than 1048576 bytes, 2 without a valid trace id"
std::string what_was_rejected(signal kind, const otlp::rejected_spans& spans,
                              const otlp::scan_limits& limits) {
  std::string reasons;
  const auto add = [&](std::uint32_t count, std::string_view reason) {
    if (count > 0)
      reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", count, reason);
  };
  add(spans.too_large, fmt::format("larger than {} bytes", limits.max_span_bytes));
  add(spans.large_envelope, fmt::format("in a resource, scope or metric larger than {} bytes",
                                        limits.max_envelope_bytes));
  add(spans.outgrown, "too large to be kept");
  add(spans.bad_trace_id, "without a valid trace id");
  add(spans.bad_span_id, "without a valid span id");
  add(spans.bad_utf8, "not UTF-8");
  return fmt::format("{} {} rejected: {}", spans.total(), noun_of(kind, spans.total() == 1), reasons);
}

} // namespace

void intake_state::start(intake_actor::pointer self, intake_config config,
                         std::shared_ptr<storage::store> store, position_counter positions,
                         writer_actor writer, router_actor router) {
  self_ = self;
  config_ = std::move(config);
  store_ = std::move(store);
  positions_ = std::move(positions);
  writer_ = std::move(writer);
  router_ = std::move(router);
  turns_ = std::make_shared<commit_turns>(max_commits_in_flight);
  for (const auto& info : config_.pipelines)
    lanes_.push_back(make_lane(info));
}

intake_state::lane intake_state::make_lane(const intake_pipeline& info) const {
  lane made{info, std::nullopt, std::nullopt, 0,
            ledger_page(*store_, ledger_key(info.name, "intake"), intake_counts), std::nullopt};
  open_groups(made);
  if (!info.sampled) {
    made.next_block = store_->log(info.id).next;
    made.logged.emplace(*store_, ledger_key(info.name, "log"), log_counts);
  }
  return made;
}

// @pre nothing is gathered for the lane
void intake_state::open_groups(lane& of) const {
  const auto& info = of.info;
  if (info.sampled)
    of.entries.emplace(info.id, config_.max_entry_bytes, config_.limits);
  else
    of.blocks.emplace(info.id, info.signal, config_.max_block_bytes, config_.limits);
}

caf::result<changed_atom> intake_state::change(intake_change to) {
  wanted_ = std::move(to);
  auto promise = self_->make_response_promise<changed_atom>();
  changing_.push_back(promise);
  flush();
  if (wanted_ && replies_.empty())
    apply_change();
  return promise;
}

// @pre nothing is gathered: what was taken so far is in commits.
void intake_state::apply_change() {
  std::vector<lane> next;
  for (const auto& info : wanted_->pipelines) {
    const auto known = std::find_if(lanes_.begin(), lanes_.end(),
                                    [&](const lane& l) { return l.info.id == info.id; });
    if (known == lanes_.end()) {
      next.push_back(make_lane(info));
      continue;
    }
    next.push_back(std::move(*known));
    next.back().info = info;
    open_groups(next.back());
  }
  lanes_ = std::move(next);
  config_.pipelines = wanted_->pipelines;
  config_.receivers = wanted_->receivers;
  wanted_ = nullptr;
  for (auto& promise : std::exchange(changing_, {}))
    promise.deliver(changed_atom_v);
}

void intake_state::take(arrivals& what) {
  const auto now = unix_now();
  std::vector<edit_job_ptr> jobs;
  for (auto& request : what.requests) {
    if (auto job = job_of(request, now))
      jobs.push_back(std::move(job));
    else
      take_one(request, lanes_of(request), {}, now);
  }
  if (!jobs.empty()) {
    if (!pool_)
      pool_ = std::make_unique<edit_pool>(config_.edits, config_.limits,
                                          [self = caf::actor_cast<intake_actor>(self_)] {
                                            caf::anon_send(self, edited_atom_v);
                                          });
    editing_ += jobs.size();
    pool_->give(std::move(jobs));
  }
  flush();
}

edit_job_ptr intake_state::job_of(net::otlp_request& request, unix_ns now) const {
  const auto& lanes = lanes_of(request);
  if (std::none_of(lanes.begin(), lanes.end(),
                   [&](std::size_t l) { return lanes_[l].info.edits != nullptr; }))
    return nullptr;
  auto job = std::make_unique<edit_job>();
  for (const auto l : lanes)
    job->parts.push_back({lanes_[l].info.id, lanes_[l].info.edits, {}});
  job->from = {std::move(request.metadata), std::move(request.auth),
               std::move(request.client_address), now};
  job->request = std::move(request);
  return job;
}

void intake_state::take_edited() {
  const auto now = unix_now();
  for (auto& job : pool_->take()) {
    --editing_;
    take_one_edited(*job, now);
  }
  on_turn();
}

// Its pipelines may have gone or changed since; the processors are those of then.
void intake_state::take_one_edited(edit_job& job, unix_ns now) {
  if (!job.refusal.empty())
    return turn_away(job.request, job.refusal.c_str());
  std::vector<std::size_t> lanes;
  std::vector<edited_request*> edited;
  for (auto& part : job.parts) {
    const auto lane = std::find_if(lanes_.begin(), lanes_.end(),
                                   [&](const auto& l) { return l.info.id == part.pipeline; });
    if (lane == lanes_.end())
      return turn_away(job.request, "the pipeline is gone");
    lanes.push_back(static_cast<std::size_t>(lane - lanes_.begin()));
    edited.push_back(part.edits ? &part.made : nullptr);
  }
  take_one(job.request, lanes, edited, now);
}

const std::vector<std::size_t>& intake_state::lanes_of(const net::otlp_request& request) const {
  const auto& receiver = config_.receivers[request.receiver];
  switch (request.signal) {
  case signal::metrics: return receiver.metrics;
  case signal::logs: return receiver.logs;
  default: return receiver.traces;
  }
}

void intake_state::take_one(net::otlp_request& request, const std::vector<std::size_t>& lanes,
                            const std::vector<edited_request*>& edited, unix_ns now) {
  if (!store_->accepts_data())
    return turn_away(request, storage::short_reason(store_->room().why));
  pending_reply pending;
  if (lanes.empty()) // Let in before its last pipeline went.
    return turn_away(request, "the pipeline is gone");
  // Before anything is added anywhere: lanes without processors find the same.
  for (const auto* made : edited)
    if (made != nullptr && made->malformed)
      return request.reply({.code = net::otlp_reply::status::invalid,
                            .message = to_string(*made->malformed)});
  std::uint64_t taken = 0;
  otlp::rejected_spans rejected;
  std::string refusal;
  bool anything = false;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    auto& lane = lanes_[lanes[i]];
    const auto added = give(lane, request, i + 1 == lanes.size(),
                            edited.empty() ? nullptr : edited[i], now);
    if (!added) {
      // The first pipeline checks as all do, so nothing was added anywhere. How many items it would
      // have held nobody can say: it is in the count of requests alone.
      request.reply({.code = net::otlp_reply::status::invalid, .message = to_string(added.error())});
      return;
    }
    // All pipelines check alike; what becomes too large behind processors they do not share.
    const auto outgrown = std::max(rejected.outgrown, added->rejected.outgrown);
    rejected = added->rejected;
    rejected.outgrown = outgrown;
    if (refusal.empty())
      refusal = added->refusal;
    taken = added->items;
    anything |= added->items > added->removed;
    lane.received[accepted_spans] += added->items;
    lane.received[removed_spans] += added->removed;
  }
  count(request, metrics::receiver_accepted, refusal.empty() ? taken : 0);
  pending.answer.rejected = rejected.total();
  if (rejected.total() > 0)
    pending.answer.message = what_was_rejected(request.signal, rejected, config_.limits);
  if (!refusal.empty()) {
    // As the Collector's processors do with `error_mode: propagate`, but said in a way that no client
    // sends it again.
    pending.answer.rejected += taken;
    pending.answer.message = std::move(refusal);
  }
  if (pending.answer.rejected > 0)
    count(request, metrics::receiver_refused_items, pending.answer.rejected);
  pending.handle = std::move(request.reply);
  pending.arrived = request.arrived;
  pending.latency
    = &metrics_.acknowledgement(config_.receivers[request.receiver].id, request.over_grpc);
  if (!anything)
    pending.handle(std::move(pending.answer));
  else
    replies_.push_back(std::move(pending));
}

tl::expected<intake_state::taken_items, otlp::parse_error>
intake_state::give(lane& to, net::otlp_request& request, bool last, edited_request* edited,
                   unix_ns now) {
  if (edited != nullptr)
    return give_edited(to, request, last, *edited, now);
  if (to.blocks) {
    const auto added = to.blocks->add(last ? std::move(request.body) : request.body, now);
    if (!added)
      return tl::unexpected(added.error());
    return taken_items{added->items, added->rejected};
  }
  const auto spans = to.entries->spans();
  const auto added = to.entries->add(request.body, now);
  if (!added)
    return tl::unexpected(added.error());
  return taken_items{to.entries->spans() - spans, *added};
}

intake_state::taken_items intake_state::give_edited(lane& to, net::otlp_request& request, bool last,
                                                    edited_request& edited, unix_ns now) {
  const auto left = edited.items - edited.removed;
  otlp::rejected_spans outgrown;
  if (to.entries)
    outgrown.outgrown = static_cast<std::uint32_t>(
      to.entries->add_edited(edited.message ? *edited.message : request.body, left, now));
  else if (edited.message)
    outgrown = to.blocks->add_edited(std::move(*edited.message), left, now);
  else
    outgrown = to.blocks->add_edited(last ? std::move(request.body) : request.body, left, now);
  auto rejected = edited.rejected;
  rejected += outgrown;
  return {edited.items - outgrown.total(), rejected, edited.removed, std::move(edited.refusal)};
}

void intake_state::turn_away(net::otlp_request& request, const char* why) {
  const auto items = otlp::check_items(request.signal, request.body, config_.limits);
  count(request, metrics::receiver_refused_items, items.value_or(0));
  request.reply(overloaded(why));
}

void intake_state::count(const net::otlp_request& request, const metrics::by_signal& metric,
                         std::uint64_t items) {
  metrics_.count(config_.receivers[request.receiver].id, request.over_grpc, metric.of(request.signal), items);
}

void intake_state::flush() {
  if (replies_.empty() || !turns_->begin())
    return;
  auto work = std::make_shared<commit>();
  auto done = std::make_shared<committed>();
  done->replies = std::exchange(replies_, {});
  for (auto& lane : lanes_) {
    if (lane.entries)
      close_entries(lane, work->what, *done);
    else
      close_blocks(lane, work->what, *done);
  }
  if (wanted_)
    apply_change();
  if (config_.broken.answer_before_commit)
    done->answer();
  work->durable = [done, router = router_, turns = turns_,
                   self = caf::actor_cast<intake_actor>(self_)] {
    done->hand_on(router);
    if (turns->end())
      caf::anon_send(self, flush_atom_v);
  };
  caf::anon_send(writer_, std::move(work));
}

void intake_state::on_turn() {
  flush();
  answer_stop();
}

void intake_state::close_entries(lane& of, storage::batch& batch, committed& done) {
  auto closed = of.entries->take();
  if (closed.empty())
    return;
  std::string bytes;
  for (auto& entry : closed) {
    auto durable = std::make_shared<durable_entry>();
    entry.header.id = {store_->node(), store_->epoch(), next_sequence_++};
    entry.header.packed_bytes = static_cast<std::uint32_t>(entry.packed.size());
    durable->position = positions_->fetch_add(1);
    bytes.clear();
    codec::write_entry(entry.header, entry.packed, bytes);
    batch.put_entry(durable->position, bytes);
    durable->header = entry.header;
    durable->received = steady_now();
    const auto memory = entry.packed.size() + entry.unpacked.size();
    if (config_.handed->take(memory)) {
      durable->handed_bytes = memory;
      durable->packed = shared_bytes(std::move(entry.packed));
      durable->unpacked = std::move(entry.unpacked);
      durable->index = std::move(entry.index);
    }
    durable->settled = cluster::slot_set(entry.header.slots);
    done.entries.push_back(std::move(durable));
  }
  of.received.write(batch);
  static auto& handed = metrics::intake_handed_bytes.with();
  handed.Set(static_cast<double>(config_.handed->used()));
}

void intake_state::close_blocks(lane& of, storage::batch& batch, committed& done) {
  auto closed = of.blocks->take();
  if (closed.empty())
    return;
  for (auto& block : closed) {
    const auto position = of.next_block++;
    batch.append_block(of.info.id, position, block.header.last_time, block.bytes);
    metrics::log_appended_bytes.with({{"pipeline", of.info.name}})
      .Increment(static_cast<double>(block.bytes.size()));
    (*of.logged)[appended_items] += block.header.items;
    (*of.logged)[kept_items] += block.header.items;
    done.blocks.emplace_back(of.info.tail, log_block{position, block.header, block.body});
  }
  of.received.write(batch);
  of.logged->write(batch);
}

void intake_state::committed::answer() {
  const auto now = steady_now();
  for (auto& reply : replies) {
    reply.latency->Observe(static_cast<double>(now - reply.arrived) / second_ns);
    reply.handle(std::move(reply.answer));
  }
}

void intake_state::committed::hand_on(const router_actor& router) {
  answer();
  for (auto& [tail, block] : blocks)
    tail->append(std::move(block));
  for (auto& entry : entries)
    caf::anon_send(router, entry_ptr(std::move(entry)));
}

void intake_state::answer_stop() {
  if (!stopping_.empty() && turns_->idle() && replies_.empty() && editing_ == 0)
    for (auto& promise : std::exchange(stopping_, {}))
      promise.deliver(stopped_atom_v);
}

caf::result<stopped_atom> intake_state::stop() {
  auto promise = self_->make_response_promise<stopped_atom>();
  stopping_.push_back(promise);
  if (pool_)
    pool_->drop_waiting();
  on_turn();
  return promise;
}

intake_actor::behavior_type intake(intake_actor::stateful_pointer<intake_state> self,
                                   intake_config config, std::shared_ptr<storage::store> store,
                                   position_counter positions, writer_actor writer,
                                   router_actor router) {
  end_process_where_it_throws(self);
  run_soon_when_woken();
  self->state.start(self, std::move(config), std::move(store), std::move(positions),
                    std::move(writer), std::move(router));
  return {
    [self](const arrivals_ptr& what) {
      self->state.stall();
      self->state.take(*what);
    },
    [self](edited_atom) { self->state.take_edited(); },
    [self](flush_atom) { self->state.on_turn(); },
    [self](const intake_change& to) { return self->state.change(to); },
    [self](stop_atom) { return self->state.stop(); },
  };
}

} // namespace weir::actors
