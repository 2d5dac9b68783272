#include "core/error.hpp"

namespace weir {

std::string_view to_string(errc code) noexcept {
  switch (code) {
  case errc::invalid_argument:
    return "invalid_argument";
  case errc::too_large:
    return "too_large";
  case errc::unsupported:
    return "unsupported";
  case errc::unavailable:
    return "unavailable";
  case errc::full:
    return "full";
  case errc::corrupt:
    return "corrupt";
  case errc::not_found:
    return "not_found";
  case errc::io:
    return "io";
  case errc::fatal:
    return "fatal";
  }
  return "unknown";
}

} // namespace weir
