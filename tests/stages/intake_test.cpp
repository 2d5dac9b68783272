#include "stages/intake.hpp"

#include "chains.hpp"
#include "codec/hash.hpp"
#include "made_up_time.hpp"
#include "model_writer.hpp"
#include "spans.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::stages;

namespace {

constexpr pipeline_id traces = 1;
using status = net::otlp_reply::status;

// Keeps the answer of a client.
struct client final : net::reply_handle::target {
  void reply(net::otlp_reply&& answer) override {
    BOOST_TEST(!answered.has_value());
    answered = std::move(answer);
  }
  bool has_ok() const { return answered && answered->code == status::ok; }

  std::optional<net::otlp_reply> answered;
};
using client_ptr = std::shared_ptr<client>;

struct recorded_ports final : intake_ports {
  explicit recorded_ports(std::shared_ptr<test::model_disk> disk) : writer(std::move(disk)) {}

  void edit(std::vector<edit_job_ptr> more) override {
    for (auto& job : more)
      jobs.push_back(std::move(job));
  }
  void drop_edits() override { ++dropped_edits; }
  void write(const commit_ptr& work) override { writer.take(work); }
  void send_entry(const entry_ptr& entry) override { entries.push_back(entry); }
  void send_turn() override { ++turns; }

  model_writer writer;
  std::vector<edit_job_ptr> jobs;
  unsigned dropped_edits = 0, turns = 0;
  std::vector<entry_ptr> entries;
};

// An intake with a receiver and, at first, one sampled pipeline; the test is everybody else.
struct fixture {
  fixture() {
    config.pipelines.push_back({traces, "traces", signal::traces, true, nullptr, nullptr});
    config.receivers.push_back({"otlp", {0}, {}, {}});
    config.handed = std::make_shared<net::byte_budget>(1 << 20);
    start();
  }

  ~fixture() { ports->writer.drop_all(); }

  void start() {
    if (ports)
      ports->writer.drop_all();
    ports = std::make_shared<recorded_ports>(disk);
    positions = std::make_shared<std::atomic<journal_position>>(disk->journal().next);
    uut.emplace(config, disk, positions, ports);
  }

  // The same pipeline without sampling.
  void start_passing_on() {
    tail = std::make_shared<log_tail>(disk->log(traces).next, 1 << 20);
    config.pipelines[0].sampled = false;
    config.pipelines[0].tail = tail;
    start();
  }

  void start_editing(const std::string& statement) {
    config.pipelines[0].edits = chain_of(statement, "propagate");
    start();
  }

  client_ptr take(std::string body) {
    const auto asker = std::make_shared<client>();
    net::otlp_request request;
    request.body = std::move(body);
    request.arrived = now.steady;
    request.reply = net::reply_handle(asker);
    std::vector<net::otlp_request> requests;
    requests.push_back(std::move(request));
    uut->take(requests, now);
    return asker;
  }

  // The processors are done with the job of this number.
  void edit(std::size_t number, const std::string& refusal = "") {
    auto job = std::move(ports->jobs.at(number));
    request_editor editor({});
    for (auto& part : job->parts)
      part.made = editor.edit(part.edits, signal::traces, job->request.body, job->context, {});
    job->refusal = refusal;
    std::vector<edit_job_ptr> done;
    done.push_back(std::move(job));
    uut->edited(std::move(done), now);
  }

  model_writer& writer() { return ports->writer; }

  std::uint64_t received(intake_count which) const {
    return ledger_page(*disk, ledger_key("traces", "intake"), intake_counts)[which];
  }

