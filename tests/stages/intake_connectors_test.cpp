#include "chains.hpp"
#include "connectors/spanmetrics.hpp"
#include "made_up_time.hpp"
#include "model_writer.hpp"
#include "stages/connections.hpp"
#include "stages/intake.hpp"
#include "stages/job_editor.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::stages;

namespace {

using status = net::otlp_reply::status;

struct client final : net::reply_handle::target {
  void reply(net::otlp_reply&& answer) override { answered = std::move(answer); }
  bool has_ok() const { return answered && answered->code == status::ok; }
  std::optional<net::otlp_reply> answered;
};

struct recorded_ports final : intake_ports {
  explicit recorded_ports(std::shared_ptr<test::model_disk> disk) : writer(std::move(disk)) {}
  void edit(std::vector<edit_job_ptr> more) override {
    for (auto& job : more)
      jobs.push_back(std::move(job));
  }
  void drop_edits() override {
    for (auto& job : jobs)
      job->refusal = "the node is stopping";
  }
  void write(const commit_ptr& work) override { writer.take(work); }
  void send_entry(const entry_ptr& entry) override { entries.push_back(entry); }
  void send_turn() override {}

  model_writer writer;
  std::vector<edit_job_ptr> jobs;
  std::vector<entry_ptr> entries;
};

/// A relay that makes a message of one item for each of its groups.
struct doubling final : connectors::relay {
  explicit doubling(std::size_t groups) : groups_(groups) {}
  connectors::relay_outcome make(weir::signal, std::string_view message, std::uint64_t items,
                                 const editing::request_context&,
                                 std::chrono::nanoseconds) const override {
    connectors::relay_outcome made;
    for (std::size_t g = 0; g < groups_; ++g)
      made.messages.push_back({g, std::string(message), items});
    return made;
  }
  std::size_t groups_;
};

std::string service_spans(char trace) {
  const auto name = field(1, "service.name") + field(2, field(1, "shop"));
  return field(1, field(1, field(1, name)) + field(2, named_span(trace, "get")));
}

// "in" (not stored) goes by connectors to "sampled", "log" and, as metrics, to "metrics".
struct fixture {
  fixture() { ids = {{1, "in"}, {2, "sampled"}, {3, "log"}, {4, "metrics"}}; }
  ~fixture() { ports->writer.drop_all(); }

  void start() {
    if (ports)
      ports->writer.drop_all();
    ports = std::make_shared<recorded_ports>(disk);
    config.pipelines.clear();
    config.receivers = {{"otlp", {0}, {}, {}}};
    config.handed = std::make_shared<net::byte_budget>(1 << 20);
    std::vector<connected_pipeline> pipelines;
    for (const auto& [id, name] : ids)
      pipelines.push_back({id, name, name == "metrics" ? signal::metrics : signal::traces,
                           name == "log" ? edits_of_log : nullptr,
                           name == "in" ? between : std::vector<std::string>{}});
    auto made = connect(pipelines, connections, "n1");
    config.meters = made.metering;
    for (std::size_t p = 0; p < pipelines.size(); ++p) {
      auto& tail = tails[pipelines[p].id];
      if (!tail)
        tail = std::make_shared<log_tail>(disk->log(pipelines[p].id).next, 1 << 20);
      config.pipelines.push_back({pipelines[p].id, pipelines[p].name, pipelines[p].signal,
                                  pipelines[p].name == "sampled", tail, pipelines[p].edits,
                                  made.passages[p], pipelines[p].connectors.empty(),
                                  made.meters[p]});
    }
    positions = std::make_shared<std::atomic<journal_position>>(disk->journal().next);
    uut.emplace(config, disk, positions, ports);
    auto first = std::make_shared<commit>();
    uut->begin(first->batch, now);
    if (!first->batch.empty()) {
      ports->write(first);
      ports->writer.write_all();
    }
  }

  void forward_and_route() {
    connections = {{"forward", "", {{signal::traces, nullptr, {{"sampled", "log"}}}}, nullptr, {}},
                   {"routing",
                    "",
                    {{signal::traces, std::make_shared<const doubling>(2), {{"log"}, {}}}},
                    nullptr,
                    {}}};
    between = {"forward", "routing"};
    start();
  }

