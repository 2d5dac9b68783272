#include "backends/debug.hpp"

#include "backends/otlp_cut.hpp"
#include "core/clock.hpp"
#include "core/log.hpp"

#include <mutex>

namespace weir::backends {

namespace {

// Which lines are written, second by second.
class line_sampler {
public:
  line_sampler(std::int64_t initial, std::int64_t thereafter)
      : initial_(initial), thereafter_(thereafter) {}

  bool permit(steady_ns now) {
    const std::lock_guard guard(mutex_);
    if (now / second_ns != second_) {
      second_ = now / second_ns;
      seen_ = 0;
    }
    ++seen_;
    return seen_ <= initial_ || (thereafter_ > 0 && (seen_ - initial_) % thereafter_ == 0);
  }

private:
  std::mutex mutex_;
  std::int64_t initial_, thereafter_;
  std::int64_t second_ = 0;
  std::int64_t seen_ = 0;
};

class debug_sender final : public sender {
public:
  debug_sender(std::string id, const debug_config& config)
      : id_(std::move(id)), sampler_(config.sampling_initial, config.sampling_thereafter) {}

  void send(export_request request, std::function<void(outcome)> done) override {
    if (sampler_.permit(steady_now()))
      log::info("{}", debug_line(id_, request.signal, request.message.view()));
    done({});
  }

  void stop() override {}

private:
  std::string id_;
  line_sampler sampler_;
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
  return text
         + fmt::format(R"(, "otelcol.component.id": "{}", "otelcol.component.kind": "exporter", )"
                       R"("otelcol.signal": "{}"}})",
                       id, to_string(kind));
}

result<std::unique_ptr<sender>> make_debug_sender(const std::string& id,
                                                  const debug_config& config) {
  if (config.verbosity != "basic")
    return fail(errc::unsupported,
                "verbosity \"" + config.verbosity + "\": only basic is there so far");
  return std::make_unique<debug_sender>(id, config);
}

} // namespace weir::backends
