#include "stages/intake.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::stages {

namespace {

constexpr unsigned max_commits_in_flight = 2;

net::otlp_reply overloaded(const char* reason) {
  return {.code = net::otlp_reply::status::unavailable, .rejected = 0, .message = reason};
}

std::string_view noun_of(signal kind, bool one) {
  switch (kind) {
  case signal::metrics:
    return one ? "data point" : "data points";
  case signal::logs:
    return one ? "log record" : "log records";
  default:
    return one ? "span" : "spans";
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
  return fmt::format("{} {} rejected: {}", spans.total(), noun_of(kind, spans.total() == 1),
                     reasons);
}

} // namespace

intake::intake(intake_config config, std::shared_ptr<storage::disk> disk,
               position_counter positions, std::shared_ptr<intake_ports> ports)
    : config_(std::move(config)), disk_(std::move(disk)), positions_(std::move(positions)),
      ports_(std::move(ports)), turns_(std::make_shared<commit_turns>(max_commits_in_flight)),
      owners_(config_.owners), metering_(config_.meters) {
  for (const auto& info : config_.pipelines)
    lanes_.push_back(make_lane(info));
}

void intake::begin(storage::batch& batch, moment now) {
  metering_.restore(*disk_, batch, now);
}

intake::lane intake::make_lane(const intake_pipeline& info) const {
  lane made{info,
            std::nullopt,
            std::nullopt,
            0,
            ledger_page(*disk_, ledger_key(info.name, "intake"), intake_counts),
            std::nullopt};
  open_groups(made);
  open_log(made);
  return made;
}

void intake::open_log(lane& lane) const {
  if (!lane.blocks || lane.logged)
    return;
  lane.next_block = disk_->log(lane.info.id).next;
  lane.logged.emplace(*disk_, ledger_key(lane.info.name, "log"), log_counts);
}

// @pre nothing is gathered for the lane
void intake::open_groups(lane& lane) const {
  const auto& info = lane.info;
  lane.entries.reset();
  lane.blocks.reset();
  if (!info.stored)
    return;
  if (info.sampled)
    lane.entries.emplace(info.id, config_.max_entry_bytes, config_.limits)
        .split_by(owners_of(info.name));
  else
    lane.blocks.emplace(info.id, info.signal, config_.max_block_bytes, config_.limits);
}

void intake::change(intake_change wanted, moment now) {
  now_ = now;
  wanted_ = std::move(wanted);
  flush();
  if (wanted_ && replies_.empty() && !measured_)
    apply_change();
}

// @pre nothing is gathered: what was taken so far is in commits.
void intake::apply_change() {
  std::vector<lane> next;
  for (const auto& info : wanted_->pipelines) {
    const auto known = std::find_if(lanes_.begin(), lanes_.end(),
                                    [&](const auto& each) { return each.info.id == info.id; });
    if (known == lanes_.end()) {
      next.push_back(make_lane(info));
      continue;
    }
    next.push_back(std::move(*known));
    next.back().info = info;
    open_groups(next.back());
    open_log(next.back());
  }
  // What the meters had goes to where it went before, in jobs that look their pipelines up by id.
  auto last = metering_.change(wanted_->meters, now_);
  lanes_ = std::move(next);
  config_.pipelines = wanted_->pipelines;
  config_.receivers = wanted_->receivers;
  wanted_ = nullptr;
  if (!last.empty())
    edit(std::move(last));
}

const owner_map& intake::owners_of(const std::string& pipeline) const {
  const auto found = differing_.find(pipeline);
  return found == differing_.end() ? owners_ : found->second;
}

void intake::change_owners(owner_map owners, std::map<std::string, owner_map> differing) {
  owners_ = std::move(owners);
  differing_ = std::move(differing);
  for (auto& lane : lanes_)
    if (lane.entries)
      lane.entries->split_by(owners_of(lane.info.name));
}

void intake::take(std::vector<net::otlp_request>& requests, moment now) {
  now_ = now;
  std::vector<edit_job_ptr> jobs;
  for (auto& request : requests) {
    if (wants_edits(request))
      jobs.push_back(job_of(request));
    else
      waiting_.emplace_back(std::move(request));
  }
  if (!jobs.empty())
    edit(std::move(jobs));
  go_on();
}

void intake::edit(std::vector<edit_job_ptr> jobs) {
  editing_ += jobs.size();
  ports_->edit(std::move(jobs));
}

bool intake::wants_edits(const net::otlp_request& request) const {
  const auto& lanes = lanes_of(request);
  return std::any_of(lanes.begin(), lanes.end(),
                     [&](std::size_t l) { return lanes_[l].info.edits || lanes_[l].info.passage; });
}

edit_job_ptr intake::job_of(net::otlp_request& request) const {
  auto job = std::make_unique<edit_job>();
  for (const auto l : lanes_of(request)) {
    auto& part = job->parts.emplace_back();
    part.pipeline = lanes_[l].info.id;
    part.edits = lanes_[l].info.edits;
    part.passage = lanes_[l].info.passage;
  }
  job->first_parts = job->parts.size();
  job->context = {std::move(request.metadata), std::move(request.auth),
                  std::move(request.client_address), now_.wall};
  job->request = std::move(request);
  return job;
}

void intake::edited(std::vector<edit_job_ptr> jobs, moment now) {
  now_ = now;
  editing_ -= jobs.size();
  for (auto& job : jobs)
    waiting_.emplace_back(std::move(job));
  go_on();
}

void intake::go_on() {
  do
    while (!waiting_.empty() && has_room())
      take_first_waiting();
  while (flush() && !waiting_.empty());
  save_meters();
  static auto& gathered = metrics::intake_gathered_bytes.with();
  gathered.Set(static_cast<double>(gathered_bytes()));
}

// One request always has: whatever the limit is, it comes to its end.
bool intake::has_room() const {
  return (replies_.empty() && !measured_) || gathered_bytes() < config_.max_gathered_bytes;
}

std::size_t intake::gathered_bytes() const {
  std::size_t bytes = 0;
  for (const auto& lane : lanes_)
    bytes += lane.entries ? lane.entries->bytes() : lane.blocks ? lane.blocks->bytes() : 0;
  return bytes;
}

void intake::take_first_waiting() {
  auto first = std::move(waiting_.front());
  waiting_.pop_front();
  if (auto* job = std::get_if<edit_job_ptr>(&first))
    return (*job)->meter.empty() ? take_one_edited(**job) : take_measured(std::move(*job));
  auto& request = std::get<net::otlp_request>(first);
  if (!wants_edits(request))
    return take_one(request, lanes_of(request), {}, lanes_of(request).size());
  // A reload brought processors while it waited: nothing reaches the disk past them.
  std::vector<edit_job_ptr> jobs;
  jobs.push_back(job_of(request));
  edit(std::move(jobs));
}

std::vector<std::size_t> intake::lanes_of_parts(const edit_job& job) const {
  std::vector<std::size_t> lanes;
  for (const auto& part : job.parts) {
    const auto lane = std::find_if(lanes_.begin(), lanes_.end(),
                                   [&](const auto& l) { return l.info.id == part.pipeline; });
    if (lane == lanes_.end())
      return {};
    lanes.push_back(static_cast<std::size_t>(lane - lanes_.begin()));
  }
  return lanes;
}

// Its pipelines may have gone or changed since; the processors and connectors are those of then.
void intake::take_one_edited(edit_job& job) {
  if (!job.refusal.empty())
    return turn_away(job.request, job.refusal.c_str());
  const auto lanes = lanes_of_parts(job);
  if (lanes.empty())
    return turn_away(job.request, "the pipeline is gone");
  std::vector<edited_request*> edited;
  for (auto& part : job.parts)
    edited.push_back(part.looked_at() ? &part.made : nullptr);
  take_one(job.request, lanes, edited, job.first_parts);
}

const std::vector<std::size_t>& intake::lanes_of(const net::otlp_request& request) const {
  const auto& receiver = config_.receivers[request.receiver];
  switch (request.signal) {
  case signal::metrics:
    return receiver.metrics;
  case signal::logs:
    return receiver.logs;
  default:
    return receiver.traces;
  }
}

void intake::take_one(net::otlp_request& request, const std::vector<std::size_t>& lanes,
                      const std::vector<edited_request*>& edited, std::size_t asked) {
  if (!disk_->accepts_data())
    return turn_away(request, storage::short_reason(disk_->room().why));
  pending_reply pending;
  if (lanes.empty()) // Let in before its last pipeline went.
    return turn_away(request, "the pipeline is gone");
  // Before anything is added anywhere: lanes without processors find the same.
  for (const auto* made : edited)
    if (made != nullptr && made->malformed)
      return request.reply(
          {.code = net::otlp_reply::status::invalid, .message = to_string(*made->malformed)});
  std::uint64_t taken = 0;
  otlp::rejected_spans rejected;
  std::string refusal;
  bool anything = false;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    auto& lane = lanes_[lanes[i]];
    auto* const made = edited.empty() ? nullptr : edited[i];
    measure(lane, request, made);
    const auto added = give(lane, request, i + 1 == asked, made);
    if (!added) {
      // The first pipeline checks as all do, so nothing was added anywhere. How many items it would
      // have held nobody can say: it is in the count of requests alone.
      request.reply(
          {.code = net::otlp_reply::status::invalid, .message = to_string(added.error())});
      return;
    }
    if (refusal.empty())
      refusal = added->refusal;
    anything |= lane.info.stored && added->items + added->made > added->removed;
    if (i < asked) {
      // All pipelines check alike; what becomes too large behind processors they do not share.
      const auto outgrown = std::max(rejected.outgrown, added->rejected.outgrown);
      rejected = added->rejected;
      rejected.outgrown = outgrown;
      taken = added->items;
    }
    if (!lane.info.stored)
      continue;
    lane.received[accepted_spans] += added->items;
    lane.received[removed_spans] += added->removed;
    lane.received[made_spans] += added->made;
  }
  count(request, metrics::receiver_accepted, refusal.empty() ? taken : 0);
  pending.answer.rejected = rejected.total();
  if (rejected.total() > 0)
    pending.answer.message = what_was_rejected(request.signal, rejected, config_.limits);
  if (!refusal.empty()) {
    // As the Collector's processors do with `error_mode: propagate`, but said in a way that no
    // client sends it again.
    pending.answer.rejected += taken;
    pending.answer.message = std::move(refusal);
  }
  if (pending.answer.rejected > 0)
    count(request, metrics::receiver_refused_items, pending.answer.rejected);
  pending.handle = std::move(request.reply);
  pending.arrived = request.arrived;
  pending.latency =
      &metrics_.acknowledgement(config_.receivers[request.receiver].id, request.over_grpc);
  if (!anything)
    pending.handle(std::move(pending.answer));
  else
    replies_.push_back(std::move(pending));
}

