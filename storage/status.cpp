#include "storage/status.hpp"

#include <fmt/format.h>

namespace weir::storage {

bool is_no_space(const rocksdb::Status& status) noexcept {
  return status.IsNoSpace() || status.subcode() == rocksdb::Status::kSpaceLimit;
}

bool is_damage(const rocksdb::Status& status) noexcept {
  return status.IsCorruption() || status.IsNotSupported() || status.IsInvalidArgument()
         || status.IsPathNotFound();
}

error to_error(const rocksdb::Status& status, std::string_view doing) {
  auto code = errc::io;
  if (is_no_space(status))
    code = errc::full;
  else if (is_damage(status))
    code = errc::corrupt;
  else if (status.IsNotFound())
    code = errc::not_found;
  else if (status.IsIncomplete() || status.IsBusy() || status.IsTryAgain())
    code = errc::unavailable;
  return {code, fmt::format("{}: {}", doing, status.ToString())};
}

} // namespace weir::storage