  moment now = beginning;
  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  intake_config config;
  position_counter positions;
  std::shared_ptr<log_tail> tail;
  std::shared_ptr<recorded_ports> ports;
  std::optional<intake> uut;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(intake_test, fixture)

// -- commits --

// Scenario: a request with two traces. Guarantee: OK only when it is durable, and to the origin
// only then, with its bytes and what they hold; the ledger counts it in the same batch.
BOOST_AUTO_TEST_CASE(a_client_has_its_answer_when_it_is_durable) {
  const auto asker = take(some_spans(1, 2, 10, 'a') + some_spans(2, 1, 10, 'b'));
  BOOST_TEST(!asker->answered.has_value());
  BOOST_TEST(ports->entries.empty());
  BOOST_TEST(!uut->idle());
  BOOST_REQUIRE(writer().waiting() == 1U);
  BOOST_TEST(writer().syncs());
  writer().write_one();
  BOOST_TEST(asker->has_ok());
  BOOST_TEST(asker->answered->rejected == 0U);
  BOOST_REQUIRE(ports->entries.size() == 1U);
  const auto& entry = *ports->entries[0];
  BOOST_TEST(entry.header.spans == 3U);
  BOOST_TEST(entry.settled.slots() == 2U);
  BOOST_TEST(entry.index.spans.size() == 3U);
  BOOST_TEST(entry.received == now.steady);
  BOOST_TEST(entry.handed_bytes == entry.packed.size() + entry.unpacked.size());
  const auto bytes = disk->read_entry(entry.position).value();
  BOOST_TEST((codec::read_entry(bytes)->payload == entry.packed.view()));
  BOOST_TEST(received(accepted_spans) == 3U);
  BOOST_TEST(uut->idle());
  BOOST_TEST(ports->turns == 1U); // For who asked whether it was idle.
}

// Scenario: requests keep coming while the disk is slow. Guarantee: two commits are in flight; what
// comes meanwhile goes together in the next, as soon as one is over, of which the stage is told
// then.
BOOST_AUTO_TEST_CASE(two_commits_are_in_flight_at_most) {
  std::vector<client_ptr> askers;
  for (std::uint64_t i = 0; i < 10; ++i)
    askers.push_back(take(some_spans(i, 1, 10)));
  BOOST_TEST(writer().waiting() == 2U);
  writer().write_one();
  BOOST_TEST(ports->turns == 1U);
  BOOST_TEST(writer().waiting() == 1U);
  uut->on_turn(now);
  BOOST_TEST(writer().waiting() == 2U);
  writer().write_all();
  for (const auto& asker : askers)
    BOOST_TEST(asker->has_ok());
  BOOST_REQUIRE(ports->entries.size() == 3U);
  BOOST_TEST(ports->entries[2]->header.spans == 8U);
  for (std::size_t i = 0; i < 3; ++i) {
    BOOST_TEST(ports->entries[i]->position == i);
    BOOST_TEST(ports->entries[i]->header.id.sequence == i + 1);
  }
  const auto turns = ports->turns;
  uut->on_turn(now); // One too many.
  BOOST_TEST(writer().waiting() == 0U);
  BOOST_TEST(ports->turns == turns);
}

// Scenario: the budget between intake and origin is used up; then some is given back. Guarantee:
// entries go to the origin by their header alone meanwhile, which is in the journal; nobody is
// refused.
BOOST_AUTO_TEST_CASE(what_has_no_room_in_memory_goes_by_its_header) {
  config.handed = std::make_shared<net::byte_budget>(3000);
  start();
  for (std::uint64_t i = 0; i < 3; ++i) {
    const auto asker = take(some_spans(i, 1, 1000));
    writer().write_all();
    BOOST_TEST(asker->has_ok());
  }
  BOOST_REQUIRE(ports->entries.size() == 3U);
  BOOST_TEST(ports->entries[0]->handed_bytes == config.handed->used());
  for (std::size_t i = 1; i < 3; ++i) {
    BOOST_TEST(ports->entries[i]->handed_bytes == 0U);
    BOOST_TEST(ports->entries[i]->unpacked.empty());
    BOOST_TEST(ports->entries[i]->packed.empty());
    BOOST_TEST(ports->entries[i]->settled.slots() == 1U);
    BOOST_TEST(disk->read_entry(i).has_value());
  }
  config.handed->give(config.handed->used());
  take(some_spans(9, 1, 1000));
  writer().write_all();
  BOOST_TEST(ports->entries.back()->handed_bytes > 0U);
}

// Scenario: a request of 5 MiB, where entries have 256 KiB and 1 MiB at most. Guarantee: it is cut,
// and acknowledged as one.
BOOST_AUTO_TEST_CASE(a_large_request_is_several_entries) {
  config.handed = std::make_shared<net::byte_budget>(64 << 20);
  start();
  const auto asker = take(some_spans(1, 50, 100 << 10));
  BOOST_TEST(writer().waiting() == 1U);
  writer().write_all();
  BOOST_TEST(asker->has_ok());
  BOOST_TEST(ports->entries.size() >= 5U);
  std::uint64_t spans = 0;
  for (const auto& entry : ports->entries) {
    spans += entry->header.spans;
    BOOST_TEST(entry->unpacked.size() <= entry_hard_limit + (110 << 10));
  }
  BOOST_TEST(spans == 50U);
}

// Scenario: a pipeline without sampling, two commits, and another start. Guarantee: blocks stand in
// the log when clients are answered, and in the tail from then on; numbers and counts go on.
BOOST_AUTO_TEST_CASE(what_is_passed_on_goes_into_the_log) {
  start_passing_on();
  const auto body = some_spans(1, 3, 10);
  const auto asker = take(body);
  take(some_spans(2, 1, 10));
  BOOST_TEST(tail->next() == 0U);
  writer().write_all();
  BOOST_TEST(asker->has_ok());
  BOOST_TEST(tail->next() == 2U);
  BOOST_TEST((tail->find(0)->body.view() == body));
  BOOST_TEST(ports->entries.empty());
  start_passing_on();
  take(some_spans(3, 1, 10));
  writer().write_all();
  BOOST_TEST(disk->log(traces).next == 3U);
  const ledger_page logged(*disk, ledger_key("traces", "log"), log_counts);
  BOOST_TEST(logged[kept_items] == 5U);
  BOOST_TEST(logged[appended_items] == 5U);
  BOOST_TEST(received(accepted_spans) == 5U);
}

// Scenario: a receiver with two pipelines, one of which samples. Guarantee: both have it, in one
// batch.
BOOST_AUTO_TEST_CASE(each_pipeline_of_a_receiver_has_a_request) {
  tail = std::make_shared<log_tail>(0, 1 << 20);
  config.pipelines.push_back({2, "traces/all", signal::traces, false, tail, nullptr});
  config.receivers[0].traces = {0, 1};
  start();
  const auto asker = take(some_spans(1, 2, 10));
  BOOST_TEST(writer().waiting() == 1U);
  writer().write_one();
  BOOST_TEST(asker->has_ok());
  BOOST_TEST(ports->entries.size() == 1U);
  BOOST_TEST(tail->next() == 1U);
}

// Scenario: a kill before a commit is written; the next start. Guarantee: no client had an OK; ids
// of another epoch go on.
BOOST_AUTO_TEST_CASE(what_was_not_written_was_promised_to_nobody) {
  const auto asker = take(some_spans(1, 1, 10));
  writer().drop_all();
  uut.reset();
  BOOST_TEST(!asker->has_ok());
  disk->crash();
  start();
  take(some_spans(1, 1, 10));
  writer().write_all();
  BOOST_TEST(ports->entries[0]->header.id.epoch == 2U);
  BOOST_TEST(received(accepted_spans) == 1U);
}

// Scenario: a disk that does not answer for a while, and three times what may be gathered, in
// requests of nearly 1 MiB that do not pack. Guarantee: what is gathered ends at the limit (by
// default 32 MiB) and a request, the rest waits as it came; all of it is durable in the end, in
// batches of no more.
BOOST_AUTO_TEST_CASE(what_is_gathered_is_bounded) {
  constexpr std::size_t request_bytes = 1000 << 10;
  const auto limit = config.max_gathered_bytes + request_bytes + (1 << 10);
  std::vector<client_ptr> clients;
  for (std::size_t i = 0; i * request_bytes < 3 * config.max_gathered_bytes; ++i)
    clients.push_back(take(some_spans(i, 1, request_bytes)));
  BOOST_TEST(writer().waiting() == 2U);
  const auto gathered = metrics::intake_gathered_bytes.with().Value();
  BOOST_TEST(gathered >= static_cast<double>(config.max_gathered_bytes));
  BOOST_TEST(gathered <= static_cast<double>(limit));
  while (writer().waiting() > 0) {
    BOOST_TEST(writer().batch().bytes() <= limit + (64 << 10)); // with its keys
    writer().write_one();
    uut->on_turn(now);
  }
  for (const auto& each : clients)
    BOOST_TEST(each->has_ok());
  BOOST_TEST(uut->idle());
}

// -- what is refused --

// Scenario: bytes that are no request; one with a bad span among good ones; one with bad ones
// alone. Guarantee: the first is invalid, the second is taken with a count and a reason, the third
// is answered without a commit.
BOOST_AUTO_TEST_CASE(bad_requests_are_answered_with_what_is_wrong) {
  const auto good = named_span('a', "n");
  const auto bad = named_span('\0', "n");
  const auto broken = take(request_of(good).substr(0, 20));
  BOOST_TEST((broken->answered->code == status::invalid));
  const auto none = take(request_of(bad));
  BOOST_TEST(none->has_ok());
  BOOST_TEST(none->answered->rejected == 1U);
  BOOST_TEST(writer().waiting() == 0U);
  const auto some = take(request_of(good + bad));
  writer().write_all();
  BOOST_TEST(some->has_ok());
  BOOST_TEST(some->answered->rejected == 1U);
  BOOST_TEST(some->answered->message == "1 span rejected: 1 without a valid trace id");
  BOOST_TEST(received(accepted_spans) == 1U);
}

// Scenario: the quota is reached; the pipeline of a receiver is gone. Guarantee: clients are to
// come again, with the reason; nothing is written.
BOOST_AUTO_TEST_CASE(without_room_clients_come_again) {
  disk->set_full(true);
  const auto early = take(some_spans(1, 1, 10));
  BOOST_TEST((early->answered->code == status::unavailable));
  BOOST_TEST(early->answered->message == storage::short_reason(storage::refusal::disk));
  disk->set_full(false);
  config.receivers[0].traces.clear();
  start();
  const auto lost = take(some_spans(1, 1, 10));
  BOOST_TEST((lost->answered->code == status::unavailable));
  BOOST_TEST(lost->answered->message == "the pipeline is gone");
  BOOST_TEST(writer().waiting() == 0U);
}

// -- processors --

// Scenario: two requests for processors, which come back in another order. Guarantee: each is
// journaled as it was left; what was removed is counted; one of which nothing is left is answered
// without a commit.
BOOST_AUTO_TEST_CASE(requests_come_back_from_processors_in_any_order) {
  start_editing(R"(set(name, 1 / 0) where name == "bad")");
  const auto first = take(request_of(named_span('a', "good")));
  const auto second = take(request_of(named_span('b', "bad")));
  BOOST_TEST(writer().waiting() == 0U);
  BOOST_TEST(!uut->idle());
  BOOST_REQUIRE(ports->jobs.size() == 2U);
  edit(1);
  BOOST_TEST(second->has_ok());
  BOOST_TEST(second->answered->rejected == 1U);
  BOOST_TEST(second->answered->message.find("division by 0") != std::string::npos);
  BOOST_TEST(writer().waiting() == 0U);
  edit(0);
  writer().write_all();
  BOOST_TEST(first->has_ok());
  BOOST_TEST(received(accepted_spans) == 2U);
  BOOST_TEST(received(removed_spans) == 1U);
  BOOST_TEST(ports->entries.at(0)->header.spans == 1U);
  BOOST_TEST(uut->idle());
}

// Scenario: processors refuse a request for want of time; another is no request; the pipeline of a
// third goes while it is with them. Guarantee: the first and the third are to come again, the
// second is invalid.
BOOST_AUTO_TEST_CASE(what_processors_cannot_do_is_said) {
  start_editing(R"(set(name, "x"))");
  const auto slow = take(request_of(named_span('a', "n")));
  const auto broken = take(request_of(named_span('a', "n")).substr(0, 20));
  const auto late = take(request_of(named_span('a', "n")));
  edit(0, "too many wait");
  BOOST_TEST((slow->answered->code == status::unavailable));
  BOOST_TEST(slow->answered->message == "too many wait");
  edit(1);
  BOOST_TEST((broken->answered->code == status::invalid));
  auto wanted = config;
  wanted.pipelines.clear();
  wanted.receivers[0].traces.clear();
  uut->change(std::make_shared<const intake_config>(wanted), now);
  edit(2);
  BOOST_TEST((late->answered->code == status::unavailable));
  BOOST_TEST(writer().waiting() == 0U);
  BOOST_TEST(uut->idle());
}

// -- reload and stop --

// Scenario: the pipeline becomes another one while two commits are in flight and a request is
// gathered, then it comes back. Guarantee: the change waits for its turn; what was taken goes where
// it was to go; counts of the pipeline that comes back go on.
BOOST_AUTO_TEST_CASE(a_change_waits_for_what_is_gathered) {
  for (std::uint64_t i = 0; i < 3; ++i)
    take(some_spans(i, 1, 10));
  auto wanted = config;
  wanted.pipelines[0].id = 2;
  wanted.pipelines[0].name = "traces/other";
  uut->change(std::make_shared<const intake_config>(wanted), now);
  BOOST_TEST(!uut->changed());
  writer().write_one();
  uut->on_turn(now);
  BOOST_TEST(uut->changed());
  writer().write_all();
  take(some_spans(7, 1, 10));
  writer().write_all();
  std::vector<pipeline_id> pipelines;
  for (const auto& entry : ports->entries)
    pipelines.push_back(entry->header.pipeline);
  BOOST_TEST((pipelines == std::vector<pipeline_id>{1, 1, 1, 2}));
  uut->change(std::make_shared<const intake_config>(config), now);
  BOOST_TEST(uut->changed()); // Nothing is gathered.
  take(some_spans(8, 1, 10));
  writer().write_all();
  BOOST_TEST(received(accepted_spans) == 4U);
}

// Scenario: a reload brings processors while a request waits for room, two commits being in flight.
// Guarantee: it passes through them, as they may take out what must not reach the disk.
BOOST_AUTO_TEST_CASE(what_waits_passes_through_processors_that_come) {
  config.max_gathered_bytes = 1;
  start();
  for (std::uint64_t i = 0; i < 3; ++i)
    take(some_spans(i, 1, 10));
  const auto asker = take(some_spans(3, 1, 10));
  auto wanted = config;
  wanted.pipelines[0].edits = chain_of(R"(set(attributes["seen"], true))", "propagate");
  uut->change(std::make_shared<const intake_config>(wanted), now);
  BOOST_TEST(ports->jobs.empty());
  writer().write_one();
  uut->on_turn(now);
  BOOST_TEST(uut->changed());
  BOOST_REQUIRE(ports->jobs.size() == 1U);
  BOOST_TEST(!uut->idle());
  edit(0);
  writer().write_all();
  uut->on_turn(now);
  writer().write_all();
  BOOST_TEST(asker->has_ok());
  BOOST_REQUIRE(ports->entries.size() == 4U);
  BOOST_TEST(ports->entries[3]->unpacked.find("seen") != std::string::npos);
  BOOST_TEST(uut->idle());
}

// Scenario: a reload that leaves the pipelines as they are, while a commit of one without sampling
// is in flight. Guarantee: its counts and the places in its log go on from there, not from what is
// durable.
BOOST_AUTO_TEST_CASE(a_pipeline_that_stays_goes_on) {
  start_passing_on();
  take(some_spans(1, 1, 10));
  uut->change(std::make_shared<const intake_config>(config), now);
  BOOST_TEST(uut->changed());
  take(some_spans(2, 1, 10));
  writer().write_all();
  BOOST_TEST(disk->log(traces).next == 2U);
  BOOST_TEST(received(accepted_spans) == 2U);
}

// Scenario: it stops with requests gathered, and one with processors. Guarantee: processors are
// told to let go; it is idle when all of it is answered, not before.
BOOST_AUTO_TEST_CASE(it_stops_when_everybody_is_answered) {
  start_editing(R"(set(name, "x"))");
  std::vector<client_ptr> askers;
  for (int i = 0; i < 4; ++i)
    askers.push_back(take(request_of(named_span('a', "n"))));
  for (std::size_t job = 0; job < 3; ++job)
    edit(job);
  BOOST_TEST(writer().waiting() == 2U);
  uut->stop(now);
  BOOST_TEST(ports->dropped_edits == 1U);
  BOOST_TEST(!uut->idle());
  edit(3, "the node is stopping");
  BOOST_TEST(!uut->idle());
  for (unsigned told = 0; writer().write_one();) {
    BOOST_TEST(ports->turns > told);
    told = ports->turns;
    uut->on_turn(now);
    BOOST_TEST(uut->idle() == (writer().waiting() == 0));
  }
  BOOST_TEST(uut->idle());
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(askers[static_cast<std::size_t>(i)]->has_ok());
  BOOST_TEST((askers[3]->answered->code == status::unavailable));
}

// Scenario: the counts of an earlier start cannot be read. Guarantee: it does not begin anew.
BOOST_AUTO_TEST_CASE(it_does_not_start_without_its_counts) {
  disk->refuse_meta(true);
  BOOST_CHECK_THROW(start(), std::runtime_error);
}

// -- owners --

// Scenario: two nodes own the traces of a request; then others do, while one is gathered. Guarantee:
// an entry to each owner, in one commit, with one answer, and their partitions go to the origin, with
// the spans of what is this node's and the journal's bytes of what is not; the owners of when it is
// flushed count.
BOOST_AUTO_TEST_CASE(requests_are_split_by_owner) {
  const auto owners_of = [](node_id first, node_id second) {
    std::vector<node_id> owners(partition_count, first);
    owners[codec::partition_of(trace_id::from(std::string(16, 'b')))] = second;
    return std::make_shared<const std::vector<node_id>>(owners);
  };
  const auto both = some_spans(1, 2, 10, 'a') + some_spans(2, 1, 10, 'b');
  const auto self = disk->node();
  config.owners = owners_of(self, self + 1);
  start();
  const auto asker = take(both);
  BOOST_TEST(!asker->answered.has_value());
  writer().write_one();
  BOOST_TEST(asker->has_ok());
  BOOST_TEST(writer().waiting() == 0U);
  BOOST_REQUIRE(ports->entries.size() == 2U);
  for (const auto& entry : ports->entries) {
    BOOST_REQUIRE(entry->partitions.size() == 1U);
    const bool here =
        entry->partitions[0] == codec::partition_of(trace_id::from(std::string(16, 'a')));
    BOOST_TEST(entry->index.spans.size() == (here ? 2U : 0U));
    BOOST_TEST(entry->unpacked.empty() == !here);
    const auto bytes = disk->read_entry(entry->position).value();
    BOOST_TEST(entry->to_send.view() == (here ? "" : bytes));
    BOOST_TEST(entry->handed_bytes
               == (here ? entry->packed.size() + entry->unpacked.size() : bytes.size()));
  }
  BOOST_TEST(ports->entries[0]->header.spans + ports->entries[1]->header.spans == 3U);
  uut->change_owners(owners_of(self + 2, self + 2));
  take(both);
  writer().write_all();
  BOOST_REQUIRE(ports->entries.size() == 3U);
  BOOST_TEST(ports->entries[2]->partitions.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
