#include "net/server/otlp_server.hpp"
#include "otlp/check.hpp"
#include "otlp/scan.hpp"

#include <csignal>
#include <cstdio>
#include <ctime>
#include <unistd.h>

// The OTLP ports without anything behind them: what h2spec is run against, and a measure of what
// receiving costs. Takes the gRPC and the HTTP endpoint; prints what it bound; each request is
// scanned (unless a third argument says noscan) and answered at once; SIGTERM ends it with a line
// of figures.

using namespace weir;

namespace {

std::atomic<std::uint64_t> spans{0}, bytes{0}, requests{0};

void answer(net::otlp_request& request, bool scan) {
  thread_local otlp::span_index index;
  requests.fetch_add(1, std::memory_order_relaxed);
  bytes.fetch_add(request.body.size(), std::memory_order_relaxed);
  if (scan && request.signal == signal::traces) {
    index.clear();
    if (!otlp::scan_traces(request.body, 0, {}, index))
      return request.reply({.code = net::otlp_reply::status::invalid, .message = "malformed"});
    spans.fetch_add(index.spans.size(), std::memory_order_relaxed);
  }
  request.reply({});
}

} // namespace

int main(int argc, char** argv) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  net::otlp_listener_config grpc, http;
  grpc.endpoint = argc > 1 ? argv[1] : "127.0.0.1:0";
  http.endpoint = argc > 2 ? argv[2] : "127.0.0.1:0";
  http.grpc = false;
  const bool scan = argc < 4;
  auto server = net::otlp_server::start(
      {{{"otlp", {grpc, http}}, {signal::traces, signal::metrics, signal::logs}}}, {},
      [scan](std::vector<net::otlp_request>&& batch) {
        for (auto& request : batch)
          answer(request, scan);
      });
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message.c_str());
    return 1;
  }
  for (const auto& endpoint : (*server)->endpoints())
    std::printf("%s\n", endpoint.c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  (*server)->drain(std::chrono::seconds(2));
  const double cpu = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  std::printf("requests %lu spans %lu bytes %lu cpu_s %.3f spans_per_cpu_s %.0f\n", requests.load(),
              spans.load(), bytes.load(), cpu, static_cast<double>(spans.load()) / cpu);
  return 0;
}
