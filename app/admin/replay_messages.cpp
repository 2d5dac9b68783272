#include "app/admin/replay_messages.hpp"

#include "app/config/diagnostics.hpp"

#include <charconv>
#include <fmt/format.h>

namespace weir::app {

namespace {

bool read_hex(std::string_view text, std::uint64_t& number) {
  if (text.size() != 16 || text.front() == '-')
    return false;
  const auto read = std::from_chars(text.data(), text.data() + 16, number, 16);
  return read.ec == std::errc() && read.ptr == text.data() + 16;
}

} // namespace

result<trace_id> trace_in(std::string_view text) {
  trace_id id;
  std::uint64_t halves[2] = {};
  if (text.size() != 32 || !read_hex(text.substr(0, 16), halves[0])
      || !read_hex(text.substr(16), halves[1]))
    return fail(errc::invalid_argument,
                fmt::format("{} is no trace id: expected 32 hexadecimal digits", quoted(text)));
  for (std::size_t i = 0; i < 16; ++i)
    id.bytes[i] = static_cast<std::uint8_t>(halves[i / 8] >> (56 - 8 * (i % 8)));
  return id;
}

result<stages::replay_id> replay_in(std::string_view text) {
  stages::replay_id id = 0;
  if (!read_hex(text, id) || id == 0)
    return fail(errc::invalid_argument,
                fmt::format("{} is no replay: `weir replay list` shows their ids", quoted(text)));
  return id;
}

result<stages::replay_order> order_of(const admin::v1::LogSelection& selection) {
  stages::replay_order order;
  order.pipeline = selection.pipeline();
  order.begin = selection.begin_unix_ns();
  order.end = selection.end_unix_ns();
  order.where = selection.where();
  for (const auto& text : selection.trace_ids()) {
    const auto id = trace_in(text);
    if (!id)
      return tl::unexpected(id.error());
    order.traces.push_back(*id);
  }
  return order;
}

result<stages::replay_order> order_of(const admin::v1::ReplayOrder& message) {
  auto order = order_of(message.selection());
  const auto id = replay_in(message.id());
  if (!order || !id)
    return tl::unexpected(order ? id.error() : order.error());
  order->id = *id;
  order->exporter = message.exporter();
  order->mark_key = message.mark_key();
  order->mark_value = message.mark_value();
  order->rate = message.rate();
  return order;
}

admin::v1::Replay to_message(const stages::replay_view& view) {
  const auto& record = view.record;
  const auto& order = record.order;
  admin::v1::Replay message;
  message.set_id(stages::text_of_replay(order.id));
  auto& selection = *message.mutable_selection();
  selection.set_pipeline(order.pipeline);
  selection.set_begin_unix_ns(order.begin);
  selection.set_end_unix_ns(order.end);
  selection.set_where(order.where);
  for (const auto& id : order.traces)
    selection.add_trace_ids(to_hex(id.view()));
  message.set_exporter(order.exporter);
  message.set_mark_key(order.mark_key);
  message.set_mark_value(order.mark_value);
  message.set_rate(order.rate);
  message.set_state(std::string(stages::to_string(record.state)));
  message.set_reason(record.reason);
  message.set_created_unix_ns(record.created);
  message.set_ended_unix_ns(record.ended);
  message.set_held_since_unix_ns(record.held_since);
  const auto& counts = record.counts;
  message.set_delivered(counts.delivered);
  message.set_rejected(counts.rejected);
  message.set_dead(counts.dead);
  message.set_lost(counts.lost);
  message.set_left_out(counts.left_out);
  message.set_bytes(counts.bytes);
  message.set_trimmed_blocks(counts.trimmed);
  message.set_damaged_blocks(counts.damaged);
  message.set_running_seconds(static_cast<double>(record.sending_ns) / second_ns);
  message.set_blocks(view.blocks);
  message.set_blocks_done(view.blocks_done);
  message.set_bytes_a_second(view.bytes_a_second);
  message.set_blocks_a_second(view.blocks_a_second);
  message.set_yields(view.yields);
  message.set_trouble(view.trouble);
  return message;
}

} // namespace weir::app
