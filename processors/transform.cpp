#include "processors/transform.hpp"

#include "ottl/walk.hpp"

namespace weir::processors {

namespace {

using ottl::context_kind;

/// The statements of one group.
class transformation : public processor {
public:
  transformation(ottl::compiled_group group, ottl::error_mode mode, const std::string& id)
      : context_(group.context),
        levels_(static_cast<std::uint8_t>(group.reads | group.writes
                                          | 1U << static_cast<unsigned>(group.context))),
        reach_(ottl::reach_of(group.context, group.reads, group.writes)),
        conditions_(std::move(group.conditions), mode, id),
        statements_(std::move(group.statements), mode, id) {
    reach_.makes = group.makes_items;
  }

  processors::reach reach() const override { return reach_; }

  disposition edit_resource(context& context) const override {
    return verdict_of(run(context, ottl::begin_subject(context, levels_)));
  }
  disposition edit_scope(context& context) const override {
    return verdict_of(run(context, ottl::begin_subject(context, levels_)));
  }
  disposition edit_item(context& context) const override {
    auto s = ottl::begin_subject(context, levels_);
    bool good = true;
    const auto edit = [&](const ottl::subject& subject) {
      good = run(context, subject) && good;
      return true;
    };
    switch (context_) {
    case context_kind::spanevent:
      ottl::for_each_event(context, s, edit);
      break;
    case context_kind::metric:
      ottl::with_metric(context, s, edit);
      break;
    case context_kind::datapoint:
      ottl::for_each_metric_point(context, s, edit);
      break;
    case context_kind::span:
      s.span = &context.current();
      edit(s);
      break;
    default:
      s.log = &context.current();
      edit(s);
    }
    return verdict_of(good);
  }

private:
  /// What a statement failed on in mode propagate does not go on half changed.
  static disposition verdict_of(bool good) { return good ? disposition::keep : disposition::drop; }

  /// False: a statement failed in mode propagate, and the message is refused.
  bool run(context& context, const ottl::subject& subject) const {
    auto& workspace = ottl::thread_workspace();
    workspace.begin_item();
    if (!conditions_.empty()) {
      const auto answer = conditions_.any(subject, workspace);
      if (answer == ottl::sequence::answer::failed)
        return refuse(context, conditions_.describe(workspace));
      if (answer == ottl::sequence::answer::no)
        return true;
    }
    return statements_.run(subject, workspace) || refuse(context, statements_.describe(workspace));
  }

  static bool refuse(context& context, std::string reason) {
    context.refuse(std::move(reason));
    return false;
  }

  context_kind context_;
  std::uint8_t levels_;
  processors::reach reach_;
  ottl::sequence conditions_;
  ottl::sequence statements_;
};

const std::vector<statement_group_config>& groups_of(const transform_config& config,
                                                     weir::signal kind) {
  switch (kind) {
  case weir::signal::traces:
    return config.trace_statements;
  case weir::signal::metrics:
    return config.metric_statements;
  default:
    return config.log_statements;
  }
}

} // namespace

result<std::vector<processor_ptr>> make_transform(const transform_config& config, weir::signal kind,
                                                  const std::string& id) {
  std::vector<processor_ptr> made;
  for (const auto& group : groups_of(config, kind)) {
    const ottl::group_source source{kind, ottl::context_named(group.context), group.conditions,
                                    group.statements};
    auto compiled = ottl::compile_group(source);
    if (!compiled)
      return fail(errc::invalid_argument, ottl::to_string(compiled.error().front(), source));
    const auto mode =
        ottl::error_mode_named(group.error_mode.empty() ? config.error_mode : group.error_mode);
    made.push_back(std::make_shared<const transformation>(
        std::move(*compiled), mode.value_or(ottl::error_mode::ignore), id));
  }
  return made;
}

} // namespace weir::processors
