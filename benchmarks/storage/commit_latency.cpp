// How long a synced commit takes while the store flushes and trims behind it, against the disk's
// own fdatasync.

#include "storage/store.hpp"

#include "codec/block.hpp"
#include "codec/entry.hpp"
#include "core/clock.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <random>
#include <thread>
#include <unistd.h>

namespace {

using namespace weir;
using clock_type = std::chrono::steady_clock;

struct settings {
  std::string directory = "/tmp";
  std::size_t bytes = 59 << 10;
  unsigned interval_us = 4000;
  unsigned seconds = 20;
  unsigned wait_seconds = 5; ///< How long an entry stays in the journal.
  unsigned commits_a_block = 20;
};

std::string noise(std::size_t size) {
  auto random = std::mt19937_64(1);
  auto result = std::string(size, '\0');
  for (auto& c : result)
    c = static_cast<char>(random());
  return result;
}

void print(std::string_view text, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  const auto index = [&](double q) {
    return times[static_cast<std::size_t>(q * double(times.size() - 1))];
  };
  fmt::print("{:<8} n {:6}  p50 {:6.2f}  p90 {:6.2f}  p99 {:6.2f}  p99.9 {:6.2f}  max {:6.2f} ms\n",
             text, times.size(), index(0.5), index(0.9), index(0.99), index(0.999), index(1));
}

// Calls `work` at the pace asked for; how long each call took, counted from when it was due at the
// earliest.
template <class Work>
std::vector<double> paced(const settings& settings, unsigned seconds, Work work) {
  auto times = std::vector<double>();
  const auto end = clock_type::now() + std::chrono::seconds(seconds);
  for (auto due = clock_type::now(); due < end;
       due += std::chrono::microseconds(settings.interval_us)) {
    std::this_thread::sleep_until(due);
    const auto begin = clock_type::now();
    work();
    times.push_back(std::chrono::duration<double, std::milli>(clock_type::now() - begin).count());
  }
  return times;
}

void probe(const settings& settings) {
  const auto path = settings.directory + "/fsync-probe";
  const auto bytes = noise(settings.bytes);
  const auto file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  print("probe", paced(settings, std::min(settings.seconds, 5U), [&] {
          if (::write(file, bytes.data(), bytes.size()) < 0 || ::fdatasync(file) != 0)
            std::abort();
        }));
  ::close(file);
  ::unlink(path.c_str());
}

void commits(const settings& settings) {
  auto options = storage::options();
  options.directory = settings.directory + "/commit-latency";
  std::filesystem::remove_all(options.directory);
  const auto store = std::move(storage::store::open(options).value());
  const auto pipeline = store->pipeline("traces/main").value();
  if (!store->open_log(pipeline))
    std::abort();
  auto header = codec::entry_header();
  header.pipeline = pipeline;
  const auto payload = noise(settings.bytes);
  auto entry = std::string();
  codec::write_entry(header, payload, entry);
  auto block_header = codec::block_header();
  block_header.pipeline = pipeline;
  auto block = std::string();
  codec::write_block(block_header, payload, block);

  std::atomic<bool> stop = false;
  auto housekeeping = std::thread([&] {
    while (!stop) {
      store->maintain();
      std::this_thread::sleep_for(std::chrono::seconds(1));
    }
  });
  auto number = std::uint64_t{0};
  auto log_position = std::uint64_t{0};
  const auto held = std::uint64_t{settings.wait_seconds} * 1'000'000 / settings.interval_us;
  const auto times = paced(settings, settings.seconds, [&] {
    auto batch = storage::batch();
    batch.put_entry(number, entry);
    if (number >= held)
      batch.put_progress({store->node(), store->epoch(), number - held}, payload.substr(0, 64));
    if (number % settings.commits_a_block == 0)
      batch.append_block(pipeline, log_position++, unix_now(), block);
    if (!store->commit(std::move(batch), true))
      std::abort();
    if (++number > held)
      (void)store->trim_journal(number - held);
  });
  stop = true;
  housekeeping.join();
  print("commit", times);
}

} // namespace

int main(int argc, char** argv) {
  auto method = settings();
  auto app = CLI::App("How long a synced commit takes, against the disk's own fdatasync");
  app.add_option("--directory", method.directory, "On the disk to measure")->required();
  app.add_option("--bytes", method.bytes, "Of an entry");
  app.add_option("--interval-us", method.interval_us, "Between two commits");
  app.add_option("--seconds", method.seconds, "How long");
  app.add_option("--wait", method.wait_seconds, "Seconds until an entry is settled");
  CLI11_PARSE(app, argc, argv);
  probe(method);
  commits(method);
  std::filesystem::remove_all(method.directory + "/commit-latency");
  return 0;
}
