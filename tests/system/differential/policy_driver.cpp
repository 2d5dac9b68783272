// Runs the sampling code over recorded requests, in virtual time, for policies_test.py.
//
//   policy-driver cut FILE.otlp.zst COUNT OUT      the first COUNT requests of recorded data
//   policy-driver decide CONFIG REQUESTS DIRECTORY  DIRECTORY/<pipeline>: a line a kept trace, with
//   its
//                                                   id, its spans, and the policy
//
// Requests: each a length (u32), milliseconds since the first (u32), both big endian, and the
// bytes.
#include "app/config/load.hpp"
#include "benchmarks/load/records.hpp"
#include "benchmarks/load/traffic.hpp"
#include "sampling/window.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

using namespace weir;

namespace {

struct request {
  steady_ns time = 0;
  std::string bytes;
};

int failed(const std::string& reason) {
  std::fprintf(stderr, "policy-driver: %s\n", reason.c_str());
  return 1;
}

std::string big_endian(std::size_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> shift));
  return out;
}

std::size_t from_big_endian(std::string_view bytes) {
  std::size_t value = 0;
  for (const char byte : bytes.substr(0, 4))
    value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

int cut(const std::string& path, std::size_t count, const std::string& out_path) {
  const auto unpacked = load::read_unpacked(path);
  if (!unpacked)
    return failed(unpacked.error().message);
  const auto records = load::split_records(*unpacked);
  if (!records)
    return failed(records.error().message);
  const auto traffic = load::cut_requests(*records, 512);
  if (!traffic)
    return failed(traffic.error().message);
  std::ofstream out(out_path, std::ios::binary);
  for (std::size_t i = 0; i < std::min(count, traffic->requests.size()); ++i) {
    const auto& bytes = traffic->requests[i].bytes;
    out << big_endian(bytes.size()) << big_endian(0) << bytes;
  }
  return out.good() ? 0 : failed("cannot write " + out_path);
}

std::vector<request> read_requests(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const auto all = std::string(std::istreambuf_iterator<char>(file), {});
  std::vector<request> requests;
  for (std::string_view rest = all; rest.size() >= 8;) {
    const auto length = from_big_endian(rest);
    const auto index = static_cast<steady_ns>(from_big_endian(rest.substr(4))) * millisecond_ns;
    requests.push_back({second_ns + index, std::string(rest.substr(8, length))});
    rest.remove_prefix(std::min(rest.size(), 8 + length));
  }
  return requests;
}

/// One pipeline: every request is an entry, decisions are asked for ten times a second.
int decide(const sampling::tail_sampling_config& config, const std::vector<request>& requests,
           const std::string& out_path) {
  auto policies = sampling::policy_set::compile(config);
  if (!policies)
    return failed(policies.error().message);
  sampling::decision_cache cache(1'000'000);
  sampling::window window(sampling::window_settings::from(config, 4ULL << 30, 1),
                          std::move(*policies), cache);
  std::ofstream out(out_path);
  sampling::decided_batch decided;
  steady_ns now = second_ns;
  const auto advance = [&](steady_ns until) {
    for (; now < until; now += std::min(until - now, second_ns / 10)) {
      window.decide(now, now, 1'000'000, decided);
      for (const auto& trace : decided.traces) {
        if (trace.verdict.keep)
          out << to_hex(trace.id.view()) << ' ' << trace.spans << ' '
              << cache.policy_name(trace.verdict.policy) << '\n';
      }
      window.release(decided);
      decided.clear();
    }
  };
  otlp::span_index index;
  std::uint64_t sequence = 0;
  for (const auto& request : requests) {
    advance(request.time);
    index.clear();
    if (!otlp::scan_traces(request.bytes, 0, {}, index))
      return failed("a request is not OTLP");
    sampling::window_entry entry;
    entry.id = {1, 1, ++sequence};
    sampling::additions added;
    window.add(entry, request.bytes, index, std::vector<bool>(index.traces.size(), true),
               request.time, now, added);
    if (!added.late.traces.empty())
      return failed("spans came late: decision_wait is too short for these requests");
  }
  advance(now + config.decision_wait_ns + 2 * second_ns);
  return out.good() ? 0 : failed("cannot write " + out_path);
}

int decide_all(const std::string& config_path, const std::string& requests_path,
               const std::string& directory) {
  const auto text = app::read_config_file(config_path);
  if (!text)
    return failed(text.error().message);
  const auto loaded = app::load_config(*text, app::process_environment(false));
  if (!loaded)
    return failed(app::to_text(loaded.error().errors.front(), config_path));
  const auto requests = read_requests(requests_path);
  for (const auto& pipeline : loaded->config.pipelines) {
    if (!pipeline.tail_sampling)
      continue;
    const auto name = pipeline.name.substr(pipeline.name.find('/') + 1);
    if (const auto code = decide(*pipeline.tail_sampling, requests, directory + "/" + name);
        code != 0)
      return code;
  }
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 4 && arguments[0] == "cut")
    return cut(arguments[1], std::stoul(arguments[2]), arguments[3]);
  if (arguments.size() == 4 && arguments[0] == "decide")
    return decide_all(arguments[1], arguments[2], arguments[3]);
  return failed("usage: policy-driver cut FILE COUNT OUT | decide CONFIG REQUESTS DIRECTORY");
}
