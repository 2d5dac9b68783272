#include "stages/metering.hpp"

#include "codec/hash.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

constexpr char format_version = 1;
constexpr std::size_t head_bytes = 1 + 8;

std::string key_of(const std::string& id) {
  return "connector/" + id;
}

std::string head_of(const metered& one) {
  std::string head(1, format_version);
  const auto hash = codec::xxh3(one.options);
  for (int shift = 0; shift < 64; shift += 8)
    head.push_back(static_cast<char>(hash >> shift));
  return head;
}

} // namespace

void metering::restore(const storage::disk& disk, storage::batch& batch, moment now) {
  times_.resize(meters_.size());
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    auto& one = meters_[i];
    times_[i].due = now.steady + one.meter->interval();
    const auto bytes = disk.meta(key_of(one.id));
    if (!bytes || !*bytes || (*bytes)->size() <= head_bytes)
      continue;
    // What comes from now on is not in it: after a crash it would be a lie.
    batch.put_meta(key_of(one.id), std::string(1, format_version));
    const std::string_view saved = **bytes;
    if (!saved.starts_with(head_of(one)) || !one.meter->restore(saved.substr(head_bytes), now))
      log::info("the connector {} begins anew: its options are others than before the stop",
                one.id);
  }
}

std::vector<edit_job_ptr> metering::change(std::vector<metered> wanted, moment now) {
  std::vector<edit_job_ptr> last;
  std::vector<timing> times(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    times[i].due = now.steady + wanted[i].meter->interval();
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const auto same = std::find_if(wanted.begin(), wanted.end(), [&](const metered& w) {
      return w.id == meters_[i].id && w.options == meters_[i].options;
    });
    if (same == wanted.end()) {
      append_jobs(i, now, last);
      continue;
    }
    same->meter = meters_[i].meter;
    times[static_cast<std::size_t>(same - wanted.begin())] = times_[i];
  }
  meters_ = std::move(wanted);
  times_ = std::move(times);
  return last;
}

std::vector<edit_job_ptr> metering::flush(moment now) {
  std::vector<edit_job_ptr> jobs;
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    show(i);
    auto& time = times_[i];
    if (time.on_the_way > 0 || now.steady < time.due)
      continue;
    // From one due moment to the next, unless the process stood still for longer.
    const auto interval = meters_[i].meter->interval();
    time.due = std::max(time.due + interval, now.steady + interval / 2);
    append_jobs(i, now, jobs);
  }
  return jobs;
}

void metering::append_jobs(std::size_t number, moment now, std::vector<edit_job_ptr>& jobs) {
  auto& one = meters_[number];
  for (auto& made : one.meter->flush(now)) {
    auto job = std::make_unique<edit_job>();
    job->meter = one.id;
    job->request.signal = signal::metrics;
    job->request.body = std::move(made.message);
    job->request.arrived = now.steady;
    job->context.now = now.wall;
    for (const auto& target : one.targets) {
      auto& part = job->parts.emplace_back();
      part.pipeline = target->pipeline;
      part.edits = target->edits;
      part.passage = target;
    }
    job->first_parts = job->parts.size();
    metrics::connector_made_points.with({{"connector", one.id}})
        .Increment(static_cast<double>(made.points));
    ++times_[number].on_the_way;
    jobs.push_back(std::move(job));
  }
}

void metering::done(const edit_job& job) {
  for (std::size_t i = 0; i < meters_.size(); ++i)
    if (meters_[i].id == job.meter && times_[i].on_the_way > 0)
      --times_[i].on_the_way;
}

void metering::show(std::size_t number) {
  const auto& one = meters_[number];
  const metrics::labels labels = {{"connector", one.id}};
  metrics::connector_series.with(labels).Set(static_cast<double>(one.meter->series()));
  const auto overflowed = one.meter->overflowed();
  auto& shown = times_[number].overflow_shown;
  metrics::connector_overflowed.with(labels).Increment(
      static_cast<double>(overflowed - std::exchange(shown, overflowed)));
}

void metering::save(storage::batch& batch) {
  for (const auto& one : meters_) {
    const auto bytes = one.meter->save();
    if (bytes.empty())
      log::warn("the connector {} begins anew at the next start: it holds more than is kept",
                one.id);
    else
      batch.put_meta(key_of(one.id), head_of(one) + bytes);
  }
  saved_ = true;
}

} // namespace weir::stages
