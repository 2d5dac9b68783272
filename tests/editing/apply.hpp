#pragma once

#include "editing/chain.hpp"
#include "messages.hpp"

#include <string>

namespace weir::editing::test {

/// What one processor makes of a message.
inline std::string edited_by(const processor_ptr& processor_ptr, const std::string& message,
                             weir::signal kind = signal::traces,
                             const request_context& request = {}) {
  const chain uut({{"p", processor_ptr}});
  scratch scratch;
  std::string out;
  return uut.apply(kind, message, request, scratch, out).changed ? out : message;
}

/// A message of one span named "n" with these attributes.
inline std::string one_span(const std::string& attributes, const std::string& more = "") {
  return traces(R"([{"scopeSpans":[{"spans":[{"name":"n",)" + more + R"("attributes":)" + attributes
                + "}]}]}]");
}

} // namespace weir::editing::test
