#pragma once

#include "editing/processor.hpp"

/// The processors of a user's configuration. They are written in the words of item editing.
namespace weir::processors {
using namespace editing;
} // namespace weir::processors
