#pragma once

#include <filesystem>
#include <stdlib.h>
#include <string>

namespace weir::storage {

/// A directory of its own, gone at the end. In memory where that has room: there fsync costs
/// nothing, and these tests do thousands of them (what a power cut takes is simulated).
class temporary_directory {
public:
  temporary_directory() {
    auto ignored = std::error_code();
    const auto memory = std::filesystem::path("/dev/shm");
    const auto room = std::filesystem::space(memory, ignored).available;
    const auto parent =
        !ignored && room > (256 << 20) ? memory : std::filesystem::temp_directory_path();
    auto pattern = (parent / "weir-storage-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~temporary_directory() {
    auto ignored = std::error_code();
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  const std::string& path() const noexcept { return path_; }

private:
  std::string path_;
};

} // namespace weir::storage
