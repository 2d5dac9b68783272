#pragma once

#include "core/ids.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace weir::stages {

/// Dead letters that an exporter is to send once more.
struct letter_order {
  std::string source;     ///< The exporter that gave up on them; "": any of the pipeline.
  log_position next = 0;  ///< The first that was not looked at yet ...
  log_position below = 0; ///< ... and where it ends; next == below: there is nothing to do.

  friend bool operator==(const letter_order&, const letter_order&) = default;
};

std::string encode(const letter_order& order);
/// What cannot be decoded is nothing to do.
letter_order read_letter_order(std::string_view bytes);

/// What a hand asks of an exporter. Answered when it is durable.
struct exporter_order {
  enum class kind : std::uint8_t { pause, resume, send_letters };
  kind act = kind::pause;
  letter_order letters = {};
};
using exporter_order_ptr = std::shared_ptr<const exporter_order>;

} // namespace weir::stages
