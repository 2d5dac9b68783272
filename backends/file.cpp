#include "backends/file.hpp"

#include "backends/output_file.hpp"
#include "codec/encoding.hpp"
#include "core/metrics.hpp"
#include "otlp/json.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace weir::backends {

namespace {

// Records gathered for one write, about.
constexpr std::size_t write_bytes = 4 << 20;
constexpr std::size_t prefix_bytes = 4;

// Makes records of requests.
class record_writer {
public:
  explicit record_writer(const file_config& config)
      : proto_(config.format == "proto"), packs_(config.compression == "zstd"),
        level_(std::max(0, config.compression_level)) {}

  result<void> append(const export_request& request, std::string& out) {
    const auto before = out.size();
    const bool prefixed = proto_ || packs_;
    if (prefixed)
      out.append(prefix_bytes, 0);
    if (auto made = append_body(request, out); !made) {
      out.resize(before);
      return made;
    }
    if (prefixed)
      write_prefix(out, before);
    else
      out.push_back('\n');
    return {};
  }

private:
  result<void> append_body(const export_request& request, std::string& out) {
    if (!packs_ && !proto_)
      return otlp::to_json(request.signal, request.message.view(), out);
    auto body = request.message.view();
    if (!proto_) {
      json_.clear();
      if (auto made = otlp::to_json(request.signal, body, json_); !made)
        return made;
      body = json_;
    }
    if (packs_) {
      if (auto made = codec::encode(codec::encoding::zstd, body, level_, packed_); !made)
        return made;
      body = packed_;
    }
    out += body;
    return {};
  }

  static void write_prefix(std::string& out, std::size_t position) {
    const auto size = out.size() - position - prefix_bytes;
    for (std::size_t i = 0; i < prefix_bytes; ++i)
      out[position + i] = static_cast<char>(size >> (8 * (prefix_bytes - 1 - i)));
  }

  bool proto_, packs_;
  int level_;
  std::string json_, packed_;
};

class file_sender final : public sender {
public:
  file_sender(const std::string& id, const file_config& config, std::shared_ptr<output_file> file)
      : bytes_written_(metrics::exporter_sent_bytes.with({{"exporter", id}})), path_(config.path),
        rotation_(config.rotation), file_(std::move(file)), maker_(config),
        thread_([this] { run(); }) {}

  ~file_sender() override { stop(); }

  void send(export_request request, std::function<void(outcome)> done) override {
    {
      const std::lock_guard guard(mutex_);
      if (!stopped_) {
        queue_.push_back({std::move(request), std::move(done)});
        changed_.notify_one();
        return;
      }
    }
    done({.answer = outcome::kind::retry, .reason = "the exporter is stopped"});
  }

  void stop() override {
    {
      const std::lock_guard guard(mutex_);
      stopped_ = true;
      changed_.notify_one();
    }
    if (thread_.joinable())
      thread_.join();
  }

private:
  struct job {
    export_request request;
    std::function<void(outcome)> done;
  };

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
      auto jobs = std::exchange(queue_, {});
      const bool last = stopped_;
      lock.unlock();
      while (!jobs.empty())
        last ? give_up(jobs) : write_some(jobs);
      lock.lock();
      if (last && queue_.empty())
        return;
    }
  }

  static void give_up(std::deque<job>& jobs) {
    jobs.front().done({.answer = outcome::kind::retry, .reason = "the exporter is stopped"});
    jobs.pop_front();
  }

  // Takes jobs from the front for one write, and answers them.
  void write_some(std::deque<job>& jobs) {
    records_.clear();
    ends_.clear();
    std::vector<job> taken;
    for (; !jobs.empty() && records_.size() < write_bytes; jobs.pop_front()) {
      if (auto made = maker_.append(jobs.front().request, records_); !made) {
        jobs.front().done({.answer = outcome::kind::refused, .reason = made.error().message});
        continue;
      }
      ends_.push_back(records_.size());
      taken.push_back(std::move(jobs.front()));
    }
    const auto [written, ended] = file_->append(records_, ends_, rotation_);
    bytes_written_.Increment(static_cast<double>(written == 0 ? 0 : ends_[written - 1]));
    outcome failed{.answer = outcome::kind::retry};
    if (!ended)
      failed.reason = path_ + ": " + ended.error().message;
    for (std::size_t i = 0; i < taken.size(); ++i)
      taken[i].done(i < written ? outcome{} : failed);
  }

  prometheus::Counter& bytes_written_;
  std::string path_;
  std::optional<rotation_config> rotation_;
  std::shared_ptr<output_file> file_;
  record_writer maker_; ///< From here on the thread's own.
  std::string records_;
  std::vector<std::size_t> ends_; ///< Of each record in records_.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<job> queue_; ///< As long as requests fly, which the caller bounds.
  bool stopped_ = false;
  std::thread thread_;
};

} // namespace

result<std::unique_ptr<sender>> make_file_sender(const std::string& id, const file_config& config) {
  if (config.format != "json" && config.format != "proto")
    return fail(errc::invalid_argument, "format \"" + config.format + "\": expected json or proto");
  if (!config.compression.empty() && config.compression != "none" && config.compression != "zstd")
    return fail(errc::invalid_argument,
                "compression \"" + config.compression + "\": expected none or zstd");
  if (config.path.empty())
    return fail(errc::invalid_argument, "path is missing");
  if (config.append && config.rotation)
    return fail(errc::invalid_argument,
                "append and rotation: with rotation the file is gone on with in any case");
  auto file = output_file::open(config);
  if (!file)
    return tl::unexpected(file.error());
  return std::make_unique<file_sender>(id, config, std::move(*file));
}

} // namespace weir::backends
