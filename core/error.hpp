#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace weir {

/// What went wrong, in the classes that callers act on differently.
enum class errc : std::uint8_t {
  invalid_argument, ///< The input is malformed and will never be accepted.
  too_large,        ///< The input is over a limit.
  unsupported,      ///< Well-formed, but not something Weir does (an encoding, a version).
  unavailable,      ///< Not now: the caller should try again later.
  full,             ///< A limit of ours is reached: disk, memory, queue.
  corrupt,          ///< Bytes on disk are not what was written.
  not_found,        ///< What was named does not exist.
  io,               ///< The operating system refused; the text says why.
  fatal,            ///< A promise can no longer be kept; the process has to end.
};

/// Stable lower-case name of a code, for logs and metric labels.
std::string_view to_string(errc code) noexcept;

/// An error: its class and a sentence for a person.
struct error {
  errc code = errc::invalid_argument;
  std::string message;
};

/// A value or an error.
template <class T>
using result = tl::expected<T, error>;

/// Makes the error side of a result: `return fail(errc::full, "...")`.
inline tl::unexpected<error> fail(errc code, std::string message) {
  return tl::unexpected<error>(error{code, std::move(message)});
}

} // namespace weir
