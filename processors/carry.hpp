#pragma once

#include "processors/processor.hpp"

#include <string>
#include <vector>

namespace weir::processors {

/// Lets resources carry what exporters are to send on of a request (otlp/carried.hpp), and takes
/// out what a client put there itself. `names`: "metadata.<header>", lower-case, or "auth.<name>".
processor_ptr make_carry(std::vector<std::string> names);

} // namespace weir::processors