tl::expected<intake::taken_items, otlp::parse_error>
intake::give(lane& lane, net::otlp_request& request, bool last, edited_request* edited) const {
  if (edited != nullptr)
    return give_edited(lane, request, last, *edited);
  if (lane.blocks) {
    const auto added = lane.blocks->add(last ? std::move(request.body) : request.body, now_.wall);
    if (!added)
      return tl::unexpected(added.error());
    return taken_items{added->items, added->rejected};
  }
  const auto spans = lane.entries->spans();
  const auto added = lane.entries->add(request.body, now_.wall);
  if (!added)
    return tl::unexpected(added.error());
  return taken_items{lane.entries->spans() - spans, *added};
}

intake::taken_items intake::give_edited(lane& lane, net::otlp_request& request, bool last,
                                        edited_request& edited) const {
  const auto left = edited.left();
  otlp::rejected_spans outgrown;
  if (!lane.info.stored)
    return {edited.items, edited.rejected, edited.removed, edited.made, std::move(edited.refusal)};
  if (lane.entries)
    outgrown.outgrown = static_cast<std::uint32_t>(
        lane.entries->add_edited(edited.message ? *edited.message : request.body, left, now_.wall));
  else if (edited.message)
    outgrown = lane.blocks->add_edited(std::move(*edited.message), left, now_.wall);
  else
    outgrown =
        lane.blocks->add_edited(last ? std::move(request.body) : request.body, left, now_.wall);
  // A client is told of no more than it sent; what goes beyond was made.
  const std::uint64_t gone = outgrown.total();
  const auto sent = std::min(gone, edited.items);
  if (sent < gone)
    outgrown = {.outgrown = static_cast<std::uint32_t>(sent)};
  auto rejected = edited.rejected;
  rejected += outgrown;
  return {edited.items - sent, rejected, edited.removed, edited.made - (gone - sent),
          std::move(edited.refusal)};
}

