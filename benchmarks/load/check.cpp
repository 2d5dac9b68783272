#include "benchmarks/load/check.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <unordered_map>
#include <vector>

namespace weir::load {

namespace {

struct span_key {
  std::array<unsigned char, 24> bytes; ///< Trace id, span id; unsigned, as string_view compares.

  std::string_view trace() const { return {reinterpret_cast<const char*>(bytes.data()), 16}; }
  friend auto operator<=>(const span_key&, const span_key&) = default;
};

struct sent_span {
  span_key key;
  bool acknowledged = false;
  bool resent = false;
};

struct request_fate {
  bool acknowledged = false;
  bool resent = false;
};

template <class OnKey>
void each_key(std::string_view ids, OnKey&& on_key) {
  for (; !ids.empty(); ids.remove_prefix(24)) {
    span_key key;
    std::memcpy(key.bytes.data(), ids.data(), 24);
    on_key(key);
  }
}

std::vector<sent_span> sorted_sent(const tally& acked, check_result& result) {
  std::unordered_map<std::uint64_t, request_fate> fates;
  for (const auto& frame : acked.frames) {
    auto& fate = fates[frame.request];
    fate.resent |= frame.kind == note::sent_again;
    if (frame.kind == note::acknowledged) {
      fate.acknowledged = frame.count == 0;
      result.uncertain_requests += frame.count > 0;
    }
  }
  std::vector<sent_span> sent;
  for (const auto& frame : acked.frames)
    if (frame.kind == note::sent) {
      const auto fate = fates[frame.request];
      each_key(frame.ids, [&](const span_key& key) {
        sent.push_back({key, fate.acknowledged, fate.resent});
      });
    }
  std::sort(sent.begin(), sent.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return sent;
}

std::vector<span_key> sorted_seen(const tally& seen) {
  std::vector<span_key> keys;
  for (const auto& frame : seen.frames)
    if (frame.kind == note::seen)
      each_key(frame.ids, [&](const span_key& key) { keys.push_back(key); });
  std::sort(keys.begin(), keys.end());
  return keys;
}

/// The present trace: how many of its spans were sent, acknowledged, and arrived.
struct trace_count {
  std::uint64_t sent = 0, acknowledged = 0, there = 0;

  void add(const sent_span& span, std::uint64_t times) {
    ++sent;
    acknowledged += span.acknowledged;
    there += span.acknowledged && times > 0;
  }

  void close(std::string_view id, const std::vector<span_key>* reference, check_result& result) {
    if (acknowledged > 0) {
      ++result.traces;
      ++(there == acknowledged ? result.traces_whole
         : there == 0          ? result.traces_none
                               : result.traces_part);
    }
    if (reference != nullptr && sent == acknowledged && sent > 0)
      *result.decided_otherwise += has_trace(*reference, id) != (there > 0);
    *this = {};
  }

private:
  static bool has_trace(const std::vector<span_key>& keys, std::string_view id) {
    const auto found =
        std::lower_bound(keys.begin(), keys.end(), id,
                         [](const auto& key, auto wanted) { return key.trace() < wanted; });
    return found != keys.end() && found->trace() == id;
  }
};

} // namespace

check_result compare(const tally& acked, const tally& seen_tally, const tally* reference_tally) {
  check_result result;
  const auto sent = sorted_sent(acked, result);
  const auto seen = sorted_seen(seen_tally);
  const auto reference =
      reference_tally != nullptr ? sorted_seen(*reference_tally) : std::vector<span_key>();
  const auto* const against = reference_tally != nullptr ? &reference : nullptr;
  if (against != nullptr)
    result.decided_otherwise = 0;
  result.sent = sent.size();
  trace_count trace;
  auto arrived = seen.begin();
  for (auto span = sent.begin(); span != sent.end(); ++span) {
    if (span != sent.begin() && span->key.trace() != std::prev(span)->key.trace())
      trace.close(std::prev(span)->key.trace(), against, result);
    const auto first = std::lower_bound(arrived, seen.end(), span->key);
    result.foreign += static_cast<std::uint64_t>(first - arrived);
    arrived = first;
    while (arrived != seen.end() && *arrived == span->key)
      ++arrived;
    const auto times = static_cast<std::uint64_t>(arrived - first);
    result.seen += times > 0;
    result.duplicates += times > 1 ? times - 1 : 0;
    result.duplicates_of_resent += times > 1 && span->resent ? times - 1 : 0;
    result.acknowledged += span->acknowledged;
    result.missing += span->acknowledged && times == 0;
    result.unacknowledged_seen += !span->acknowledged && times > 0;
    trace.add(*span, times);
  }
  if (!sent.empty())
    trace.close(sent.back().key.trace(), against, result);
  result.foreign += static_cast<std::uint64_t>(seen.end() - arrived);
  return result;
}

std::string to_table(const check_result& r) {
  std::string out;
  const auto row = [&](std::string_view name, std::uint64_t value) {
    out += fmt::format("{:<44} {:>14}\n", name, value);
  };
  row("spans sent", r.sent);
  row("spans acknowledged", r.acknowledged);
  row("distinct spans seen", r.seen);
  row("missing (acknowledged, not seen)", r.missing);
  row("seen without having been sent", r.foreign);
  row("duplicates", r.duplicates);
  row("  of them in requests sent more than once", r.duplicates_of_resent);
  row("seen though never acknowledged", r.unacknowledged_seen);
  row("requests of partial success (left out)", r.uncertain_requests);
  row("traces with acknowledged spans", r.traces);
  row("  whole", r.traces_whole);
  row("  in part", r.traces_part);
  row("  none", r.traces_none);
  if (r.decided_otherwise)
    row("traces decided otherwise than in the reference", *r.decided_otherwise);
  return out;
}

std::string to_json(const check_result& r) {
  return fmt::format(
      R"({{"sent":{},"acknowledged":{},"seen":{},"missing":{},"foreign":{},"duplicates":{},)"
      R"("duplicates_of_resent":{},"unacknowledged_seen":{},"uncertain_requests":{},"traces":{},)"
      R"("traces_whole":{},"traces_part":{},"traces_none":{},"decided_otherwise":{}}})",
      r.sent, r.acknowledged, r.seen, r.missing, r.foreign, r.duplicates, r.duplicates_of_resent,
      r.unacknowledged_seen, r.uncertain_requests, r.traces, r.traces_whole, r.traces_part,
      r.traces_none, r.decided_otherwise.value_or(0));
}

} // namespace weir::load
