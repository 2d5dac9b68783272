#pragma once

#include "messages.hpp"
#include "processors/chain.hpp"

#include <string>

namespace weir::processors::test {

/// What one processor makes of a message.
inline std::string edited_by(const processor_ptr& what, const std::string& message,
                             weir::signal kind = signal::traces,
                             const request_context& request = {}) {
  const chain uut({{"p", what}});
  scratch with;
  std::string out;
  return uut.apply(kind, message, request, with, out).changed ? out : message;
}

/// A message of one span named "n" with these attributes.
inline std::string one_span(const std::string& attributes, const std::string& more = "") {
  return traces(R"([{"scopeSpans":[{"spans":[{"name":"n",)" + more + R"("attributes":)" + attributes
                + "}]}]}]");
}

} // namespace weir::processors::test