void intake::turn_away(net::otlp_request& request, const char* why) {
  const auto items = otlp::check_items(request.signal, request.body, config_.limits);
  count(request, metrics::receiver_refused_items, items.value_or(0));
  request.reply(overloaded(why));
}

void intake::count(const net::otlp_request& request, const metrics::by_signal& metric,
                   std::uint64_t items) {
  metrics_.count(config_.receivers[request.receiver].id, request.over_grpc,
                 metric.of(request.signal), items);
}

bool intake::flush() {
  if ((replies_.empty() && !measured_) || !turns_->begin())
    return false;
  measured_ = false;
  auto work = std::make_shared<commit>();
  auto done = std::make_shared<committed>();
  done->replies = std::exchange(replies_, {});
  for (auto& lane : lanes_) {
    if (lane.entries)
      close_entries(lane, work->batch, *done);
    else if (lane.blocks)
      close_blocks(lane, work->batch, *done);
  }
  if (wanted_)
    apply_change();
  if (config_.broken.answer_before_commit)
    done->answer(now_.steady);
  work->durable = [done, ports = ports_, turns = turns_](steady_ns now) {
    done->hand_on(*ports, now);
    if (turns->end())
      ports->send_turn();
  };
  ports_->write(work);
  return true;
}

void intake::on_turn(moment now) {
  now_ = now;
  go_on();
}

