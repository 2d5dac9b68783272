#include "processors/ottl/sequence.hpp"

#include "core/log.hpp"
#include "processors/work.hpp"

#include <fmt/format.h>

namespace weir::processors::ottl {

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
    if (ended.who.empty())
      ended.who = fmt::format("`{}`", p.source);
    throw;
  }
}

} // namespace

sequence::answer sequence::any(const subject& on, workspace& in) const {
  for (const auto& p : programs_) {
    bool holds = false;
    if (!at_work(p, [&] { return evaluation(p, on, in).holds(holds); })) {
      if (ends(p, in))
        return answer::failed;
    } else if (holds) {
      return answer::yes;
    }
  }
  return answer::no;
}

bool sequence::run(const subject& on, workspace& in) const {
  for (const auto& p : programs_)
    if (!at_work(p, [&] { return evaluation(p, on, in).run(); }) && ends(p, in))
      return false;
  return true;
}

bool sequence::ends(const program& at, workspace& in) const {
  // Logged at the 1st, 2nd, 4th, 8th ... error: a fault that repeats cannot flood the log, and
  // nothing is locked for it. Values do not go into the line: they may be what was to be hidden.
  const auto count = errors_.fetch_add(1, std::memory_order_relaxed) + 1;
  in.failed = &at;
  if (mode_ == error_mode::ignore && (count & (count - 1)) == 0)
    log::warn("{}: {} ({} so far)", owner_, describe(in), count);
  return mode_ == error_mode::propagate;
}

std::string sequence::describe(const workspace& in) const {
  return fmt::format("`{}` failed: {}", in.failed == nullptr ? "" : in.failed->source,
                     to_string(in.why));
}

} // namespace weir::processors::ottl
