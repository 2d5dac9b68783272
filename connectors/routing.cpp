#include "connectors/routing.hpp"

#include "editing/chain.hpp"
#include "ottl/walk.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace weir::connectors {

namespace {

using editing::context;
using editing::disposition;
using ottl::context_kind;

/// What a condition said of the items of the message in hand, in the order of the walk, so that
/// what it did not hold for is found again without asking twice.
struct verdicts {
  std::vector<bool> of_items;
  std::size_t next = 0; ///< For who reads them.
};

verdicts& verdicts_in_hand() {
  static thread_local verdicts mine;
  return mine;
}

editing::scratch& scratch_of_thread() {
  static thread_local editing::scratch mine;
  return mine;
}

/// Walks to the items of a condition's context and keeps those that `keep` says.
class sifting : public editing::processor {
public:
  sifting(context_kind kind, std::uint8_t reads)
      : kind_(kind), levels_(static_cast<std::uint8_t>(reads | 1U << static_cast<unsigned>(kind))),
        reach_(ottl::reach_of(kind, levels_, 0)) {}

  editing::reach reach() const override { return reach_; }

  disposition edit_resource(context& context) const override {
    return verdict(context, ottl::begin_subject(context, levels_));
  }
  disposition edit_scope(context& context) const override {
    return verdict(context, ottl::begin_subject(context, levels_));
  }
  disposition edit_item(context& context) const override {
    auto s = ottl::begin_subject(context, levels_);
    switch (kind_) {
    case context_kind::span:
      s.span = &context.current();
      return verdict(context, s);
    case context_kind::log:
      s.log = &context.current();
      return verdict(context, s);
    case context_kind::metric:
      return ottl::with_metric(context, s,
                               [&](const auto& subject) { return verdict(context, subject); });
    default: {
      const auto points = ottl::for_each_metric_point(context, s, [&](const auto& subject) {
        return verdict(context, subject) == disposition::keep;
      });
      return points.left == 0 ? disposition::drop : disposition::keep;
    }
    }
  }

protected:
  virtual bool keeps(context& context, const ottl::subject& subject) const = 0;

private:
  disposition verdict(context& context, const ottl::subject& subject) const {
    return keeps(context, subject) ? disposition::keep : disposition::drop;
  }

  context_kind kind_;
  std::uint8_t levels_;
  editing::reach reach_;
};

class asking final : public sifting {
public:
  asking(ottl::compiled_group group, ottl::error_mode mode, const std::string& id)
      : sifting(group.context, group.reads), condition_(std::move(group.conditions), mode, id) {}

private:
  bool keeps(context& context, const ottl::subject& subject) const override {
    auto& workspace = ottl::thread_workspace();
    workspace.begin_item();
    const auto answer = condition_.any(subject, workspace);
    if (answer == ottl::sequence::answer::failed)
      context.refuse(condition_.describe(workspace));
    const bool holds = answer == ottl::sequence::answer::yes;
    verdicts_in_hand().of_items.push_back(holds);
    return holds;
  }

  ottl::sequence condition_;
};

/// Keeps what `asking` did not, in the same message.
class remaining final : public sifting {
public:
  using sifting::sifting;

private:
  bool keeps(context&, const ottl::subject&) const override {
    auto& known = verdicts_in_hand();
    return known.next >= known.of_items.size() || !known.of_items[known.next++];
  }
};

struct route {
  std::optional<request_condition> request;
  std::optional<editing::chain> taken, left; ///< Of other conditions; absent: it takes nothing.
  bool copies = false;
};

class routing final : public relay {
public:
  routing(std::vector<route> routes, bool has_default)
      : routes_(std::move(routes)), has_default_(has_default) {}

  relay_outcome make(weir::signal kind, std::string_view message, std::uint64_t items,
                     const editing::request_context& request,
                     std::chrono::nanoseconds time) const override {
    relay_outcome made;
    std::string rest; // what `message` views, once a route took a part of it
    for (std::size_t r = 0; r < routes_.size() && items > 0; ++r) {
      const auto& route = routes_[r];
      if (route.request && route.request->holds(request)) {
        made.messages.push_back({r, std::string(message), items});
        items = route.copies ? items : 0;
      } else if (route.taken && !take(kind, r, message, items, request, time, rest, made)) {
        return made;
      }
    }
    if (items > 0 && has_default_)
      made.messages.push_back({routes_.size(), std::string(message), items});
    return made;
  }

private:
  /// False: the message is to be refused.
  bool take(weir::signal kind, std::size_t number, std::string_view& message, std::uint64_t& items,
            const editing::request_context& request, std::chrono::nanoseconds time,
            std::string& rest, relay_outcome& made) const {
    const auto& route = routes_[number];
    auto& known = verdicts_in_hand();
    known.of_items.clear();
    known.next = 0;
    auto& scratch = scratch_of_thread();
    std::string taken;
    auto asked = route.taken->apply(kind, message, request, scratch, taken, time);
    if (!asked.refusal.empty()) {
      made = {{}, std::move(asked.refusal), asked.ended};
      return false;
    }
    const auto count = items - asked.items.dropped;
    if (count == 0)
      return true;
    made.messages.push_back(
        {number, asked.changed ? std::move(taken) : std::string(message), count});
    if (route.copies)
      return true;
    items -= count;
    if (items == 0)
      return true;
    std::string left;
    (void)route.left->apply(kind, message, request, scratch, left);
    rest = std::move(left);
    message = rest;
    return true;
  }