void intake::close_entries(lane& lane, storage::batch& batch, committed& done) {
  auto closed = lane.entries->take();
  if (closed.empty())
    return;
  for (auto& entry : closed) {
    auto durable = std::make_shared<durable_entry>();
    entry.header.id = {disk_->node(), disk_->epoch(), next_sequence_++};
    entry.header.packed_bytes = static_cast<std::uint32_t>(entry.packed.size());
    durable->position = positions_->fetch_add(1);
    std::string bytes;
    codec::write_entry(entry.header, entry.packed, bytes);
    batch.put_entry(durable->position, bytes);
    durable->header = entry.header;
    durable->received = now_.steady;
    const bool goes_away = entry.owner != 0 && entry.owner != disk_->node();
    const auto memory = goes_away ? bytes.size() : entry.packed.size() + entry.unpacked.size();
    if (config_.handed->take(memory))
      durable->handed_bytes = memory;
    if (durable->handed_bytes > 0 && goes_away) {
      durable->to_send = shared_bytes(std::move(bytes));
    } else if (durable->handed_bytes > 0) {
      durable->packed = shared_bytes(std::move(entry.packed));
      durable->unpacked = std::move(entry.unpacked);
      durable->index = std::move(entry.index);
    }
    durable->settled = cluster::slot_set(entry.header.slots);
    durable->partitions = std::move(entry.partitions);
    done.entries.push_back(std::move(durable));
  }
  lane.received.write(batch);
  static auto& handed = metrics::intake_handed_bytes.with();
  handed.Set(static_cast<double>(config_.handed->used()));
}

void intake::close_blocks(lane& lane, storage::batch& batch, committed& done) {
  auto closed = lane.blocks->take();
  if (closed.empty())
    return;
  for (auto& block : closed) {
    const auto position = lane.next_block++;
    batch.append_block(lane.info.id, position, block.header.last_time, block.bytes);
    metrics::log_appended_bytes.with({{"pipeline", lane.info.name}})
        .Increment(static_cast<double>(block.bytes.size()));
    (*lane.logged)[appended_items] += block.header.items;
    (*lane.logged)[kept_items] += block.header.items;
    done.blocks.emplace_back(lane.info.tail, log_block{position, block.header, block.body});
  }
  lane.received.write(batch);
  lane.logged->write(batch);
}

void intake::committed::answer(steady_ns now) {
  for (auto& reply : std::exchange(replies, {})) {
    reply.latency->Observe(static_cast<double>(now - reply.arrived) / second_ns);
    reply.handle(std::move(reply.answer));
  }
}

void intake::committed::hand_on(intake_ports& ports, steady_ns now) {
  answer(now);
  for (auto& [tail, block] : blocks)
    tail->append(std::move(block));
  for (auto& entry : entries)
    ports.send_entry(std::move(entry));
}

void intake::measure(const lane& lane, const net::otlp_request& request,
                     const edited_request* edited) {
  if (lane.info.meters.empty() || edited == nullptr || edited->left() == 0
      || !edited->refusal.empty())
    return;
  const std::string_view message = edited->message ? *edited->message : request.body;
  for (const auto number : lane.info.meters)
    metering_.at(number).take(message, now_);
}

// Nobody sends it again, so it waits while there is no room on the disk.
void intake::take_measured(edit_job_ptr job) {
  if (!job->refusal.empty() || (!disk_->accepts_data() && !stopping_)) {
    job->refusal.clear();
    held_.push_back(std::move(job));
    if (stopping_)
      edit(std::exchange(held_, {}));
    return;
  }
  metering_.done(*job);
  const auto lanes = lanes_of_parts(*job);
  if (lanes.empty())
    return;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    auto& lane = lanes_[lanes[i]];
    auto& made = job->parts[i].made;
    if (made.malformed)
      continue;
    const auto added = give_edited(lane, job->request, false, made);
    if (!lane.info.stored)
      continue;
    lane.received[accepted_spans] += added.items;
    lane.received[removed_spans] += added.removed;
    lane.received[made_spans] += added.made;
    measured_ = true;
  }
}

void intake::on_tick(moment now) {
  now_ = now;
  if (disk_->accepts_data())
    if (auto jobs = metering_.flush(now_); !jobs.empty())
      edit(std::move(jobs));
  if (!held_.empty() && disk_->accepts_data())
    edit(std::exchange(held_, {}));
  go_on();
}

// What they know goes on at the next start, so nothing of it is made data now.
void intake::save_meters() {
  if (!stopping_ || metering_.saved() || !drained() || !turns_->begin())
    return;
  auto work = std::make_shared<commit>();
  metering_.save(work->batch);
  work->durable = [ports = ports_, turns = turns_](steady_ns) {
    if (turns->end())
      ports->send_turn();
  };
  ports_->write(work);
}

void intake::stop(moment now) {
  stopping_ = true;
  ports_->drop_edits();
  if (!held_.empty())
    edit(std::exchange(held_, {}));
  on_turn(now);
}

} // namespace weir::stages
