#include "backends/debug.hpp"

#include "backends/debug_text.hpp"
#include "backends/otlp_cut.hpp"
#include "core/clock.hpp"
#include "core/log_block.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <mutex>
#include <unistd.h>
#include <vector>

namespace weir::backends {

namespace {

// Which requests are shown, second by second and signal by signal.
class request_sampler {
public:
  request_sampler(std::int64_t initial, std::int64_t thereafter)
      : initial_(initial), thereafter_(thereafter) {}

  bool permit(weir::signal kind, steady_ns now) {
    const std::lock_guard guard(mutex_);
    if (now / second_ns != second_) {
      second_ = now / second_ns;
      seen_ = {};
    }
    const auto seen = ++seen_[static_cast<std::size_t>(kind) - 1];
    return seen <= initial_ || (thereafter_ > 0 && (seen - initial_) % thereafter_ == 0);
  }

private:
  std::mutex mutex_;
  std::int64_t initial_, thereafter_;
  std::int64_t second_ = 0;
  std::array<std::int64_t, 3> seen_{};
};

// `output_paths`: files, "stdout" and "stderr".
class outputs {
public:
  outputs() = default;
  outputs(const outputs&) = delete;
  outputs& operator=(const outputs&) = delete;
  ~outputs() {
    for (const auto fd : files_)
      ::close(fd);
  }

  result<void> open(const std::vector<std::string>& paths) {
    for (const auto& path : paths) {
      if (path == "stdout" || path == "stderr") {
        all_.push_back(path == "stdout" ? STDOUT_FILENO : STDERR_FILENO);
        continue;
      }
      const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
      if (fd < 0)
        return fail(errc::io, "output_paths: " + path + ": " + std::strerror(errno));
      files_.push_back(fd);
      all_.push_back(fd);
    }
    return {};
  }

  // What cannot be written is not: this is for a person who looks on.
  void write(std::string_view text) {
    const std::lock_guard guard(mutex_);
    for (const auto fd : all_)
      for (auto left = text; !left.empty();) {
        const auto written = ::write(fd, left.data(), left.size());
        if (written <= 0 && errno != EINTR)
          break;
        left.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
      }
  }

private:
  std::mutex mutex_;
  std::vector<int> files_, all_;
};

std::string component(const std::string& id, weir::signal kind) {
  return fmt::format(R"("otelcol.component.id": "{}", "otelcol.component.kind": "exporter", )"
                     R"("otelcol.signal": "{}")",
                     id, to_string(kind));
}

class debug_sender final : public sender {
public:
  debug_sender(std::string id, const debug_config& config, std::unique_ptr<outputs> streams)
      : id_(std::move(id)), verbosity_(config.verbosity), outputs_(std::move(streams)),
        sampler_(config.sampling_initial, config.sampling_thereafter) {}

  void send(export_request request, std::function<void(outcome)> done) override {
    if (sampler_.permit(request.signal, steady_now()))
      show(request.signal, request.message.view());
    done({});
  }

  void stop() override {}

private:
  void show(weir::signal kind, std::string_view message) {
    auto text = debug_line(outputs_ ? std::string() : id_, kind, message);
    std::string more;
    if (verbosity_ == "normal")
      more = normal_text(kind, message);
    else if (verbosity_ == "detailed")
      more = detailed_text(kind, message);
    if (outputs_)
      return outputs_->write(text + "\n" + (verbosity_ == "basic" ? more : more + "\n"));
    log::write_block(text);
    if (verbosity_ != "basic")
      log::write_block(fmt::format("{}\t{{{}}}", more, component(id_, kind)));
  }

  std::string id_, verbosity_;
  std::unique_ptr<outputs> outputs_; ///< Null: the log.
  request_sampler sampler_;
};

} // namespace

std::string debug_line(const std::string& id, weir::signal kind, std::string_view message) {
  const auto counts = count_levels(kind, message).value_or(level_counts{});
  std::string text;
  switch (kind) {
  case signal::traces:
    text = fmt::format("Traces\t"
                       R"({{"resource spans": {}, "spans": {})",
                       counts.resources, counts.items);
    break;
  case signal::metrics:
    text = fmt::format("Metrics\t"
                       R"({{"resource metrics": {}, "metrics": {}, "data points": {})",
                       counts.resources, counts.metrics, counts.items);
    break;
  case signal::logs:
    text = fmt::format("Logs\t"
                       R"({{"resource logs": {}, "log records": {})",
                       counts.resources, counts.items);
    break;
  }
  return text + (id.empty() ? "}" : ", " + component(id, kind) + "}");
}

result<std::unique_ptr<sender>> make_debug_sender(const std::string& id,
                                                  const debug_config& config) {
  if (config.verbosity != "basic" && config.verbosity != "normal" && config.verbosity != "detailed")
    return fail(errc::invalid_argument,
                "verbosity \"" + config.verbosity + "\": expected basic, normal or detailed");
  std::unique_ptr<outputs> streams;
  if (!config.use_internal_logger) {
    streams = std::make_unique<outputs>();
    if (auto opened = streams->open(config.output_paths); !opened)
      return tl::unexpected(opened.error());
  }
  return std::make_unique<debug_sender>(id, config, std::move(streams));
}

} // namespace weir::backends
