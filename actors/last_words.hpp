#pragma once

#include "core/error.hpp"

#include <caf/error.hpp>
#include <exception>
#include <string_view>

namespace weir::actors {

/// No promise can be kept any more: says why, and ends the process at once (exit code 70). The next
/// start goes on from the disk.
[[noreturn]] void end_process(const error& reason);

/// The same for what a stage threw: memory that ran out, a bug.
[[noreturn]] void end_process(std::string_view stage, const std::exception_ptr& thrown);

/// A stage that throws ends the process: CAF would end that actor alone, and the others would go on
/// taking in what never gets further.
template <class Self>
void end_process_where_it_throws(Self* self) {
  self->set_exception_handler([name = self->name()](std::exception_ptr& thrown) -> caf::error {
    end_process(name, thrown);
  });
}

} // namespace weir::actors
