#pragma once

#include <filesystem>
#include <stdlib.h>
#include <string>

namespace weir::storage {

/// A directory of its own, gone at the end.
class temporary_directory {
public:
  temporary_directory() {
    auto pattern = (std::filesystem::temp_directory_path() / "weir-storage-XXXXXX").string();
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
