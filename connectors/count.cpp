#include "connectors/count.hpp"

#include "connectors/points.hpp"
#include "editing/chain.hpp"
#include "otlp/wire.hpp"
#include "ottl/walk.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_map>

namespace weir::connectors {

namespace {

using editing::context;
using editing::disposition;
using editing::item;
using ottl::context_kind;
namespace wire = otlp::wire;

constexpr std::string_view scope_name =
    "github.com/open-telemetry/opentelemetry-collector-contrib/connector/countconnector";

/// One metric to make.
struct counted {
  count_metric config;
  std::optional<ottl::sequence> conditions;
};

/// The metrics of one context.
struct counted_context {
  context_kind kind{};
  std::vector<counted> metrics;
  std::uint8_t levels = 0; ///< That conditions look at.
};

/// What was counted of one context in one resource.
struct tally {
  std::vector<std::unordered_map<std::string, std::uint64_t>> counts; ///< By metric and attributes.
  unix_ns first = 0, last = 0;

  void note(unix_ns time) {
    if (time == 0)
      return;
    first = first == 0 ? time : std::min(first, time);
    last = std::max(last, time);
  }
  bool empty() const {
    return std::all_of(counts.begin(), counts.end(), [](const auto& c) { return c.empty(); });
  }
};

/// One message's counts.
struct counting_state {
  std::vector<tally> tallies; ///< By context.
  std::string resource;       ///< Attributes of the one in hand.
  std::string message;
  std::uint64_t points = 0;
};

counting_state& state_in_hand() {
  static thread_local counting_state mine;
  return mine;
}

class counting final : public editing::processor {
public:
  explicit counting(std::vector<counted_context> contexts) : contexts_(std::move(contexts)) {
    reach_.edits = editing::resources | editing::items;
    reach_.reads = editing::resources | editing::scopes;
  }

  editing::reach reach() const override { return reach_; }

  /// What was counted of the resource before is complete.
  void finish_resource(unix_ns now) const {
    auto& state = state_in_hand();
    std::string metrics;
    for (std::size_t c = 0; c < contexts_.size(); ++c)
      write(contexts_[c], state.tallies[c], now, metrics, state.points);
    if (!metrics.empty())
      append_resource_metrics(state.message, state.resource, scope_name, metrics);
    for (std::size_t c = 0; c < contexts_.size(); ++c) {
      state.tallies[c] = {};
      state.tallies[c].counts.resize(contexts_[c].metrics.size());
    }
  }

  void begin() const {
    auto& state = state_in_hand();
    state = {};
    state.tallies.resize(contexts_.size());
    finish_resource(0);
  }

  disposition edit_resource(context& context) const override {
    finish_resource(context.request().now);
    state_in_hand().resource = context.resource().attributes_as_map();
    return disposition::keep;
  }

  disposition edit_item(context& context) const override {
    for (std::size_t c = 0; c < contexts_.size(); ++c)
      look(contexts_[c], state_in_hand().tallies[c], context);
    return disposition::keep;
  }

private:
  void look(const counted_context& c, tally& tally, context& context) const {
    auto s = ottl::begin_subject(context, c.levels);
    switch (c.kind) {
    case context_kind::span:
      s.span = &context.current();
      tally.note(s.span->number(7));
      tally.note(s.span->number(8));
      return count(c, tally, context, s, s.span);
    case context_kind::spanevent:
      return ottl::for_each_event(context, s, [&](const ottl::subject& subject) {
        tally.note(subject.event->number(1));
        count(c, tally, context, subject, subject.event);
        return true;
      });
    case context_kind::metric:
      (void)ottl::with_metric(context, s, [&](const ottl::subject& subject) {
        count(c, tally, context, subject, nullptr);
        return true;
      });
      return;
    case context_kind::datapoint:
      (void)ottl::for_each_metric_point(context, s, [&](const ottl::subject& subject) {
        tally.note(subject.point->number(3));
        count(c, tally, context, subject, subject.point);
        return true;
      });
      return;
    default:
      s.log = &context.current();
      tally.note(s.log->number(1));
      return count(c, tally, context, s, s.log);
    }
  }

  static void count(const counted_context& c, tally& tally, context& context,
                    const ottl::subject& subject, const item* own) {
    for (std::size_t m = 0; m < c.metrics.size(); ++m) {
      const auto& metric = c.metrics[m];
      auto key = attributes_of(metric.config, context, own);
      if (!key || !holds(metric, context, subject))
        continue;
      ++tally.counts[m][std::move(*key)];
    }
  }

