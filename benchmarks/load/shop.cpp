#include "benchmarks/load/shop.hpp"

#include "benchmarks/load/chance.hpp"
#include "benchmarks/load/shop_model.hpp"
#include "benchmarks/load/shop_span.hpp"
#include "benchmarks/load/wire.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace weir::load {

namespace {

constexpr std::size_t protocols = 5;

/// What one instance of a service has made so far: spans by scope.
struct instance_output {
  std::array<std::string, protocols> spans;
};

/// Makes one trace after another by walking through the call graph.
class shop {
public:
  explicit shop(const shop_config& config) : config_(config), random_(config.seed) {}

  std::vector<std::string> run() {
    auto now = static_cast<double>(config_.start_ns);
    for (std::uint64_t i = 0; i < config_.traces; ++i) {
      make_trace(static_cast<std::uint64_t>(now));
      now += random_.exponential(1e9 / config_.traces_per_second);
    }
    std::vector<std::string> messages;
    for (const auto& [name, output] : instances_)
      messages.push_back(message_of(name.first, name.second, output));
    return messages;
  }

private:
  struct outcome {
    std::uint64_t end_ns = 0;
    bool failed = false;
  };

  void make_trace(std::uint64_t start) {
    const std::array<std::uint64_t, 2> id{random_.bits(), random_.bits()};
    trace_.assign(reinterpret_cast<const char*>(id.data()), sizeof id);
    auto point = random_.unit();
    auto entry = entry_points().begin();
    while (point > entry->share && std::next(entry) != entry_points().end())
      point -= (entry++)->share;
    serve(operations()[entry->operation], 0, 0, start, span_kind::server);
  }

  /// Does an operation's work and all it calls. `caller` makes its client span before.
  outcome serve(const operation& operation, std::uint64_t parent, std::uint64_t linked,
                std::uint64_t start, span_kind kind) {
    shop_span span{.trace = trace_,
                   .id = random_.bits() | 1,
                   .parent = parent,
                   .linked = linked,
                   .made = &operation,
                   .kind = kind,
                   .start_ns = start};
    const auto work = nanoseconds(random_.log_normal(operation.median_ms, operation.spread));
    auto now = start + work / 2;
    auto begin = now; // of the present group of parallel steps
    for (const auto& step : operation.steps) {
      if (!random_.happens(step.probability))
        continue;
      if (!step.parallel)
        begin = now;
      const auto times = step.at_least + random_.below(1U + step.at_most - step.at_least);
      for (std::uint64_t i = 0; i < times; ++i) {
        const auto done = call(operation, step, span.id, step.parallel ? begin : now);
        now = std::max(now, done.end_ns);
        span.failed |= done.failed && random_.happens(0.7); // some callers do without
      }
    }
    span.own_fault = random_.happens(operation.error_rate);
    span.failed |= span.own_fault;
    span.end_ns = now + work / 2 + 1000;
    emit(span, operation.service);
    return {span.end_ns, span.failed};
  }

  /// Calls, and again after errors as often as the step allows.
  outcome call(const operation& operation, const step& step, std::uint64_t parent,
               std::uint64_t start) {
    auto done = call_once(operation, operations()[step.operation], parent, start);
    for (unsigned char i = 0; i < step.retries && done.failed; ++i) {
      const auto pause = nanoseconds(random_.log_normal(20.0 * (1U << i), 0.2));
      done = call_once(operation, operations()[step.operation], parent, done.end_ns + pause);
    }
    return done;
  }

  outcome call_once(const operation& source, const operation& operation, std::uint64_t parent,
                    std::uint64_t start) {
    switch (operation.kind) {
    case protocol::internal:
      return serve(operation, parent, 0, start, span_kind::internal);
    case protocol::database:
      return serve(operation, parent, 0, start, span_kind::client);
    case protocol::queue:
      return publish(source, operation, parent, start);
    case protocol::http:
    case protocol::rpc:
      break;
    }
    shop_span client{.trace = trace_,
                     .id = random_.bits() | 1,
                     .parent = parent,
                     .made = &operation,
                     .kind = span_kind::client,
                     .start_ns = start};
    const auto there = start + nanoseconds(random_.log_normal(0.15, 0.3));
    const auto done = serve(operation, client.id, 0, there, span_kind::server);
    client.end_ns = done.end_ns + nanoseconds(random_.log_normal(0.15, 0.3));
    client.failed = done.failed;
    emit(client, source.service);
    return {client.end_ns, client.failed};
  }

  /// Sends a message; it is worked on when the caller may have long ended.
  outcome publish(const operation& source, const operation& operation, std::uint64_t parent,
                  std::uint64_t start) {
    shop_span producer{.trace = trace_,
                       .id = random_.bits() | 1,
                       .parent = parent,
                       .made = &operation,
                       .kind = span_kind::producer,
                       .start_ns = start};
    producer.end_ns = start + nanoseconds(random_.log_normal(0.8, 0.4));
    emit(producer, source.service);
    const auto taken = producer.end_ns + nanoseconds(random_.log_normal(400, 1.0));
    serve(operation, producer.id, producer.id, taken, span_kind::consumer);
    return {producer.end_ns, false};
  }

  void emit(const shop_span& span, std::string_view service) {
    const auto instance = random_.below(2 + service.size() % 2);
    body_.clear();
    append_span(span, config_.payload_bytes, random_, body_);
    put_bytes(instances_[{std::string(service), instance}]
                  .spans[static_cast<std::size_t>(span.made->kind)],
              2, body_);
  }

  static std::string message_of(std::string_view service, std::size_t instance,
                                const instance_output& output) {
    std::string content, message;
    put_bytes(content, 1, shop_resource(service, instance));
    for (std::size_t i = 0; i < protocols; ++i) {
      if (output.spans[i].empty())
        continue;
      std::string scope;
      put_bytes(scope, 1, shop_scope(static_cast<protocol>(i)));
      put_bytes(content, 2, scope + output.spans[i]);
    }
    put_bytes(message, 1, content);
    return message;
  }

  static std::uint64_t nanoseconds(double milliseconds) {
    return static_cast<std::uint64_t>(milliseconds * 1e6);
  }

  shop_config config_;
  chance random_;
  std::string trace_;
  std::string body_;
  std::map<std::pair<std::string, std::size_t>, instance_output> instances_;
};

} // namespace

std::vector<std::string> generate_shop(const shop_config& config) {
  return shop(config).run();
}

} // namespace weir::load
