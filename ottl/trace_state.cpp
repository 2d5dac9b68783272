#include "ottl/trace_state.hpp"

#include "otlp/trace_state.hpp"

namespace weir::ottl {

bool put_trace_state_member(std::string_view state, std::string_view key, std::string_view value,
                            text_builder& out) {
  const auto list = otlp::read_trace_state(state);
  if (!list || !otlp::is_trace_state_key(key) || !otlp::is_trace_state_value(value))
    return false;
  const auto put = [&out](std::string_view name, std::string_view content) {
    out.append(name);
    out.append('=');
    out.append(content);
  };
  put(key, value);
  // The last member goes where there would be too many.
  std::size_t kept = 1;
  for (const auto& member : list->members()) {
    if (member.key == key || kept++ >= otlp::max_trace_state_members)
      continue;
    out.append(',');
    put(member.key, member.value);
  }
  return true;
}

} // namespace weir::ottl
