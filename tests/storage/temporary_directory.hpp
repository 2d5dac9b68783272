#pragma once

#include "tests/support/temporary_directory.hpp"

namespace weir::storage {

using test::temporary_directory;

} // namespace weir::storage
