#include "ottl/sequence.hpp"

#include "core/log.hpp"
#include "editing/work.hpp"

#include <fmt/format.h>

namespace weir::ottl {

std::optional<error_mode> error_mode_named(std::string_view name) noexcept {
  if (name == "ignore")
    return error_mode::ignore;
  if (name == "silent")
    return error_mode::silent;
  if (name == "propagate")
    return error_mode::propagate;
  return std::nullopt;
}

namespace {

// Of a statement itself, beside what its functions say.
constexpr std::size_t statement_work = 100;

/// Says that a statement follows; where the work ended in one, says which.
template <class Run>
auto at_work(const program& p, Run&& run) {
  try {
    work().spend(statement_work);
    return run();
  } catch (work_ended& ended) {
    if (ended.worker.empty())
      ended.worker = fmt::format("`{}`", p.source);
    throw;
  }
}

} // namespace

sequence::answer sequence::any(const subject& subject, workspace& workspace) const {
  for (const auto& p : programs_) {
    bool holds = false;
    if (!at_work(p, [&] { return evaluation(p, subject, workspace).holds(holds); })) {
      if (ends(p, workspace))
        return answer::failed;
    } else if (holds) {
      return answer::yes;
    }
  }
  return answer::no;
}

bool sequence::run(const subject& subject, workspace& workspace) const {
  for (const auto& p : programs_)
    if (!at_work(p, [&] { return evaluation(p, subject, workspace).run(); }) && ends(p, workspace))
      return false;
  return true;
}

bool sequence::ends(const program& program, workspace& workspace) const {
  // Logged at the 1st, 2nd, 4th, 8th ... error: a fault that repeats cannot flood the log, and
  // nothing is locked for it. Values do not go into the line: they may be what was to be hidden.
  const auto count = errors_.fetch_add(1, std::memory_order_relaxed) + 1;
  workspace.failed = &program;
  if (mode_ == error_mode::ignore && (count & (count - 1)) == 0)
    log::warn("{}: {} ({} so far)", owner_, describe(workspace), count);
  return mode_ == error_mode::propagate;
}

std::string sequence::describe(const workspace& workspace) const {
  return fmt::format("`{}` failed: {}", workspace.failed == nullptr ? "" : workspace.failed->source,
                     to_string(workspace.why));
}

} // namespace weir::ottl