  void measure(std::chrono::milliseconds interval = std::chrono::seconds(2)) {
    connectors::spanmetrics_config options;
    options.metrics_flush_interval = interval;
    connections = {{"spanmetrics",
                    "options",
                    {},
                    [options](const std::string& instance) {
                      return connectors::make_spanmetrics(options, instance);
                    },
                    {"metrics"}}};
    between = {"spanmetrics"};
    start();
  }

  std::shared_ptr<client> take(std::string body) {
    const auto asker = std::make_shared<client>();
    net::otlp_request request;
    request.body = std::move(body);
    request.reply = net::reply_handle(asker);
    std::vector<net::otlp_request> requests;
    requests.push_back(std::move(request));
    uut->take(requests, now);
    edit();
    return asker;
  }

  // All jobs are edited.
  void edit() {
    job_editor editor({});
    auto jobs = std::exchange(ports->jobs, {});
    for (auto& job : jobs)
      if (job->refusal.empty())
        BOOST_TEST(editor.edit(*job, {}) == nullptr);
    uut->edited(std::move(jobs), now);
  }

  void tick(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      now.steady += second_ns;
      now.wall += second_ns;
      uut->on_tick(now);
      edit();
    }
  }

  std::uint64_t blocks(pipeline_id id) { return disk->log(id).next; }
  std::uint64_t accepted(const std::string& pipeline) {
    return ledger_page(*disk, ledger_key(pipeline, "intake"), intake_counts)[accepted_spans];
  }

