#include "otlp_builder.hpp"
#include "sampling/window.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <map>
#include <random>
#include <set>

using namespace weir;
using namespace weir::sampling;
using weir::sampling::testing::id_of;
using weir::sampling::testing::message_of;
using weir::sampling::testing::test_span;

namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr steady_ns wait = 10 * second_ns;
constexpr steady_ns tick = wait / 1024;

tail_sampling_config policies() {
  tail_sampling_config config;
  policy_config errors;
  errors.name = "errors";
  errors.type = policy_type::status_code;
  errors.status_codes = {"ERROR"};
  policy_config slow;
  slow.name = "slow";
  slow.type = policy_type::latency;
  slow.threshold_ms = 800;
  policy_config tenant;
  tenant.name = "tenant";
  tenant.type = policy_type::string_attribute;
  tenant.key = "tenant";
  tenant.values = {"gold"};
  config.policies = {errors, slow, tenant};
  return config;
}

using ref_name = std::pair<std::uint64_t, slot>; ///< Sequence of the entry, slot.

/// What the window ought to know of a trace, kept the plain way.
struct model_trace {
  steady_ns arrival = 0;
  steady_ns deadline = 0;
  std::vector<test_span> spans;
  std::set<ref_name> refs;

  std::string keeper() const {
    std::uint64_t first = ~0ULL;
    std::uint64_t last = 0;
    bool error = false;
    bool gold = false;
    for (const auto& span : spans) {
      first = std::min(first, span.start_ns);
      last = std::max(last, span.end_ns);
      error |= span.status == 2;
      gold |=
          !span.on_resource.empty() && std::get<std::string>(span.on_resource[0].second) == "gold";
    }
    if (error)
      return "errors";
    if (last > first && (last - first) / ms > 800)
      return "slow";
    return gold ? "tenant" : "";
  }
};

struct model_entry {
  std::vector<test_span> spans;
  std::string bytes;
  otlp::span_index index;
  std::set<slot> held;
};

class world {
public:
  world(std::uint64_t seed, window_settings settings)
      : random_(seed), settings_(settings), cache_(1'000'000),
        window_(settings, *policy_set::compile(policies()), cache_) {}

  void step() {
    switch (random_() % 8) {
    case 0:
    case 1:
    case 2:
      return add(new_entry(), all_wanted());
    case 3:
      return add(new_entry(), some_wanted());
    case 4:
      return add_again();
    case 5:
      now_ += static_cast<steady_ns>(random_() % (3 * second_ns));
      return decide(random_() % 3 != 0, 1 + random_() % 50);
    case 6:
      return decide(true, 1'000'000);
    default:
      return release_one();
    }
  }

  void finish() {
    now_ += wait + tick + 1;
    decide(true, 1'000'000);
    BOOST_TEST(traces_.empty());
    while (!owed_.empty())
      release_one();
    const auto end = window_.snapshot();
    BOOST_TEST(end.entries == 0U);
    BOOST_TEST(end.traces == 0U);
    BOOST_TEST(end.spans == 0U);
    BOOST_TEST(end.packed_bytes == 0U);
    BOOST_TEST(end.index_bytes == 0U);
    BOOST_TEST(decided_ > 0U);
  }

  window_counts counts() const { return window_.snapshot().counts; }

private:
  std::uint64_t new_entry() {
    const auto number = ++sequence_;
    auto& entry = entries_[number];
    const auto traces = 1 + random_() % 6;
    for (std::uint64_t i = 0; i < traces; ++i) {
      // Mostly traces of late, sometimes old ones: late spans.
      const auto trace = random_() % 10 == 0 ? random_() % (newest_ + 1) : newest_ + random_() % 8;
      newest_ = std::max(newest_, trace);
      for (auto spans = 1 + random_() % 3; spans > 0; --spans)
        entry.spans.push_back(new_span(trace));
    }
    entry.bytes = message_of(entry.spans);
    BOOST_REQUIRE(otlp::index_traces(entry.bytes, 0, entry.index));
    return number;
  }

