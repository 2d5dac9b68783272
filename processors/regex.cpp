#include "processors/regex.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

namespace weir::processors {

result<regex> regex::compile(std::string_view pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  auto compiled =
      std::make_shared<const RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!compiled->ok())
    return fail(errc::invalid_argument,
                fmt::format("invalid regex `{}`: {}", pattern, compiled->error()));
  return regex(std::move(compiled));
}

bool regex::matches(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

} // namespace weir::processors
