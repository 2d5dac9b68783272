#pragma once

#include "blocks.hpp"
#include "codec/dead_letter.hpp"
#include "made_up_time.hpp"
#include "model_writer.hpp"
#include "otlp/carried.hpp"
#include "spans.hpp"
#include "stages/exporter.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>

namespace weir::stages::exporter_tests {

inline constexpr pipeline_id traces = 1;
inline constexpr auto backend = "otlp/backend";
using kind = backends::outcome::kind;

inline backends::outcome delivered() {
  return {};
}

inline backends::outcome answer_of(kind answer, std::string reason) {
  backends::outcome made{answer};
  made.reason = std::move(reason);
  return made;
}

// An exporter over a model of the disk; the back end is the test's, and so are the writer and time.
struct fixture : exporter_ports {
  fixture() {
    plan.config.id = backend;
    plan.config.retry.initial_interval = std::chrono::milliseconds(100);
    plan.config.retry.max_interval = std::chrono::milliseconds(500);
    plan.pipeline = traces;
    plan.pipeline_name = "traces";
    plan.seed = 1;
    storage::batch batch;
    batch.put_cursor(backend, traces, {0, 0});
    disk->commit(batch, true);
    plan.letters = std::make_shared<letter_box>(disk, traces, "traces");
  }

  // -- what the exporter says --

  void send(std::uint64_t id, backends::export_request request) override {
    ++requests;
    sent.push_back({id, std::move(request)});
  }
  void send_report(delivery_report report) override { reports.push_back(std::move(report)); }
  void write(const commit_ptr& work) override {
    writer.take(work, [this] {
      uut->written(now);
      pump();
    });
  }
  void pump_after(steady_ns pause) override { wake_at.push_back(now.steady + pause); }
  void look_after(steady_ns pause) override { look_at = now.steady + pause; }

  // -- what the test does --

  // A block, as if an earlier start had left it; or (`told`) as it becomes durable.
  void append(const std::string& message, std::uint32_t spans, bool told = false) {
    const auto made = block_of(message, spans, now.wall);
    const auto position = disk->log(traces).next;
    ledger_page page(*disk, ledger_key("traces", "log"), log_counts);
    page[appended_items] += spans;
    storage::batch batch;
    batch.append_block(traces, position, made.header.last_time, made.bytes);
    page.write(batch);
    disk->commit(batch, true);
    if (told)
      tail->append({position, made.header, shared_bytes(message)});
  }

  void fill(unsigned blocks, unsigned spans = 1, std::size_t noise = 100) {
    for (unsigned i = 0; i < blocks; ++i)
      append(some_spans(disk->log(traces).next, spans, noise), spans);
  }

  void start() {
    tail = std::make_shared<log_tail>(disk->log(traces).next, 0);
    uut.emplace(plan, disk, tail, *this, now);
    tick_at = now.steady + plan.cursor_interval / std::chrono::nanoseconds(1);
    pump();
  }

  // As a kill: what it had not written is not written.
  void kill() {
    uut.reset();
    writer = model_writer(disk);
    plan.letters = std::make_shared<letter_box>(disk, traces, "traces");
    sent.clear();
    reports.clear();
    wake_at.clear();
    look_at = 0;
  }

  void pump() {
    while (uut->pump(now)) {
    }
  }

  void finish(const delivery_report& report) {
    uut->finished(report, now);
    pump();
  }

  // The back end answers its oldest request.
  void answer_one(const backends::outcome& outcome) {
    BOOST_REQUIRE(!sent.empty());
    const auto id = sent.front().id;
    if (outcome.answer == kind::delivered)
      taken += sent.front().request.items;
    sent.pop_front();
    finish({id, outcome});
  }

  // Everything that happens without time passing, as far as back end and writer answer by
  // themselves.
  void settle() {
    for (unsigned answered = 0;;) {
      if (!reports.empty()) {
        const auto report = reports.front();
        reports.pop_front();
        finish(report);
      } else if (answers && !sent.empty() && answered < answers_at_once) {
        ++answered;
        answer_one(answers(sent.front().request));
      } else if (!writes || (!writes_copies && has_a_copy()) || !writer.write_one(now.steady)) {
        return;
      }
    }
  }

  // The commit that waits sets a request aside.
  bool has_a_copy() const {
    if (writer.waiting() == 0)
      return false;
    const auto& records = writer.batch().operations();
    return std::any_of(records.begin(), records.end(), [](const auto& record) {
      return record.key.find("aside/") != std::string::npos;
    });
  }

  // Time passes, with timers and ticks.
  void pass(steady_ns total) {
    constexpr auto step = 10 * millisecond_ns;
    for (settle(); total > 0; total -= step) {
      now = later(step, now);
      if (std::erase_if(wake_at, [this](steady_ns due) { return due <= now.steady; }) > 0)
        pump();
      if (look_at != 0 && look_at <= now.steady) {
        look_at = 0;
        uut->on_look_timer();
        pump();
      }
      if (tick_at <= now.steady) {
        tick_at = now.steady + plan.cursor_interval / std::chrono::nanoseconds(1);
        uut->tick(now);
        pump();
      }
      settle();
    }
  }

  log_position cursor() const { return disk->cursors(traces)->at(backend).position; }

  std::uint64_t counted(exporter_count which) const {
    return ledger_page(*disk, ledger_key("traces", backend), exporter_counts)[which];
  }

  codec::dead_letter_record letter(log_position position) const {
    return codec::read_dead_letter(disk->read_dead_letter(traces, position).value()).value();
  }

  // The first request ever is answered with `first`, all others are taken.
  void fails_first(const backends::outcome& first) {
    answers = [this, first](const backends::export_request& request) {
      if (first_message.empty())
        first_message = request.message.view();
      return request.message.view() == first_message ? first : delivered();
    };
  }

  void one_item_a_request(std::uint32_t consumers) {
    plan.batch = backends::batch_config{.max_items = 1};
    plan.config.queue.num_consumers = consumers;
  }

  struct sent_request {
    std::uint64_t id;
    backends::export_request request;
  };

  moment now = beginning;
  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  model_writer writer{disk};
  bool writes = true;        ///< The writer, by itself.
  bool writes_copies = true; ///< The same, of requests that are set aside.
  std::shared_ptr<log_tail> tail;
  exporter_plan plan;
  std::function<backends::outcome(const backends::export_request&)> answers = [](const auto&) {
    return delivered();
  };                                    ///< Null: not by itself.
  unsigned answers_at_once = 1'000'000; ///< Without time passing.
  std::deque<sent_request> sent;
  std::deque<delivery_report> reports;
  std::string first_message;
  std::uint64_t requests = 0, taken = 0; ///< Sent; items.
  std::vector<steady_ns> wake_at;
  steady_ns look_at = 0, tick_at = 0;
  std::optional<exporter> uut;
};

} // namespace weir::stages::exporter_tests
