#pragma once

#include <cerrno>
#include <filesystem>
#include <stdlib.h>
#include <string>
#include <system_error>

namespace weir::test {

/// A directory of its own, gone at the end. In memory where that has room: there fsync costs
/// nothing, and tests of the store do thousands of them (what a power cut takes is simulated).
class temporary_directory {
public:
  temporary_directory() {
    auto ignored = std::error_code();
    const auto memory = std::filesystem::path("/dev/shm");
    const auto room = std::filesystem::space(memory, ignored).available;
    const auto parent =
        !ignored && room > (256 << 20) ? memory : std::filesystem::temp_directory_path();
    path_ = (parent / "weir-test-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr)
      throw std::system_error(errno, std::generic_category(), path_);
  }
  ~temporary_directory() {
    auto ignored = std::error_code();
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  const std::string& path() const noexcept { return path_; }
  /// The path of a file in it, there or not.
  std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

} // namespace weir::test
