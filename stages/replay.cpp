#include "stages/replay.hpp"

#include "backends/finished_ranges.hpp"
#include "codec/varint.hpp"

#include <array>
#include <fmt/format.h>
#include <limits>

namespace weir::stages {

namespace {

constexpr char version = 1;

constexpr std::array<std::string_view, 7> state_names = {"",          "running", "paused", "done",
                                                         "cancelled", "failed",  "left"};

void put_text(std::string_view text, std::string& out) {
  codec::put_varint(text.size(), out);
  out += text;
}

bool take_text(std::string_view& bytes, std::string& text) {
  std::uint64_t size = 0;
  if (!codec::take_varint(bytes, size) || size > bytes.size())
    return false;
  text = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return true;
}

// The numbers of a record, in the order in which they are written.
template <class Record, class Each>
void each_number(Record& r, const Each& each) {
  each(r.order.id);
  each(r.order.begin);
  each(r.order.end);
  each(r.order.rate);
  each(r.created);
  each(r.ended);
  each(r.bound);
  each(r.held_since);
  each(r.cursor.position);
  auto& c = r.counts;
  for (auto* count :
       {&c.delivered, &c.rejected, &c.dead, &c.lost, &c.left_out, &c.bytes, &c.trimmed, &c.damaged})
    each(*count);
  each(r.sending_ns);
}

template <class Record, class Each>
void each_text(Record& r, const Each& each) {
  each(r.order.pipeline);
  each(r.order.exporter);
  each(r.order.where);
  each(r.order.mark_key);
  each(r.order.mark_value);
  each(r.reason);
}

bool take_traces(std::string_view& bytes, std::vector<trace_id>& traces) {
  std::uint64_t count = 0;
  if (!codec::take_varint(bytes, count) || count > bytes.size() / 16)
    return false;
  for (; count > 0; --count) {
    traces.push_back(trace_id::from(bytes.substr(0, 16)));
    bytes.remove_prefix(16);
  }
  return true;
}

bool take(std::string_view bytes, replay_record& record) {
  std::uint64_t state = 0;
  std::uint64_t item = 0;
  bool sound = codec::take_varint(bytes, state) && state >= 1 && state < state_names.size();
  each_number(record,
              [&](std::uint64_t& number) { sound = sound && codec::take_varint(bytes, number); });
  sound =
      sound && codec::take_varint(bytes, item) && item <= std::numeric_limits<std::uint32_t>::max();
  each_text(record, [&](std::string& text) { sound = sound && take_text(bytes, text); });
  if (!sound || !take_traces(bytes, record.order.traces))
    return false;
  record.state = static_cast<replay_state>(state);
  record.cursor.item = static_cast<std::uint32_t>(item);
  record.ahead = backends::decode_finished(bytes, {record.bound, 0});
  return true;
}

} // namespace

std::string text_of_replay(replay_id id) {
  return fmt::format("{:016x}", id);
}

result<void> check(const replay_order& order) {
  const auto wrong = [](std::string text) { return fail(errc::invalid_argument, std::move(text)); };
  if (order.id == 0)
    return wrong("a replay needs an id");
  if (order.begin >= order.end)
    return wrong("the range is empty: it has to end after it begins");
  if (order.traces.size() > max_replay_traces)
    return wrong(fmt::format("{} trace ids, at most {} can be asked for at a time",
                             order.traces.size(), max_replay_traces));
  if (order.mark_key.empty() && !order.mark_value.empty())
    return wrong("the mark has no key");
  std::size_t bytes = 0;
  for (const auto* text :
       {&order.pipeline, &order.exporter, &order.where, &order.mark_key, &order.mark_value})
    bytes += text->size();
  if (bytes > max_replay_text_bytes)
    return wrong(fmt::format("names, condition and mark take {} bytes, at most {} may", bytes,
                             max_replay_text_bytes));
  return {};
}

std::string_view to_string(replay_state state) noexcept {
  return state_names.at(static_cast<std::size_t>(state));
}

std::string encode(const replay_record& record) {
  std::string out(1, version);
  codec::put_varint(static_cast<std::uint64_t>(record.state), out);
  each_number(record, [&](std::uint64_t number) { codec::put_varint(number, out); });
  codec::put_varint(record.cursor.item, out);
  each_text(record, [&](const std::string& text) { put_text(text, out); });
  codec::put_varint(record.order.traces.size(), out);
  for (const auto& id : record.order.traces)
    out += id.view();
  return out + backends::encode_finished(record.ahead);
}

result<replay_record> read_replay(std::string_view bytes) {
  if (!bytes.empty() && bytes.front() > version)
    return fail(errc::unsupported, "a replay of a newer version");
  replay_record record;
  if (bytes.empty() || bytes.front() != version || !take(bytes.substr(1), record))
    return fail(errc::corrupt, "the record of a replay does not hold together");
  return record;
}

} // namespace weir::stages
