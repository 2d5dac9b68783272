#pragma once

#include "blocks.hpp"
#include "chains.hpp"
#include "codec/dead_letter.hpp"
#include "made_up_time.hpp"
#include "model_writer.hpp"
#include "processors/where.hpp"
#include "spans.hpp"
#include "stages/replays.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>
#include <set>

namespace weir::stages::replay_tests {

inline constexpr pipeline_id traces = 1;
using kind = backends::outcome::kind;

inline backends::outcome delivered() {
  return {};
}

inline backends::outcome answer_of(kind answer, std::string reason) {
  backends::outcome made{answer};
  made.reason = std::move(reason);
  return made;
}

// The replays of a node over a model of its disk; the back end is the test's, and so are the writer
// and time.
struct fixture : replays_ports {
  fixture() {
    config.pipelines.push_back({traces, "traces", signal::traces, std::nullopt, letters});
    config.exporters.emplace_back();
    config.exporters.back().id = "otlp/new";
    config.exporters.back().retry.initial_interval = std::chrono::milliseconds(100);
    config.exporters.back().retry.max_interval = std::chrono::milliseconds(500);
    config.select = [](const replay_order& order, signal kind) -> result<selection_ptr> {
      if (order.where.empty())
        return selection_ptr();
      const auto made = processors::make_where(order.where, kind);
      if (!made)
        return tl::unexpected(made.error());
      return std::make_shared<const editing::chain>(
          std::vector<editing::chain::part>{{"--where", *made}});
    };
    config.seed = 1;
  }

  // -- what the replays say --

  result<void> open(replay_id, const backends::exporter_config&) override {
    ++opened;
    return {};
  }
  void close(replay_id) override { --opened; }
  void send(replay_id replay, std::uint64_t request, backends::export_request message) override {
    ++requests;
    sent.push_back({replay, request, std::move(message)});
  }
  void send_report(replay_id replay, delivery_report report) override {
    reports.emplace_back(replay, std::move(report));
  }
  void write(const commit_ptr& work, std::function<void()> written) override {
    writer.take(work, [this, written = std::move(written)] {
      written();
      pump();
    });
  }
  void pump_after(steady_ns pause) override { wake_at.push_back(now.steady + pause); }

  // -- what the test does --

  // A block with spans of the trace `number`, of that many seconds after the beginning.
  void append(std::uint64_t number, unix_ns second, std::uint32_t spans = 1) {
    const auto made =
        block_of(some_spans(number, spans, 100), spans, beginning.wall + second * second_ns);
    storage::batch batch;
    batch.append_block(traces, disk->log(traces).next, made.header.last_time, made.bytes);
    disk->commit(batch, true);
  }

  // A block a second.
  void fill(unsigned blocks, std::uint32_t spans = 1) {
    for (unsigned i = 0; i < blocks; ++i)
      append(disk->log(traces).next, disk->log(traces).next, spans);
  }

  replay_order order_of(unix_ns first_second, unix_ns end_second, replay_id id = 7) const {
    replay_order order;
    order.id = id;
    order.pipeline = "traces";
    order.exporter = "otlp/new";
    order.begin = beginning.wall + first_second * second_ns;
    order.end = beginning.wall + end_second * second_ns;
    return order;
  }

  void start() {
    uut = std::make_unique<replays>(config, disk, *this, now);
    pump();
  }

  // As a kill: what it had not written is not written.
  void kill() {
    writer.drop_all();
    uut.reset();
    sent.clear();
    reports.clear();
    wake_at.clear();
    opened = 0;
  }

  result<replay_view> begin(const replay_order& order) {
    result<replay_view> found = fail(errc::unavailable, "no answer");
    uut->start(order, now, [&](result<replay_view> view) { found = std::move(view); });
    writer.write_one(now.steady);
    return found;
  }

  using change = void (replays::*)(replay_id, moment, const replay_answer&);
  result<replay_view> change_to(change wanted, replay_id replay = 7) {
    const auto found = std::make_shared<result<replay_view>>(fail(errc::unavailable, "no answer"));
    (uut.get()->*wanted)(replay, now,
                         [found](result<replay_view> view) { *found = std::move(view); });
    settle();
    return *found;
  }

  void pump() {
    while (uut && uut->pump(now))
      uut->worked(work_ns, now);
  }

  void answer_one(const backends::outcome& outcome) {
    BOOST_REQUIRE(!sent.empty());
    const auto taken_now = sent.front();
    sent.pop_front();
    if (outcome.answer == kind::delivered) {
      taken += taken_now.message.items;
      messages.insert(std::string(taken_now.message.message.view()));
    }
    uut->finished(taken_now.replay, {taken_now.request, outcome}, now);
    pump();
  }

  // Everything that happens without time passing, as far as back end and writer answer by
  // themselves.
  void settle() {
    for (unsigned answered = 0;;) {
      if (!reports.empty()) {
        const auto [replay, report] = reports.front();
        reports.pop_front();
        uut->finished(replay, report, now);
        pump();
      } else if (answers && !sent.empty() && answered < answers_at_once) {
        ++answered;
        answer_one(answers(sent.front().message));
      } else if (!writes || !writer.write_one(now.steady)) {
        return;
      }
    }
  }

  void pass(steady_ns total) {
    constexpr auto step = 10 * millisecond_ns;
    for (settle(); total > 0; total -= step) {
      now = later(step, now);
      if (std::erase_if(wake_at, [this](steady_ns due) { return due <= now.steady; }) > 0)
        pump();
      if (tick_at <= now.steady) {
        tick_at = now.steady + second_ns;
        uut->tick(load, now);
        pump();
      }
      settle();
    }
  }

  replay_view view(replay_id id = 7) const {
    for (const auto& each : uut->all())
      if (each.record.order.id == id)
        return each;
    BOOST_FAIL("no such replay");
    return {};
  }
  replay_state state(replay_id id = 7) const { return view(id).record.state; }
  replay_counts counts(replay_id id = 7) const { return view(id).record.counts; }

  struct sent_request {
    replay_id replay;
    std::uint64_t request;
    backends::export_request message;
  };

  moment now = later(3600 * second_ns, beginning);
  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  std::shared_ptr<letter_box> letters = std::make_shared<letter_box>(disk, traces, "traces");
  model_writer writer{disk};
  bool writes = true; ///< The writer, by itself.
  replays_config config;
  live_load load;
  steady_ns work_ns = 0; ///< What a piece of work takes.
  std::function<backends::outcome(const backends::export_request&)> answers = [](const auto&) {
    return delivered();
  };                                    ///< Null: not by itself.
  unsigned answers_at_once = 1'000'000; ///< Without time passing.
  std::deque<sent_request> sent;
  std::deque<std::pair<replay_id, delivery_report>> reports;
  std::multiset<std::string> messages; ///< Taken.
  std::uint64_t requests = 0, taken = 0;
  int opened = 0;
  std::vector<steady_ns> wake_at;
  steady_ns tick_at = 0;
  std::unique_ptr<replays> uut;
};

} // namespace weir::stages::replay_tests