  moment now = beginning;
  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  std::vector<std::pair<pipeline_id, std::string>> ids;
  std::shared_ptr<const editing::chain> edits_of_log;
  std::vector<connection> connections;
  std::vector<std::string> between;
  std::map<pipeline_id, std::shared_ptr<log_tail>> tails;
  intake_config config;
  position_counter positions;
  std::shared_ptr<recorded_ports> ports;
  std::optional<intake> uut;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(intake_connectors_test, fixture)

// Scenario: a pipeline that goes to others by connectors alone. Guarantee: what they make is durable
// in one batch, before the client's OK; of the pipeline itself nothing is, and each ledger counts
// what came to it.
BOOST_AUTO_TEST_CASE(what_connectors_make_is_durable_with_the_request) {
  forward_and_route();
  const auto asker = take(service_spans('a'));
  BOOST_TEST(!asker->answered.has_value());
  BOOST_REQUIRE(ports->writer.waiting() == 1U);
  BOOST_TEST(blocks(3) == 0U);
  ports->writer.write_one();
  BOOST_TEST(asker->has_ok());
  BOOST_TEST(ports->entries.size() == 1U);
  BOOST_TEST(blocks(3) == 1U);
  BOOST_TEST(blocks(1) == 0U);
  BOOST_TEST(accepted("in") == 0U);
  BOOST_TEST(accepted("sampled") == 1U);
  BOOST_TEST(accepted("log") == 2U); // By both connectors.
}

// Scenario: processors behind a connector. Guarantee: they see what it made, and nobody else does.
BOOST_AUTO_TEST_CASE(pipelines_behind_have_processors) {
  edits_of_log = chain_of(R"(set(name, "other"))", "propagate");
  forward_and_route();
  take(service_spans('a'));
  ports->writer.write_all();
  BOOST_TEST(tails[3]->find(0)->body.view().find("other") != std::string_view::npos);
  BOOST_REQUIRE(ports->entries.size() == 1U);
  BOOST_TEST(ports->entries[0]->unpacked.find("other") == std::string::npos);
}

// Scenario: a request that is not OTLP. Guarantee: it is refused, and nothing of it goes anywhere.
BOOST_AUTO_TEST_CASE(malformed_requests_go_nowhere) {
  forward_and_route();
  const auto asker = take(field(1, field(2, "\xff")));
  BOOST_REQUIRE(asker->answered.has_value());
  BOOST_TEST((asker->answered->code == status::invalid));
  BOOST_TEST(ports->writer.waiting() == 0U);
}

// Scenario: spans are measured. Guarantee: clients have their OK; metrics are made at their time
// and go to their pipeline's log in a commit.
BOOST_AUTO_TEST_CASE(metrics_are_made_at_their_time) {
  measure();
  const auto asker = take(service_spans('a'));
  ports->writer.write_all();
  BOOST_TEST(asker->has_ok());
  tick(1);
  BOOST_TEST(ports->writer.waiting() == 0U);
  tick(1);
  BOOST_REQUIRE(ports->writer.waiting() == 1U);
  ports->writer.write_all();
  BOOST_TEST(blocks(4) == 1U);
  BOOST_TEST(tails[4]->find(0)->body.view().find("traces.span.metrics.calls")
             != std::string_view::npos);
  BOOST_TEST(accepted("metrics") == 2U); // Calls and durations.
  tick(2);
  ports->writer.write_all();
  BOOST_TEST(blocks(4) == 2U);
}

// Scenario: the disk takes nothing when metrics are due, and when they are on their way. Guarantee:
// they wait, and come once there is room.
BOOST_AUTO_TEST_CASE(metrics_wait_for_room) {
  measure();
  take(service_spans('a'));
  ports->writer.write_all();
  disk->set_full(true);
  tick(3);
  BOOST_TEST(ports->writer.waiting() == 0U);
  disk->set_full(false);
  now.steady += second_ns;
  uut->on_tick(now); // They are made, and the disk is full again before they are looked at.
  disk->set_full(true);
  edit();
  BOOST_TEST(ports->writer.waiting() == 0U);
  disk->set_full(false);
  tick(1);
  ports->writer.write_all();
  BOOST_TEST(blocks(4) == 1U);
}

// Scenario: a clean stop between two flushes, then a kill. Guarantee: after the stop series go on
// where they were; after the kill they begin anew, as what was saved is taken up once.
BOOST_AUTO_TEST_CASE(series_go_on_after_a_stop) {
  measure();
  take(service_spans('a'));
  ports->writer.write_all();
  uut->stop(now);
  BOOST_TEST(!uut->idle());
  ports->writer.write_all();
  uut->on_turn(now);
  BOOST_TEST(uut->idle());
  BOOST_TEST(blocks(4) == 0U);
  measure();
  BOOST_TEST(config.meters[0].meter->series() == 1U);
  tick(2);
  ports->writer.write_all();
  BOOST_TEST(blocks(4) == 1U);
  measure(); // Without a stop.
  BOOST_TEST(config.meters[0].meter->series() == 0U);
}

// Scenario: a stop while metrics are with processors. Guarantee: they are not lost.
BOOST_AUTO_TEST_CASE(metrics_on_their_way_outlive_a_stop) {
  measure();
  take(service_spans('a'));
  ports->writer.write_all();
  now.steady += 2 * second_ns;
  uut->on_tick(now);
  BOOST_REQUIRE(ports->jobs.size() == 1U);
  uut->stop(now);
  edit();
  edit();
  ports->writer.write_all();
  uut->on_turn(now);
  ports->writer.write_all();
  uut->on_turn(now);
  BOOST_TEST(blocks(4) == 1U);
  BOOST_TEST(uut->idle());
}

// Scenario: a reload with the same connector, then with others options. Guarantee: series go on; with
// others they begin anew, and what was held goes out before.
BOOST_AUTO_TEST_CASE(a_reload_keeps_series) {
  measure();
  take(service_spans('a'));
  ports->writer.write_all();
  auto next = config;
  next.meters[0].meter = connections[0].make_meter("n1");
  uut->change(std::make_shared<const intake_config>(next), now);
  BOOST_TEST(uut->changed());
  tick(2);
  ports->writer.write_all();
  BOOST_TEST(blocks(4) == 1U);
  next.meters[0].options = "others";
  uut->change(std::make_shared<const intake_config>(next), now);
  edit();
  ports->writer.write_all();
  BOOST_TEST(blocks(4) == 2U);
  tick(2);
  ports->writer.write_all();
  BOOST_TEST(blocks(4) == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
