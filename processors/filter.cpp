#include "processors/filter.hpp"

#include "ottl/walk.hpp"
#include "processors/selecting.hpp"

#include <array>
#include <fmt/format.h>
#include <optional>

namespace weir::processors {

namespace {

using ottl::context_kind;

constexpr std::size_t context_count = 7;
using programs = std::array<std::vector<ottl::program>, context_count>;

constexpr std::size_t index_of(context_kind c) {
  return static_cast<std::size_t>(c);
}

/// Conditions by the context that they run in; all of them run in one walk.
class filtering : public processor {
public:
  filtering(programs conditions, ottl::error_mode mode, const std::string& id) {
    for (std::size_t i = 0; i < context_count; ++i) {
      if (conditions[i].empty())
        continue;
      for (const auto& p : conditions[i])
        levels_[i] = static_cast<std::uint8_t>(levels_[i] | p.reads);
      levels_[i] = static_cast<std::uint8_t>(levels_[i] | 1U << i);
      const auto own = ottl::reach_of(static_cast<context_kind>(i), levels_[i], 0);
      reach_.edits = reach_.edits | own.edits;
      reach_.reads = reach_.reads | own.reads;
      conditions_[i].emplace(std::move(conditions[i]), mode, id);
    }
  }

  processors::reach reach() const override { return reach_; }

  disposition edit_resource(context& context) const override {
    return judge(context_kind::resource, context, subject_of(context_kind::resource, context));
  }
  disposition edit_scope(context& context) const override {
    return judge(context_kind::scope, context, subject_of(context_kind::scope, context));
  }

  disposition edit_item(context& context) const override {
    switch (context.signal()) {
    case weir::signal::traces:
      return edit_span(context);
    case weir::signal::metrics:
      return edit_metric(context);
    default: {
      auto s = subject_of(context_kind::log, context);
      s.log = &context.current();
      return judge(context_kind::log, context, s);
    }
    }
  }

private:
  bool has(context_kind c) const { return conditions_[index_of(c)].has_value(); }

  ottl::subject subject_of(context_kind c, context& context) const {
    return ottl::begin_subject(context, levels_[index_of(c)]);
  }

  disposition judge(context_kind c, context& context, const ottl::subject& subject) const {
    const auto& conditions = conditions_[index_of(c)];
    if (!conditions)
      return disposition::keep;
    auto& workspace = ottl::thread_workspace();
    workspace.begin_item();
    const auto answer = conditions->any(subject, workspace);
    if (answer == ottl::sequence::answer::failed)
      context.refuse(conditions->describe(workspace));
    // What a condition failed on in mode propagate does not go on either.
    return answer == ottl::sequence::answer::no ? disposition::keep : disposition::drop;
  }

  disposition edit_span(context& context) const {
    if (has(context_kind::span)) {
      auto s = subject_of(context_kind::span, context);
      s.span = &context.current();
      if (judge(context_kind::span, context, s) == disposition::drop)
        return disposition::drop;
    }
    if (has(context_kind::spanevent))
      ottl::for_each_event(
          context, subject_of(context_kind::spanevent, context), [&](const ottl::subject& subject) {
            return judge(context_kind::spanevent, context, subject) == disposition::keep;
          });
    return disposition::keep;
  }

  disposition edit_metric(context& context) const {
    if (has(context_kind::metric)) {
      const auto found = ottl::with_metric(
          context, subject_of(context_kind::metric, context),
          [&](const auto& subject) { return judge(context_kind::metric, context, subject); });
      if (found == disposition::drop)
        return disposition::drop;
    }
    if (!has(context_kind::datapoint))
      return disposition::keep;
    const auto points = ottl::for_each_metric_point(
        context, subject_of(context_kind::datapoint, context), [&](const ottl::subject& subject) {
          return judge(context_kind::datapoint, context, subject) == disposition::keep;
        });
    return points.has_data && points.left == 0 ? disposition::drop : disposition::keep;
  }

  std::array<std::uint8_t, context_count> levels_{};
  processors::reach reach_;
  std::array<std::optional<ottl::sequence>, context_count> conditions_;
};

/// Gathers the conditions of one processor.
class filter_builder {
public:
  filter_builder(weir::signal kind, const std::string& id) : kind_(kind), id_(id) {}

  /// All in one context, or each in the one that its paths name.
  result<void> add(const std::vector<std::string>& conditions,
                   std::optional<context_kind> context) {
    for (const auto& condition : conditions) {
      const ottl::group_source source{kind_, context, {condition}, {}};
      auto compiled = ottl::compile_group(source);
      if (!compiled)
        return fail(errc::invalid_argument, ottl::to_string(compiled.error().front(), source));
      programs_[index_of(compiled->context)].push_back(std::move(compiled->conditions.front()));
      any_ = true;
    }
    return {};
  }

