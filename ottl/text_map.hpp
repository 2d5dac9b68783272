#pragma once

#include "ottl/evaluation.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir::ottl {

/// Without white space at its ends, as Unicode has it.
std::string_view trim_space(std::string_view text) noexcept;

/// A map of texts that is being made: of a key that comes twice the last value counts.
class text_map {
public:
  void put(std::string_view key, std::string_view text);

  /// The value that a converter gives.
  bool finish(evaluation& e, value& out) const;

private:
  std::vector<std::pair<std::string, std::string>> pairs_;
  std::unordered_map<std::string, std::size_t> places_;
};

} // namespace weir::ottl