  test_span new_span(std::uint64_t trace) {
    test_span span;
    span.trace = id_of(trace);
    span.id = ++span_id_;
    span.parent = random_() % 4 == 0 ? 0 : 1;
    span.start_ns = (1'000 + random_() % 500) * ms;
    span.end_ns = span.start_ns + random_() % 500 * ms;
    span.status = random_() % 20 == 0 ? 2 : 0;
    if (random_() % 3 == 0)
      span.on_resource = {{"tenant", std::string(random_() % 8 == 0 ? "gold" : "iron")}};
    return span;
  }

  std::function<bool()> all_wanted() {
    return [] { return true; };
  }
  std::function<bool()> some_wanted() {
    return [this] { return random_() % 2 == 0; };
  }

  void add_again() {
    if (entries_.empty())
      return;
    auto index = entries_.begin();
    std::advance(index, random_() % entries_.size());
    // What was released is settled: the owner's progress would not let it in again.
    add(
        index->first, [] { return true; }, true);
  }

  void add(std::uint64_t number, const std::function<bool()>& wants, bool again = false) {
    auto& entry = entries_[number];
    const auto received = now_ - static_cast<steady_ns>(random_() % (2 * second_ns));
    std::vector<bool> wanted(entry.index.traces.size());
    for (slot slot = 0; slot < wanted.size(); ++slot)
      wanted[slot] = wants() && !settled_.contains({number, slot});
    window_entry handed;
    handed.id = {7, 1, number};
    handed.packed = shared_bytes(entry.bytes);
    additions out;
    window_.add(handed, entry.bytes, entry.index, wanted, received, now_, out);
    expect_added(number, wanted, received, out, again);
  }

  void expect_added(std::uint64_t number, const std::vector<bool>& wanted, steady_ns received,
                    const additions& out, bool again) {
    auto& entry = entries_[number];
    std::uint32_t taken = 0;
    std::uint32_t held_before = 0;
    std::map<trace_id, slot> late;
    for (slot slot = 0; slot < wanted.size(); ++slot) {
      if (!wanted[slot])
        continue;
      if (!entry.held.insert(slot).second) {
        ++held_before;
        continue;
      }
      const auto& id = entry.index.traces[slot];
      if (decided_as_.contains(id)) {
        late.emplace(id, slot);
        continue;
      }
      ++taken;
      take(number, slot, received);
    }
    BOOST_REQUIRE(out.taken == taken);
    BOOST_REQUIRE(out.already_held == held_before);
    BOOST_REQUIRE(again || held_before == 0);
    BOOST_REQUIRE(out.late.traces.size() == late.size());
    for (const auto& trace : out.late.traces) {
      BOOST_REQUIRE(late.contains(trace.id));
      BOOST_REQUIRE(trace.flags == decided_late);
      BOOST_REQUIRE(trace.refs == 1);
      BOOST_REQUIRE(out.late.refs[trace.first_ref].slot == late[trace.id]);
      BOOST_REQUIRE(cache_.policy_name(trace.verdict.policy) == decided_as_[trace.id]);
    }
    if (!out.late.traces.empty())
      owed_.push_back(out.late);
    check_state();
  }

  void take(std::uint64_t number, slot slot, steady_ns received) {
    auto& entry = entries_[number];
    const auto& id = entry.index.traces[slot];
    const auto [found, fresh] = traces_.try_emplace(id);
    auto& trace = found->second;
    trace.arrival = fresh ? received : std::min(trace.arrival, received);
    trace.deadline = std::min(fresh ? trace.arrival + wait : trace.deadline, trace.arrival + wait);
    trace.refs.insert({number, slot});
    for (const auto& span : entry.spans) {
      if (span.trace != id)
        continue;
      trace.spans.push_back(span);
      if (span.parent == 0 && settings_.wait_after_root != 0)
        trace.deadline = std::min(trace.deadline, received + settings_.wait_after_root);
    }
  }

  void decide(bool gate_open, std::size_t max_traces) {
    decided_batch out;
    const auto decided = window_.decide(now_, gate_open ? now_ : 0, max_traces, out);
    BOOST_REQUIRE(decided == out.traces.size());
    BOOST_REQUIRE(decided <= max_traces);
    for (const auto& trace : out.traces)
      expect_decided(trace, out, gate_open);
    if (decided < max_traces)
      expect_nothing_due(gate_open);
    decided_ += decided;
    if (decided != 0)
      owed_.push_back(std::move(out));
    check_state();
  }

  void expect_decided(const decided_trace& trace, const decided_batch& out, bool gate_open) {
    const auto known = traces_.find(trace.id);
    BOOST_REQUIRE(known != traces_.end());
    const auto& model = known->second;
    if (trace.flags == decided_too_large)
      BOOST_REQUIRE(!trace.verdict.keep);
    else
      expect_verdict(trace, model);
    if (trace.flags == 0 || trace.flags == decided_incomplete) {
      BOOST_REQUIRE(trace.flags == (gate_open ? 0 : decided_incomplete));
      BOOST_REQUIRE(model.deadline + (gate_open ? 0 : 30 * second_ns) <= now_);
    } else if (trace.flags == decided_early) {
      BOOST_REQUIRE((settings_.max_traces != 0 || settings_.memory < (1 << 20)));
    }
    BOOST_REQUIRE(trace.spans == model.spans.size());
    BOOST_REQUIRE(trace.arrival == model.arrival);
    std::set<ref_name> refs;
    for (std::uint32_t i = 0; i < trace.refs; ++i) {
      const auto& ref = out.refs[trace.first_ref + i];
      refs.insert({window_.entry(ref.entry).id.sequence, ref.slot});
    }
    BOOST_REQUIRE((refs == model.refs));
    decided_as_[trace.id] = cache_.policy_name(trace.verdict.policy);
    traces_.erase(known);
  }

  void expect_verdict(const decided_trace& trace, const model_trace& model) {
    BOOST_REQUIRE(trace.verdict.keep == !model.keeper().empty());
    BOOST_REQUIRE(cache_.policy_name(trace.verdict.policy) == model.keeper());
  }

  void expect_nothing_due(bool gate_open) {
    const auto due = now_ - tick - (gate_open ? 0 : 30 * second_ns);
    for (const auto& [id, trace] : traces_)
      BOOST_REQUIRE(trace.deadline > due);
    if (settings_.max_traces != 0)
      BOOST_REQUIRE(traces_.size() <= settings_.max_traces);
  }

  void release_one() {
    if (owed_.empty())
      return;
    const auto batch = std::move(owed_.front());
    owed_.pop_front();
    std::vector<std::uint64_t> touched;
    for (const auto& ref : batch.refs) {
      const auto sequence = window_.entry(ref.entry).id.sequence;
      touched.push_back(sequence);
      settled_.insert({sequence, ref.slot});
      entries_[sequence].held.erase(ref.slot);
    }
    window_.release(batch);
    check_state();
  }

  void check_state() {
    const auto seen = window_.snapshot();
    BOOST_REQUIRE(seen.traces == traces_.size());
    std::size_t held = 0;
    std::size_t bytes = 0;
    for (const auto& [number, entry] : entries_) {
      held += entry.held.empty() ? 0 : 1;
      bytes += entry.held.empty() ? 0 : entry.bytes.size();
    }
    BOOST_REQUIRE(seen.entries == held);
    BOOST_REQUIRE(seen.packed_bytes <= bytes);
    if (seen.counts.entries_set_down == 0)
      BOOST_REQUIRE(seen.packed_bytes == bytes);
    if (seen.index_bytes < settings_.memory)
      BOOST_REQUIRE(seen.packed_bytes + seen.index_bytes <= settings_.memory);
  }

  std::mt19937_64 random_;
  window_settings settings_;
  decision_cache cache_;
  window window_;
  steady_ns now_ = 1000 * second_ns;
  std::uint64_t sequence_ = 0;
  std::uint64_t span_id_ = 0;
  std::uint64_t newest_ = 0;
  std::size_t decided_ = 0;
  std::map<std::uint64_t, model_entry> entries_;
  std::map<trace_id, model_trace> traces_;
  std::map<trace_id, std::string> decided_as_;
  std::set<ref_name> settled_;
  std::deque<decided_batch> owed_; ///< Decided, not yet released.
};

window_counts play(std::uint64_t seed, const window_settings& settings) {
  BOOST_TEST_CONTEXT("seed " << seed) {
    world one(seed, settings);
    for (int i = 0; i < 400; ++i)
      one.step();
    one.finish();
    return one.counts();
  }
  return {};
}

window_settings plain() {
  window_settings settings;
  settings.decision_wait = wait;
  return settings;
}

} // namespace