  std::vector<route> routes_;
  bool has_default_;
};

bool is_space(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return text;
}

bool take_word(std::string_view& text, std::string_view word) {
  text = trimmed(text);
  if (!text.starts_with(word))
    return false;
  text.remove_prefix(word.size());
  return true;
}

bool applies(context_kind context, weir::signal kind) {
  const auto of_signal = ottl::contexts_of(kind);
  return std::find(of_signal.begin(), of_signal.end(), context) != of_signal.end();
}

result<route> compile(const route_config& config, weir::signal kind, ottl::error_mode mode,
                      const std::string& id) {
  route made;
  made.copies = config.action == route_action::copy;
  if (config.context == "request") {
    made.request = parse_request_condition(config.condition);
    if (!made.request)
      return fail(errc::invalid_argument, "found the condition " + config.condition
                                              + ", expected `request[\"name\"] == \"value\"`");
    return made;
  }
  const auto context = ottl::context_named(config.context);
  if (!context || !applies(*context, kind))
    return made;
  const auto condition =
      config.statement.empty() ? config.condition : condition_in(config.statement);
  const ottl::group_source source{kind, context, {condition}, {}};
  auto compiled = ottl::compile_group(source);
  if (!compiled)
    return fail(errc::invalid_argument, ottl::to_string(compiled.error().front(), source));
  const auto reads = compiled->reads;
  made.taken.emplace(std::vector<editing::chain::part>{
      {id, std::make_shared<const asking>(std::move(*compiled), mode, id)}});
  made.left.emplace(
      std::vector<editing::chain::part>{{id, std::make_shared<const remaining>(*context, reads)}});
  return made;
}

} // namespace

bool request_condition::holds(const editing::request_context& request) const {
  return std::any_of(request.metadata.begin(), request.metadata.end(), [&](const auto& pair) {
    return pair.first == header && (pair.second == value) == equal;
  });
}

std::string condition_in(std::string_view statement) {
  if (!take_word(statement, "route") || !take_word(statement, "(") || !take_word(statement, ")"))
    return {};
  statement = trimmed(statement);
  if (statement.empty())
    return "true";
  return take_word(statement, "where") && !statement.empty() && is_space(statement.front())
             ? std::string(trimmed(statement))
             : std::string{};
}

std::optional<request_condition> parse_request_condition(std::string_view text) {
  request_condition made;
  if (!take_word(text, "request[\""))
    return {};
  const auto end = text.find("\"]");
  if (end == std::string_view::npos)
    return {};
  for (const char c : text.substr(0, end))
    made.header.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  text.remove_prefix(end + 2);
  if (take_word(text, "!="))
    made.equal = false;
  else if (!take_word(text, "=="))
    return {};
  text = trimmed(text);
  if (text.size() < 2 || text.front() != '"' || text.back() != '"')
    return {};
  made.value = text.substr(1, text.size() - 2);
  return made;
}

result<routing_way> make_routing(const routing_config& config, weir::signal kind,
                                 const std::string& id) {
  const auto mode = ottl::error_mode_named(config.error_mode).value_or(ottl::error_mode::propagate);
  routing_way made;
  std::vector<route> routes;
  for (std::size_t i = 0; i < config.table.size(); ++i) {
    const auto& one = config.table[i];
    auto compiled = compile(one, kind, mode, id);
    if (!compiled)
      return fail(errc::invalid_argument,
                  fmt::format("table[{}]: {}", i, compiled.error().message));
    if (compiled->request)
      made.headers.insert(compiled->request->header);
    routes.push_back(std::move(*compiled));
    const bool takes = routes.back().request || routes.back().taken;
    made.groups.push_back(takes ? one.pipelines : std::vector<std::string>{});
  }
  made.groups.push_back(config.default_pipelines);
  made.relay =
      std::make_shared<const routing>(std::move(routes), !config.default_pipelines.empty());
  return made;
}

} // namespace weir::connectors
