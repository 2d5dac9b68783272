#include "actors/last_words.hpp"

#include "core/log.hpp"

#include <cstdlib>

namespace weir::actors {

void end_process(const error& reason) {
  log::error("no promise can be kept any more; the process ends: {}", reason.message);
  spdlog::default_logger()->flush();
  std::_Exit(70);
}

void end_process(std::string_view stage, const std::exception_ptr& thrown) {
  auto reason = std::string("something unknown");
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& known) {
    reason = known.what();
  } catch (...) { // It stays unknown.
  }
  end_process({errc::fatal, "stage " + std::string(stage) + " threw: " + reason});
}

} // namespace weir::actors
