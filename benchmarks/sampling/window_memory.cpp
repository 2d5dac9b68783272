// How much memory an undecided span takes: fills a window and compares what the window says with
// what the process holds. Usage: window-memory [spans, default 5000000] [window_memory in MiB]
#include "entries.hpp"

#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <unistd.h>

using namespace weir;

namespace {

double resident_bytes() {
  long pages = 0;
  long resident = 0;
  if (auto* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2)
      resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double allocated_bytes() {
  const auto info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

} // namespace

int main(int argc, char** argv) {
  const auto wanted = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 5'000'000ULL;
  const auto memory = argc > 2 ? std::strtoull(argv[2], nullptr, 10) << 20 : 4ULL << 30;
  bench::entry_source source;
  sampling::decision_cache cache(10'000'000);
  sampling::window_settings settings;
  settings.memory = memory;
  sampling::window window(settings, *sampling::policy_set::compile(bench::three_policies()), cache);
  source.next();
  malloc_trim(0);
  const auto resident_before = resident_bytes();
  const auto allocated_before = allocated_bytes();

  std::uint64_t spans = 0;
  std::uint64_t slots = 0;
  sampling::additions out;
  while (spans < wanted) {
    auto entry = source.next();
    const std::vector<bool> all(source.index().traces.size(), true);
    out.clear();
    window.add(std::move(entry), source.bytes(), source.index(), all, second_ns, second_ns, out);
    spans += source.spans();
    slots += out.taken;
  }

  const auto now = window.snapshot();
  const auto per_span = [&](double bytes) { return bytes / static_cast<double>(spans); };
  std::printf("data: %s; %llu spans, %zu traces, %zu entries, %llu (entry, slot) pairs\n",
              source.recorded() ? "recorded hipstershop" : "generated shop",
              static_cast<unsigned long long>(spans), now.traces, now.entries,
              static_cast<unsigned long long>(slots));
  std::printf("bytes a span: packed %.1f, index in use %.1f, index held %.1f\n",
              per_span(static_cast<double>(now.packed_bytes)),
              per_span(static_cast<double>(now.index_bytes)),
              per_span(static_cast<double>(now.held_bytes)));
  std::printf("bytes a span, of the process: allocated %.1f, resident %.1f\n",
              per_span(allocated_bytes() - allocated_before),
              per_span(resident_bytes() - resident_before));
  std::printf("entries set down: %llu\n",
              static_cast<unsigned long long>(now.counts.entries_set_down));
  return 0;
}
