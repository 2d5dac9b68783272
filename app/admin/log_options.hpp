#pragma once

#include "core/clock.hpp"
#include "core/error.hpp"

#include <string>
#include <vector>
#include <weir/admin/v1/admin.pb.h>

namespace CLI {
class App;
}

namespace weir::app {

/// Which part of which logs a command is about: its options.
struct log_options {
  std::string pipeline, begin, end = "now", where;
  std::vector<std::string> traces;
};

void add_log_options(CLI::App& command, log_options& given);

/// errc::invalid_argument: a time is none, the range is empty, no pipeline or no begin is given.
result<admin::v1::LogSelection> selection_of(const log_options& given, unix_ns now);

} // namespace weir::app
