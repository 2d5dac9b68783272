#include "backends/file.hpp"

#include "core/metrics.hpp"
#include "otlp/json.hpp"

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <filesystem>
#include <mutex>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace weir::backends {

namespace {

// Lines gathered for one write, about.
constexpr std::size_t write_bytes = 4 << 20;

std::string system_reason() {
  return std::strerror(errno);
}

// Writes all of `bytes`, or leaves the file as long as it was.
result<void> append_whole(int fd, std::string_view bytes) {
  struct stat before {};
  const bool regular = ::fstat(fd, &before) == 0 && S_ISREG(before.st_mode);
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0) {
      auto reason = system_reason();
      if (regular && ::ftruncate(fd, before.st_size) != 0)
        reason += "; and it cannot be cut back: " + system_reason();
      return fail(errc::io, std::move(reason));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

class file_sender final : public sender {
public:
  file_sender(const std::string& id, std::string path, int fd)
      : bytes_written_(metrics::counter("weir_exporter_sent_bytes", {{"exporter", id}})),
        path_(std::move(path)), fd_(fd), thread_([this] { run(); }) {}

  ~file_sender() override {
    stop();
    ::close(fd_);
  }

  void send(export_request request, std::function<void(outcome)> done) override {
    {
      const std::lock_guard guard(mutex_);
      if (!stopped_) {
        queue_.push_back({std::move(request), std::move(done)});
        changed_.notify_one();
        return;
      }
    }
    done({.what = outcome::kind::retry, .reason = "the exporter is stopped"});
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
    jobs.front().done({.what = outcome::kind::retry, .reason = "the exporter is stopped"});
    jobs.pop_front();
  }

  // Takes jobs from the front for one write, and answers them.
  void write_some(std::deque<job>& jobs) {
    lines_.clear();
    std::vector<job> written;
    for (; !jobs.empty() && lines_.size() < write_bytes; jobs.pop_front()) {
      const auto& r = jobs.front().request;
      const auto before = lines_.size();
      if (auto made = otlp::to_json(r.signal, r.message.view(), lines_); made) {
        lines_.push_back('\n');
        written.push_back(std::move(jobs.front()));
      } else {
        lines_.resize(before);
        jobs.front().done({.what = outcome::kind::refused, .reason = made.error().message});
      }
    }
    outcome result;
    if (auto done = append_whole(fd_, lines_); !done)
      result = {.what = outcome::kind::retry, .reason = path_ + ": " + done.error().message};
    else
      bytes_written_.Increment(static_cast<double>(lines_.size()));
    for (auto& j : written)
      j.done(result);
  }

  prometheus::Counter& bytes_written_;
  std::string path_;
  int fd_;
  std::string lines_; ///< The thread's own.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<job> queue_; ///< As long as requests fly, which the caller bounds.
  bool stopped_ = false;
  std::thread thread_;
};

} // namespace

result<std::unique_ptr<sender>> make_file_sender(const std::string& id, const file_config& config) {
  if (config.format != "json")
    return fail(errc::unsupported, "format \"" + config.format + "\": only json is there so far");
  if (config.path.empty())
    return fail(errc::invalid_argument, "path is missing");
  std::error_code ec;
  const auto parent = std::filesystem::path(config.path).parent_path();
  if (config.create_directory && !parent.empty())
    std::filesystem::create_directories(parent, ec);
  if (ec)
    return fail(errc::io, parent.string() + ": " + ec.message());
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (config.append ? 0 : O_TRUNC);
  const int fd = ::open(config.path.c_str(), flags, 0644);
  if (fd < 0)
    return fail(errc::io, config.path + ": " + system_reason());
  return std::make_unique<file_sender>(id, config.path, fd);
}

} // namespace weir::backends
