#include "app/admin/hands.hpp"
#include "app/admin/replay_messages.hpp"
#include "backends/otlp_cut.hpp"
#include "stages/trace_search.hpp"

#include <fmt/format.h>

namespace weir::app {

namespace {

using admin::v1::FindTraceRequest;
using admin::v1::TraceNews;

// Of the spans of one place: well below what another node may answer at a time.
constexpr std::size_t most_span_bytes = 768 << 10;

constexpr std::uint64_t default_max_bytes = 4ULL << 30;

// As many spans of it as may be told.
std::string cut(std::string_view message) {
  if (message.size() <= most_span_bytes)
    return std::string(message);
  const auto items = backends::count_items(signal::traces, message).value_or(0);
  std::string part;
  (void)backends::cut_items(signal::traces, message, 0, items * most_span_bytes / message.size(),
                            part);
  return part;
}

TraceNews news_of(const stages::trace_in_log& found, const std::string& pipeline) {
  TraceNews news;
  news.set_pipeline(pipeline);
  news.set_spans(cut(found.spans.view()));
  auto& place = *news.mutable_in_log();
  place.set_position(found.position);
  place.set_first_unix_ns(found.header.first_time);
  place.set_last_unix_ns(found.header.last_time);
  place.set_sampled(found.header.layout == codec::block_layout::traces);
  for (const auto& [exporter, state] : found.exporters) {
    auto& each = *place.add_exporters();
    each.set_exporter(exporter);
    each.set_state(state);
  }
  return news;
}

TraceNews news_of(const stages::trace_in_journal& found, const std::string& pipeline) {
  TraceNews news;
  news.set_pipeline(pipeline);
  news.set_spans(cut(found.spans.view()));
  news.mutable_open()->set_sequence(fmt::format("{}", found.id.sequence));
  news.mutable_open()->set_received_unix_ns(found.received);
  return news;
}

result<void> find(const node_place& place, const FindTraceRequest& request,
                  listener<TraceNews>& told) {
  const auto id = trace_in(request.trace_id());
  if (!id)
    return tl::unexpected(id.error());
  const auto began = std::chrono::steady_clock::now();
  const auto disk = place.node->disk();
  const stages::trace_search search(disk, *id);
  const auto names = disk->pipelines();
  const auto goes_on = [&] { return !told.gone(); };
  const auto max_bytes = request.max_bytes() == 0 ? default_max_bytes : request.max_bytes();
  TraceNews last;
  auto& cost = *last.mutable_search();
  cost.set_whole(true);
  const auto journal = search.journal(
      [&](auto&& found) {
        const auto name = names.find(found.pipeline);
        return told.tell(news_of(found, name == names.end() ? "?" : name->second));
      },
      goes_on);
  if (!journal)
    return tl::unexpected(journal.error());
  cost.set_entries(journal->blocks);
  cost.set_bytes(journal->bytes);
  for (const auto& log : place.node->logs()) {
    if (log.signal != signal::traces)
      continue;
    const auto decided = search.decision(log.id);
    if (!decided)
      return tl::unexpected(decided.error());
    if (*decided) {
      TraceNews news;
      news.set_pipeline(log.name);
      news.mutable_decision()->set_keep((*decided)->keep);
      news.mutable_decision()->set_policy((*decided)->policy);
      news.mutable_decision()->set_sampling_rate((*decided)->sampling_rate);
      told.tell(news);
    }
    const auto looked = search.log(
        log.id, request.begin_unix_ns(), request.end_unix_ns(), max_bytes,
        [&](auto&& found) { return told.tell(news_of(found, log.name)); }, goes_on);
    if (!looked)
      return tl::unexpected(looked.error());
    cost.set_blocks(cost.blocks() + looked->blocks);
    cost.set_bytes(cost.bytes() + looked->bytes);
    cost.set_whole(cost.whole() && looked->whole);
    if (looked->since != 0 && (cost.since_unix_ns() == 0 || looked->since < cost.since_unix_ns()))
      cost.set_since_unix_ns(looked->since);
  }
  cost.set_seconds(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  told.tell(last);
  return {};
}

} // namespace

hand find_trace_hand() {
  return make_hand<FindTraceRequest, TraceNews>({.name = "FindTrace", .is_long = true}, find);
}

} // namespace weir::app