  void finish(const std::string& mode, std::vector<processor_ptr>& processors) {
    if (any_)
      processors.push_back(std::make_shared<const filtering>(
          std::move(programs_), ottl::error_mode_named(mode).value_or(ottl::error_mode::ignore),
          id_));
  }

private:
  weir::signal kind_;
  const std::string& id_;
  programs programs_;
  bool any_ = false;
};

const std::vector<condition_group_config>& groups_of(const filter_config& config,
                                                     weir::signal kind) {
  switch (kind) {
  case weir::signal::traces:
    return config.trace_conditions;
  case weir::signal::metrics:
    return config.metric_conditions;
  default:
    return config.log_conditions;
  }
}

/// `traces.span` and its like: each list has its context.
result<void> add_matches(const filter_config& config, filter_builder& builder) {
  const auto add = [&](const std::optional<metric_match_config>& match, bool negated) {
    if (!match)
      return result<void>{};
    return conditions_of(*match, negated).and_then([&](const match_conditions& made) {
      return builder.add(made.resource, context_kind::resource).and_then([&] {
        return builder.add(made.metric, context_kind::metric);
      });
    });
  };
  return add(config.metrics_include, true).and_then([&] {
    return add(config.metrics_exclude, false);
  });
}

result<void> add_lists(const filter_config& config, weir::signal kind, filter_builder& builder) {
  using enum context_kind;
  const auto add = [&](const std::vector<std::string>& conditions, context_kind c) {
    return [&builder, &conditions, c] { return builder.add(conditions, c); };
  };
  switch (kind) {
  case weir::signal::traces:
    return builder.add(config.traces_resource, resource)
        .and_then(add(config.traces_span, span))
        .and_then(add(config.traces_spanevent, spanevent));
  case weir::signal::metrics:
    return builder.add(config.metrics_resource, resource)
        .and_then(add(config.metrics_metric, metric))
        .and_then(add(config.metrics_datapoint, datapoint))
        .and_then([&] { return add_matches(config, builder); });
  default:
    return builder.add(config.logs_resource, resource).and_then(add(config.logs_record, log));
  }
}

/// `spans.include` and its like.
result<void> add_selection(const filter_config& config, weir::signal kind,
                           std::vector<processor_ptr>& processors) {
  const bool spans = kind == weir::signal::traces;
  const auto& include = spans ? config.spans_include : config.logs_include;
  const auto& exclude = spans ? config.spans_exclude : config.logs_exclude;
  if (kind == weir::signal::metrics || (!include && !exclude))
    return {};
  auto made = make_selecting(include, exclude, kind);
  if (!made)
    return tl::unexpected(made.error());
  processors.push_back(std::move(*made));
  return {};
}

std::string literal(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      quoted += '\\';
    quoted += c;
  }
  // A line break cannot stand in a literal as it is.
  for (std::size_t position = 0; (position = quoted.find('\n', position)) != std::string::npos;)
    quoted.replace(position, 1, "\\n");
  return quoted + '"';
}

/// One condition out of several texts; "" where there are none.
std::string joined(const std::vector<std::string>& conditions, std::string_view word,
                   bool negated) {
  if (conditions.empty())
    return {};
  std::string all;
  for (const auto& c : conditions)
    all += (all.empty() ? "" : fmt::format(" {} ", word)) + c;
  return negated ? "not (" + all + ")" : all;
}

} // namespace

result<match_conditions> conditions_of(const metric_match_config& match, bool negated) {
  const bool regexp = match.match_type == "regexp";
  const auto compare = [&](const std::string& path, const std::string& text) {
    return regexp ? fmt::format("IsMatch({}, {})", path, literal(text))
                  : fmt::format("{} == {}", path, literal(text));
  };
  std::vector<std::string> names;
  for (const auto& name : match.metric_names)
    names.push_back(compare("name", name));
  std::vector<std::string> attributes;
  for (const auto& a : match.resource_attributes) {
    const auto path = fmt::format("attributes[{}]", literal(a.key));
    attributes.push_back(a.value.empty() ? path + " != nil" : compare(path, a.value));
  }
  match_conditions made;
  if (auto metric = joined(names, "or", negated); !metric.empty())
    made.metric.push_back(std::move(metric));
  if (auto resource = joined(attributes, "and", negated); !resource.empty())
    made.resource.push_back(std::move(resource));
  filter_builder trial(weir::signal::metrics, "");
  return trial.add(made.resource, context_kind::resource)
      .and_then([&] { return trial.add(made.metric, context_kind::metric); })
      .map([&] { return made; });
}

result<std::vector<processor_ptr>> make_filter(const filter_config& config, weir::signal kind,
                                               const std::string& id) {
  std::vector<processor_ptr> made;
  filter_builder lists(kind, id);
  if (auto added = add_lists(config, kind, lists); !added)
    return tl::unexpected(added.error());
  lists.finish(config.error_mode, made);
  if (auto added = add_selection(config, kind, made); !added)
    return tl::unexpected(added.error());
  for (const auto& group : groups_of(config, kind)) {
    filter_builder builder(kind, id);
    if (auto added = builder.add(group.conditions, ottl::context_named(group.context)); !added)
      return tl::unexpected(added.error());
    builder.finish(group.error_mode.empty() ? config.error_mode : group.error_mode, made);
  }
  return made;
}

} // namespace weir::processors
