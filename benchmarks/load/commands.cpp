#include "benchmarks/load/commands.hpp"

#include "benchmarks/load/check.hpp"
#include "benchmarks/load/grpc.hpp"
#include "benchmarks/load/player.hpp"
#include "benchmarks/load/records.hpp"
#include "benchmarks/load/report.hpp"
#include "benchmarks/load/shop.hpp"
#include "benchmarks/load/sink.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <unistd.h>

namespace weir::load {

namespace {

constexpr int cannot = 2;

int complain(const error& e) {
  fmt::print(stderr, "weir-load: {}\n", e.message);
  return cannot;
}

/// Where the traffic comes from: a file, or the shop.
struct source_options {
  std::string file;
  shop_config shop;
  std::size_t spans_per_request = 512;

  void add_shop(CLI::App& command) {
    command.add_option("--seed", shop.seed, "Seed of the made-up shop")->capture_default_str();
    command.add_option("--traces", shop.traces, "Traces of the made-up shop")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    command.add_option("--payload", shop.payload_bytes,
                       "Random bytes that each of its spans carries");
  }

  void add(CLI::App& command) {
    command
        .add_option("--spans-per-request", spans_per_request, "At most this many spans a request")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
  }

  result<traffic> load() const {
    if (file.empty()) {
      const auto messages = generate_shop(shop);
      return cut_requests({messages.begin(), messages.end()}, spans_per_request);
    }
    const auto unpacked = read_unpacked(file);
    if (!unpacked)
      return tl::unexpected(unpacked.error());
    return split_records(*unpacked).and_then(
        [&](const auto& records) { return cut_requests(records, spans_per_request); });
  }
};

/// "host:port" into its two parts.
void split_endpoint(const std::string& endpoint, std::string& host, std::string& port) {
  const auto colon = endpoint.rfind(':');
  if (colon == std::string::npos)
    throw CLI::ValidationError("endpoint", "expected host:port, found '" + endpoint + "'");
  host = endpoint.substr(0, colon);
  port = endpoint.substr(colon + 1);
  // What the system makes of larger numbers is another port.
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != port.npos
      || std::stoul(port) > 65'535)
    throw CLI::ValidationError("endpoint", "expected a port up to 65535, found '" + port + "'");
}

int generate(const source_options& source, const std::string& out) {
  const auto requests = source.load();
  if (!requests)
    return complain(requests.error());
  auto writer = record_writer::create(out);
  if (!writer)
    return complain(writer.error());
  std::uint64_t bytes = 0;
  for (const auto& request : requests->requests) {
    if (const auto done = writer->add(request.bytes); !done)
      return complain(done.error());
    bytes += request.bytes.size();
  }
  if (const auto done = writer->finish(); !done)
    return complain(done.error());
  fmt::print("{}: {} spans in {} requests, {} bytes unpacked\n", out, requests->spans,
             requests->requests.size(), bytes);
  return 0;
}

struct play_options {
  source_options source;
  player_config player;
  std::vector<std::string> endpoints = {"127.0.0.1:4317"};
  std::string acked;
  double seconds = 0;
  bool json = false;
};

int play(play_options& options) {
  const auto requests = options.source.load();
  if (!requests)
    return complain(requests.error());
  std::optional<tally_writer> notes;
  if (!options.acked.empty()) {
    auto created = tally_writer::create(options.acked);
    if (!created)
      return complain(created.error());
    notes.emplace(std::move(*created));
  }
  asio::io_context io(1);
  player player(io, options.player, *requests, notes ? &*notes : nullptr);
  const auto summary = player.run();
  if (!summary)
    return complain(summary.error());
  fmt::print("{}", options.json ? to_json(*summary) + "\n" : to_table(*summary));
  return summary->failed_spans == 0 ? 0 : 1;
}

int run_sink(const sink_config& config) {
  asio::io_context io(1);
  sink sink(io, config);
  const auto address = sink.listen();
  if (!address)
    return complain(address.error());
  fmt::print("listening on {}\n", *address);
  std::fflush(stdout);
  fmt::print("{}\n", to_json(sink.run()));
  return 0;
}

struct check_options {
  std::string acked, seen, reference;
  bool keep_all = false, whole_or_absent = false, json = false;
};

int check(const check_options& options) {
  const auto acked = read_tally(options.acked);
  const auto seen = acked ? read_tally(options.seen) : acked;
  if (!seen)
    return complain(seen.error());
  const auto reference = options.reference.empty() ? seen : read_tally(options.reference);
  if (!reference)
    return complain(reference.error());
  const auto result = compare(*acked, *seen, options.reference.empty() ? nullptr : &*reference);
  fmt::print("{}", options.json ? to_json(result) + "\n" : to_table(result));
  const auto bad = result.foreign > 0 || (options.keep_all && result.missing > 0)
                   || (options.whole_or_absent && result.traces_part > 0)
                   || result.decided_otherwise.value_or(0) > 0;
  return bad ? 1 : 0;
}

} // namespace

void add_generate(CLI::App& app, int& status) {
  auto& command = *app.add_subcommand("generate", "Writes the traffic of a made-up shop to a file");
  const auto source = std::make_shared<source_options>();
  const auto out = std::make_shared<std::string>();
  source->add_shop(command);
  source->add(command);
  command.add_option("--out", *out, "File to write")->required();
  command.callback([=, &status] { status = generate(*source, *out); });
}

void add_play(CLI::App& app, int& status) {
  auto& command =
      *app.add_subcommand("play", "Sends recorded or generated traces to an OTLP server");
  const auto options = std::make_shared<play_options>();
  auto& player = options->player;
  options->source.add_shop(command);
  options->source.add(command);
  command.add_option("--file", options->source.file,
                     "Recorded traces; without it the shop is played");
  command
      .add_option("--endpoint", options->endpoints,
                  "host:port; several: the requests go to all of them")
      ->capture_default_str();
  command.add_option("--protocol", player.protocol, "grpc or http")
      ->transform(CLI::CheckedTransformer(std::map<std::string, player_config::protocol_kind>{
          {"grpc", player_config::protocol_kind::grpc},
          {"http", player_config::protocol_kind::http}}));
  command.add_option("--compression", player.compression, "none, gzip, zstd, snappy")
      ->capture_default_str()
      ->check(CLI::IsMember({"none", "gzip", "zstd", "snappy"}));
  command.add_option("--connections", player.connections, "Connections")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--in-flight", player.in_flight, "Requests under way on each (HTTP: 1)")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--rate", player.spans_per_second, "Spans a second; 0: as fast as possible")
      ->capture_default_str();
  command.add_option("--rounds", player.rounds, "How often; 0: until --duration is over")
      ->capture_default_str();
  command
      .add_option("--first-round", player.first_round,
                  "Number of the first round; each has trace ids of its own")
      ->capture_default_str();
  command.add_option("--duration", options->seconds, "Seconds to play at most; 0: no limit");
  command.add_option("--timeout", player.timeout, "Of an attempt, in ms")->capture_default_str();
  command.add_option("--initial-backoff", player.initial_backoff, "In ms")->capture_default_str();
  command.add_option("--max-backoff", player.max_backoff, "In ms")->capture_default_str();
  command
      .add_option("--max-elapsed", player.max_elapsed,
                  "A request is given up after this, in ms; 0: never")
      ->capture_default_str();
  command.add_option("--acked", options->acked, "Note here what was sent and acknowledged");
  command.add_flag("--json", options->json, "Print the summary as JSON");
  command.callback([=, &status] {
    auto& chosen = *options;
    chosen.player.servers.clear();
    for (const auto& endpoint : chosen.endpoints) {
      auto& server = chosen.player.servers.emplace_back();
      split_endpoint(endpoint, server.host, server.port);
    }
    chosen.player.duration = milliseconds(static_cast<std::int64_t>(chosen.seconds * 1000));
    chosen.player.progress = ::isatty(STDERR_FILENO) == 1;
    status = play(chosen);
  });
}

