#include "stages/job_editor.hpp"

#include "editing/work.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

/// What is left of the time that began at `begun`; 0 stays without end.
std::chrono::nanoseconds left_of(std::chrono::nanoseconds time, std::chrono::nanoseconds begun) {
  if (time == std::chrono::nanoseconds::zero())
    return time;
  return std::max(std::chrono::nanoseconds(1), time - (editing::work_meter::thread_time() - begun));
}

void refuse(edited_request& made, std::string reason, bool ended) {
  made.refusal = std::move(reason);
  made.ended = ended;
  made.removed = made.items;
  made.made = 0;
  made.message.emplace();
}

} // namespace

const edit_job::part* job_editor::edit(edit_job& job, std::chrono::nanoseconds time) {
  const std::chrono::nanoseconds begun = editing::work_meter::thread_time();
  // Of the time before.
  std::erase_if(job.parts, [](const auto& part) { return !part.connector.empty(); });
  std::optional<std::size_t> over;
  // Connectors add to the parts meanwhile.
  for (std::size_t i = 0; i < job.parts.size(); ++i) {
    if (!job.parts[i].looked_at())
      continue;
    edit_part(job, i, left_of(time, begun));
    if (!job.parts[i].made.ended && !job.parts[i].made.malformed)
      pass_on(job, i, [&] { return left_of(time, begun); });
    if (job.parts[i].made.malformed)
      return nullptr;
    if (job.parts[i].made.ended && !over)
      over = i;
  }
  return over ? &job.parts[*over] : nullptr;
}

void job_editor::edit_part(edit_job& job, std::size_t number, std::chrono::nanoseconds time) {
  auto& part = job.parts[number];
  if (part.connector.empty())
    part.made = editor_.edit(part.edits, job.request.signal, job.request.body, job.context, time);
  else
    part.made = editor_.edit_made(part.edits, part.passage->signal, std::move(*part.made.message),
                                  part.made.items, job.context, time);
}

void job_editor::pass_on(edit_job& job, std::size_t number,
                         const std::function<std::chrono::nanoseconds()>& time) {
  const auto way = job.parts[number].passage;
  const auto items = job.parts[number].made.left();
  if (!way || items == 0 || !job.parts[number].made.refusal.empty())
    return;
  for (const auto& outlet : way->outlets) {
    // Parts move as others come.
    const auto& made = job.parts[number].made;
    const std::string_view message = made.message ? *made.message : job.request.body;
    if (!outlet.relay) {
      add(job, outlet, 0, std::string(message), items);
    } else {
      auto outcome = outlet.relay->make(way->signal, message, items, job.context, time());
      if (!outcome.refusal.empty())
        return refuse(job.parts[number].made, std::move(outcome.refusal), outcome.ended);
      for (auto& one : outcome.messages)
        add(job, outlet, one.group, std::move(one.message), one.items);
    }
    if (job.parts.size() > max_parts)
      return refuse(job.parts[number].made, "connectors make too many messages of it", false);
  }
}

void job_editor::add(edit_job& job, const outlet& outlet, std::size_t group, std::string message,
                     std::uint64_t items) {
  const auto& targets = outlet.groups[group];
  for (std::size_t i = 0; i < targets.size(); ++i) {
    auto& part = job.parts.emplace_back();
    part.pipeline = targets[i]->pipeline;
    part.edits = targets[i]->edits;
    part.passage = targets[i];
    part.connector = outlet.connector;
    part.made.items = items;
    if (i + 1 == targets.size())
      part.made.message = std::move(message);
    else
      part.made.message = message;
  }
}

} // namespace weir::stages
