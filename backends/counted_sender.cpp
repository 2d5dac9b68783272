#include "backends/counted_sender.hpp"

#include "core/clock.hpp"
#include "core/metrics.hpp"

#include <array>
#include <utility>

namespace weir::backends {

namespace {

constexpr std::array outcome_names = {"delivered", "retry", "outage", "too_large", "refused"};
constexpr std::array signals = {signal::traces, signal::metrics, signal::logs};

std::size_t index_of(weir::signal kind) {
  return static_cast<std::size_t>(kind) - 1;
}

class counted_sender final : public sender {
public:
  counted_sender(const std::string& id, std::unique_ptr<sender> inner)
      : seconds_(metrics::exporter_request_seconds.with({{"exporter", id}})),
        inner_(std::move(inner)) {
    for (std::size_t i = 0; i < outcome_names.size(); ++i)
      requests_[i] =
          &metrics::exporter_requests.with({{"exporter", id}, {"outcome", outcome_names[i]}});
    for (const auto kind : signals)
      rejected_[index_of(kind)] = &metrics::exporter_rejected_items.with(
          {{"exporter", id}, {"data_type", std::string(to_string(kind))}});
  }

  void send(export_request request, std::function<void(outcome)> done) override {
    const auto kind = request.signal;
    const auto begin = steady_now();
    inner_->send(std::move(request), [this, kind, begin, done = std::move(done)](outcome o) {
      seconds_.Observe(static_cast<double>(steady_now() - begin) / second_ns);
      requests_[static_cast<std::size_t>(o.answer)]->Increment();
      if (o.rejected > 0)
        rejected_[index_of(kind)]->Increment(static_cast<double>(o.rejected));
      done(std::move(o));
    });
  }

  void stop() override { inner_->stop(); }

private:
  std::array<prometheus::Counter*, outcome_names.size()> requests_{};
  std::array<prometheus::Counter*, signals.size()> rejected_{};
  prometheus::Histogram& seconds_;
  std::unique_ptr<sender> inner_; ///< Last: its destructor still answers.
};

} // namespace

std::unique_ptr<sender> make_counted_sender(const std::string& id, std::unique_ptr<sender> inner) {
  return std::make_unique<counted_sender>(id, std::move(inner));
}

} // namespace weir::backends
