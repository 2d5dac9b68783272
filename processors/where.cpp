#include "processors/where.hpp"

#include "ottl/walk.hpp"

#include <unordered_set>

namespace weir::processors {

namespace {

using ottl::context_kind;

class where : public processor {
public:
  explicit where(ottl::compiled_group compiled)
      : context_(compiled.context),
        levels_(static_cast<std::uint8_t>(compiled.reads
                                          | 1U << static_cast<unsigned>(compiled.context))),
        condition_(std::move(compiled.conditions), ottl::error_mode::silent, "--where") {}

  processors::reach reach() const override { return ottl::reach_of(context_, levels_, 0); }

  disposition edit_item(context& context) const override {
    auto s = ottl::begin_subject(context, levels_);
    switch (context_) {
    case context_kind::span:
      s.span = &context.current();
      return judge(s);
    case context_kind::log:
      s.log = &context.current();
      return judge(s);
    case context_kind::metric:
      return ottl::with_metric(context, s, [this](const auto& subject) { return judge(subject); });
    default: {
      const auto points = ottl::for_each_metric_point(
          context, s, [this](const auto& subject) { return judge(subject) == disposition::keep; });
      return points.left == 0 ? disposition::drop : disposition::keep;
    }
    }
  }

private:
  disposition judge(const ottl::subject& subject) const {
    auto& workspace = ottl::thread_workspace();
    workspace.begin_item();
    return condition_.any(subject, workspace) == ottl::sequence::answer::yes ? disposition::keep
                                                                             : disposition::drop;
  }

  context_kind context_;
  std::uint8_t levels_;
  ottl::sequence condition_;
};

class of_traces : public processor {
public:
  of_traces(std::span<const trace_id> traces, std::uint32_t field)
      : traces_(traces.begin(), traces.end()), field_(field) {}

  processors::reach reach() const override { return {.edits = editing::level::items}; }

  disposition edit_item(context& context) const override {
    const auto id = context.current().bytes(field_);
    return id.size() == 16 && traces_.contains(trace_id::from(id)) ? disposition::keep
                                                                   : disposition::drop;
  }

private:
  std::unordered_set<trace_id> traces_;
  std::uint32_t field_;
};

// Fields of a span and of a log record.
constexpr std::uint32_t span_trace_id = 1, log_trace_id = 9;

context_kind context_of(weir::signal kind) {
  switch (kind) {
  case weir::signal::traces:
    return context_kind::span;
  case weir::signal::metrics:
    return context_kind::datapoint;
  default:
    return context_kind::log;
  }
}

} // namespace

result<processor_ptr> make_where(const std::string& condition, weir::signal kind) {
  ottl::group_source source{kind, context_of(kind), {condition}, {}};
  auto compiled = ottl::compile_group(source);
  if (!compiled && kind == weir::signal::metrics) {
    source.context = context_kind::metric;
    if (auto of_metrics = ottl::compile_group(source))
      compiled = std::move(of_metrics);
  }
  if (!compiled)
    return fail(errc::invalid_argument, ottl::to_string(compiled.error().front(), source));
  return std::make_shared<const where>(std::move(*compiled));
}

result<processor_ptr> make_traces_filter(std::span<const trace_id> traces, weir::signal kind) {
  if (kind == weir::signal::metrics)
    return fail(errc::invalid_argument, "metrics are of no trace");
  return std::make_shared<const of_traces>(traces, kind == weir::signal::traces ? span_trace_id
                                                                                : log_trace_id);
}

} // namespace weir::processors