  /// As attributes of a data point. Nothing: one of them is missing.
  static std::optional<std::string> attributes_of(const count_metric& metric, context& context,
                                                  const item* own) {
    std::string made;
    for (const auto& a : metric.attributes) {
      auto any = own == nullptr ? std::optional<std::string_view>{} : own->get(a.key);
      if (!any)
        any = context.scope().get(a.key);
      if (!any)
        any = context.resource().get(a.key);
      if (!any && !a.default_value.empty())
        any = a.default_value.bytes;
      if (!any)
        return {};
      append_attribute(made, 7, a.key, *any);
    }
    return made;
  }

  static bool holds(const counted& metric, context& context, const ottl::subject& subject) {
    if (!metric.conditions)
      return true;
    auto& workspace = ottl::thread_workspace();
    workspace.begin_item();
    const auto answer = metric.conditions->any(subject, workspace);
    if (answer == ottl::sequence::answer::failed)
      context.refuse(metric.conditions->describe(workspace));
    return answer == ottl::sequence::answer::yes;
  }

  static void write(const counted_context& c, const tally& tally, unix_ns now, std::string& metrics,
                    std::uint64_t& points) {
    if (tally.empty())
      return;
    const auto first = tally.first == 0 ? now : tally.first;
    const auto last = tally.first == 0 ? now : tally.last;
    for (std::size_t m = 0; m < c.metrics.size(); ++m) {
      if (tally.counts[m].empty())
        continue;
      std::string all, point;
      for (const auto& [attributes, count] : tally.counts[m]) {
        point = attributes;
        append_times(point, first, last);
        wire::append_fixed64_field(point, 6, count);
        wire::append_bytes_field(all, 1, point);
        ++points;
      }
      append_metric(metrics, metric_kind::sum, c.metrics[m].config.name,
                    c.metrics[m].config.description, {}, true, all);
    }
  }

  std::vector<counted_context> contexts_;
  editing::reach reach_;
};

class count_relay final : public relay {
public:
  count_relay(std::shared_ptr<const counting> counter, const std::string& id)
      : counter_(std::move(counter)), chain_(std::vector<editing::chain::part>{{id, counter_}}) {}

  relay_outcome make(weir::signal kind, std::string_view message, std::uint64_t,
                     const editing::request_context& request,
                     std::chrono::nanoseconds time) const override {
    static thread_local editing::scratch scratch;
    std::string unchanged;
    counter_->begin();
    auto walked = chain_.apply(kind, message, request, scratch, unchanged, time);
    if (!walked.refusal.empty())
      return {{}, std::move(walked.refusal), walked.ended};
    counter_->finish_resource(request.now);
    auto& state = state_in_hand();
    relay_outcome made;
    if (state.points > 0)
      made.messages.push_back({0, std::move(state.message), state.points});
    return made;
  }

private:
  std::shared_ptr<const counting> counter_;
  editing::chain chain_;
};

result<counted_context> compile(const std::vector<count_metric>& metrics, context_kind context,
                                weir::signal kind, const std::string& id) {
  counted_context made;
  made.kind = context;
  made.levels = static_cast<std::uint8_t>(1U << static_cast<unsigned>(context));
  for (const auto& metric : metrics) {
    auto& one = made.metrics.emplace_back(counted{metric, {}});
    if (metric.conditions.empty())
      continue;
    const ottl::group_source source{kind, context, metric.conditions, {}};
    auto compiled = ottl::compile_group(source);
    if (!compiled)
      return fail(
          errc::invalid_argument,
          fmt::format("{}: {}", metric.name, ottl::to_string(compiled.error().front(), source)));
    made.levels = static_cast<std::uint8_t>(made.levels | compiled->reads);
    one.conditions.emplace(std::move(compiled->conditions), ottl::error_mode::propagate, id);
  }
  return made;
}

} // namespace

result<relay_ptr> make_count(const count_config& config, weir::signal kind, const std::string& id) {
  using listed = std::pair<context_kind, const std::vector<count_metric>*>;
  std::vector<listed> lists;
  if (kind == signal::traces)
    lists = {{context_kind::span, &config.spans}, {context_kind::spanevent, &config.spanevents}};
  else if (kind == signal::metrics)
    lists = {{context_kind::metric, &config.metrics},
             {context_kind::datapoint, &config.datapoints}};
  else
    lists = {{context_kind::log, &config.logs}};
  std::vector<counted_context> contexts;
  for (const auto& [context, metrics] : lists) {
    auto compiled = compile(*metrics, context, kind, id);
    if (!compiled)
      return tl::unexpected(compiled.error());
    contexts.push_back(std::move(*compiled));
  }
  return std::make_shared<const count_relay>(std::make_shared<const counting>(std::move(contexts)),
                                             id);
}

} // namespace weir::connectors
