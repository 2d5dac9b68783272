#pragma once

#include "core/error.hpp"

#include <string>
#include <sys/types.h>

namespace weir::storage {

/// The sole right to a directory: an flock on its file LOCK, which names the holder's pid. Ends
/// with the object, or with the process however that dies.
class directory_lock {
public:
  /// errc::unavailable, naming the pid, when another has it; errc::io.
  static result<directory_lock> take(const std::string& directory);

  /// Fails as take() does when a process can be seen that has the directory; takes nothing.
  static result<void> expect_free(const std::string& directory);

  /// The process that has the directory (its pid in this namespace). errc::not_found: none has it,
  /// or none that can be seen.
  static result<pid_t> holder(const std::string& directory);

  directory_lock(directory_lock&& other) noexcept;
  directory_lock& operator=(directory_lock&& other) noexcept;
  ~directory_lock();

private:
  explicit directory_lock(int descriptor) noexcept : descriptor_(descriptor) {}

  int descriptor_ = -1;
};

} // namespace weir::storage
