// Reading the logs of a node: `weir replay --dry-run`, `weir logs cat`.
#include "app/admin/hands.hpp"
#include "app/admin/replay_messages.hpp"
#include "backends/carried_items.hpp"
#include "backends/otlp_cut.hpp"
#include "otlp/scan.hpp"
#include "stages/distinct_count.hpp"
#include "stages/log_walk.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

namespace weir::app {

namespace {

using admin::v1::CountLogRequest;
using admin::v1::LogCount;
using admin::v1::LogPiece;
using admin::v1::LogSelection;
using admin::v1::ReadLogRequest;

// Of one message on its way to who asked: well below what another node may answer at a time.
constexpr std::size_t piece_bytes = 512 << 10;

constexpr auto progress_interval = std::chrono::seconds(1);

/// A range of a log, ready to be walked.
struct open_log {
  std::shared_ptr<const storage::disk> disk;
  stages::replayed_pipeline pipeline;
  stages::replay_order order;
  stages::log_range range;
  stages::log_reader reader;
};

result<open_log> open(const node_place& place, const LogSelection& selection) {
  auto order = order_of(selection);
  if (!order)
    return tl::unexpected(order.error());
  const auto logs = place.node->logs();
  const auto found = std::find_if(logs.begin(), logs.end(),
                                  [&](const auto& log) { return log.name == order->pipeline; });
  if (found == logs.end()) {
    std::string names;
    for (const auto& log : logs)
      names += (names.empty() ? "" : ", ") + log.name;
    return fail(errc::not_found, fmt::format("no pipeline `{}` is configured; there are: {}",
                                             order->pipeline, names));
  }
  if (order->begin >= order->end)
    return fail(errc::invalid_argument, "the range is empty: it has to end after it begins");
  auto pick = place.node->selector()(*order, found->signal);
  if (!pick)
    return tl::unexpected(pick.error());
  auto disk = place.node->disk();
  auto range = stages::log_range::find(*disk, found->id, order->begin, order->end,
                                       disk->log(found->id).next);
  if (!range)
    return tl::unexpected(range.error());
  stages::log_reader reader(disk, found->id, found->signal, std::move(*pick), order->traces);
  return open_log{std::move(disk), *found, std::move(*order), std::move(*range), std::move(reader)};
}

void add_traces(std::string_view message, otlp::span_index& index, stages::distinct_count& traces) {
  index.clear();
  if (!otlp::index_traces(message, 0, index))
    return;
  for (const auto& id : index.traces)
    traces.add(id);
}

result<void> count(const node_place& place, const CountLogRequest& request,
                   listener<LogCount>& told) {
  auto log = open(place, request.selection());
  if (!log)
    return tl::unexpected(log.error());
  LogCount counted;
  stages::distinct_count traces;
  otlp::span_index index;
  const auto blocks = static_cast<double>(std::max<std::uint64_t>(1, log->range.blocks()));
  auto next = std::chrono::steady_clock::now() + progress_interval;
  const auto tell = [&] {
    counted.set_traces(traces.count());
    counted.set_traces_exact(traces.exact());
    return told.tell(counted);
  };
  const auto range = log->range;
  std::optional<error> broken;
  const auto walked =
      stages::walk_range(*log->disk, log->pipeline.id, range, log->reader, [&](auto& picked) {
        const auto message = log->reader.message_of(picked.block);
        if (!message)
          return true; // Damaged: what walks over it next says so.
        counted.set_items(counted.items() + picked.block.header.items);
        counted.set_bytes(counted.bytes() + message->size());
        if (log->pipeline.signal == signal::traces)
          add_traces(message->view(), index, traces);
        if (std::chrono::steady_clock::now() < next)
          return !told.gone();
        next = std::chrono::steady_clock::now() + progress_interval;
        counted.set_share(static_cast<double>(range.blocks_before(picked.block.position)) / blocks);
        return tell();
      });
  if (!walked)
    return tl::unexpected(walked.error());
  counted.set_left_out(walked->left_out);
  counted.set_blocks(walked->blocks);
  counted.set_damaged_blocks(walked->damaged);
  counted.set_held_since_unix_ns(
      stages::held_since(*log->disk, log->pipeline.id, log->order.begin));
  counted.set_share(1);
  counted.set_done(true);
  tell();
  return {};
}

// In pieces that each are a message of their own.
bool tell_message(signal kind, std::string_view message, std::uint64_t items,
                  listener<LogPiece>& told) {
  LogPiece piece;
  piece.set_signal(std::string(to_string(kind)));
  const auto pieces =
      std::min<std::uint64_t>(items, (message.size() + piece_bytes - 1) / piece_bytes);
  if (pieces <= 1) {
    piece.set_message(std::string(message));
    return told.tell(piece);
  }
  for (std::uint64_t i = 0; i < pieces; ++i) {
    std::string part;
    if (!backends::cut_items(kind, message, items * i / pieces, items * (i + 1) / pieces, part))
      return true;
    piece.set_message(std::move(part));
    if (!told.tell(piece))
      return false;
  }
  return true;
}

result<void> read(const node_place& place, const ReadLogRequest& request,
                  listener<LogPiece>& told) {
  auto log = open(place, request.selection());
  if (!log)
    return tl::unexpected(log.error());
  const auto walked =
      stages::walk_range(*log->disk, log->pipeline.id, log->range, log->reader, [&](auto& picked) {
        const auto message = log->reader.message_of(picked.block);
        if (!message)
          return true;
        const auto kind = log->pipeline.signal;
        std::string bare; // Without what clients said beside their data.
        const auto carried = backends::take_carried_of_items(kind, message->view(), bare);
        return tell_message(kind, carried.any ? bare : message->view(), picked.block.header.items,
                            told);
      });
  if (!walked)
    return tl::unexpected(walked.error());
  return {};
}

} // namespace

hand count_log_hand() {
  return make_hand<CountLogRequest, LogCount>({.name = "CountLog", .is_long = true}, count);
}

hand read_log_hand() {
  return make_hand<ReadLogRequest, LogPiece>({.name = "ReadLog", .is_long = true}, read);
}

} // namespace weir::app