BOOST_AUTO_TEST_SUITE(window_model_test)

// Scenario: entries in random order and age, some slots only, some twice, late spans, decisions
// with the gate open and closed, releases at any time. Guarantee: what is decided, when, how, from
// which slots, and what is held, is as a plain model says.
BOOST_AUTO_TEST_CASE(follows_the_model) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const auto counts = play(seed, plain());
    BOOST_TEST(counts.late_spans_kept + counts.late_spans_dropped > 0U);
    BOOST_TEST(counts.decided_early == 0U);
  }
}

// Scenario: the same with a shorter wait after a root span.
// Guarantee: as the model says.
BOOST_AUTO_TEST_CASE(follows_the_model_after_roots) {
  auto settings = plain();
  settings.wait_after_root = 2 * second_ns;
  for (std::uint64_t seed = 21; seed <= 28; ++seed)
    play(seed, settings);
}

// Scenario: the same with room for 20 traces.
// Guarantee: never more after decide(); the oldest are decided early, the same way.
BOOST_AUTO_TEST_CASE(follows_the_model_with_few_traces) {
  auto settings = plain();
  settings.max_traces = 20;
  std::uint64_t early = 0;
  for (std::uint64_t seed = 31; seed <= 38; ++seed)
    early += play(seed, settings).decided_early;
  BOOST_TEST(early > 0U);
}

// Scenario: the same with memory for some entries only, and for less than the index wants.
// Guarantee: packed bytes go first, within the limit; then the oldest are decided early; nothing
// else changes.
BOOST_AUTO_TEST_CASE(follows_the_model_with_little_memory) {
  std::uint64_t set_down = 0;
  std::uint64_t early = 0;
  for (std::uint64_t seed = 41; seed <= 48; ++seed) {
    auto settings = plain();
    settings.memory = seed % 2 == 0 ? 24'000 : 60'000;
    const auto counts = play(seed, settings);
    set_down += counts.entries_set_down;
    early += counts.decided_early;
  }
  BOOST_TEST(set_down > 0U);
  BOOST_TEST(early > 0U);
}

// Scenario: the same with a limit of 600 bytes a trace.
// Guarantee: larger ones are dropped at once, whatever the policies say.
BOOST_AUTO_TEST_CASE(follows_the_model_with_small_traces) {
  auto settings = plain();
  settings.max_trace_bytes = 600;
  std::uint64_t too_large = 0;
  for (std::uint64_t seed = 51; seed <= 58; ++seed)
    too_large += play(seed, settings).too_large;
  BOOST_TEST(too_large > 0U);
}

BOOST_AUTO_TEST_SUITE_END()
