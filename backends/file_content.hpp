#pragma once

#include "backends/record_format.hpp"
#include "core/error.hpp"

#include <cstdint>

namespace weir::backends {

/// Where a file that is to be gone on with can be.
struct file_end {
  std::uint64_t whole = 0;     ///< Its records end here; behind it stands a torn one.
  bool lacks_line_end = false; ///< The last record is whole but for its line end.
};

/// Looks at the first `size` bytes of a file, and changes nothing. Text that others wrote, in whole
/// lines, may stand before lines of JSON. errc::invalid_argument, with what was found and where:
/// records of another format, or an end that is no beginning of a record of this one.
result<file_end> find_file_end(int fd, std::uint64_t size, record_format format);

} // namespace weir::backends