void add_sink(CLI::App& app, int& status) {
  auto& command = *app.add_subcommand(
      "sink",
      "Takes OTLP/gRPC in, counts, and refuses or stalls when told to; ends at SIGTERM with a "
      "summary. SIGUSR1 toggles the stall, SIGUSR2 refusing everything");
  const auto config = std::make_shared<sink_config>();
  const auto listen = std::make_shared<std::string>("127.0.0.1:4317");
  const auto code = std::make_shared<std::string>("UNAVAILABLE");
  command.add_option("--listen", *listen, "host:port; port 0 is any free one")
      ->capture_default_str();
  command.add_option("--record", config->record, "Note the ids of every span here");
  command.add_option("--fail-rate", config->fail_rate, "Share of requests to refuse, 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--fail-with", *code, "gRPC status of refusals")->capture_default_str();
  command.add_option("--retry-after", config->retry_after, "RetryInfo of refusals in ms; 0: none");
  command.add_option("--rate", config->spans_per_second,
                     "Spans a second to answer at most; 0: no limit");
  command.add_flag("--stall", config->stalled, "Begin stalled");
  command.add_flag("--control", config->control,
                   "Take commands on standard input: stall, go, fail RATE, fail-with NUMBER, "
                   "retry-after MS, rate SPANS");
  command.callback([=, &status] {
    split_endpoint(*listen, config->host, config->port);
    const auto number = grpc_status_code(*code);
    if (!number)
      throw CLI::ValidationError("--fail-with", "no gRPC status is named " + *code);
    config->fail_with = *number;
    status = run_sink(*config);
  });
}

void add_check(CLI::App& app, int& status) {
  auto& command =
      *app.add_subcommand("check", "Compares what play had acknowledged with what sink saw");
  const auto options = std::make_shared<check_options>();
  command.add_option("--acked", options->acked, "File written by play")->required();
  command.add_option("--seen", options->seen, "File written by sink")->required();
  command.add_option(
      "--reference", options->reference,
      "File written by sink in a run without faults: fail when traces were decided otherwise");
  command.add_flag("--keep-all", options->keep_all, "Fail when an acknowledged span is missing");
  command.add_flag("--whole-or-absent", options->whole_or_absent,
                   "Fail when a trace is there in part");
  command.add_flag("--json", options->json, "Print JSON");
  command.callback([=, &status] { status = check(*options); });
}

} // namespace weir::load
