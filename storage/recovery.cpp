#include "storage/status.hpp"
#include "storage/store_impl.hpp"

#include "core/log.hpp"

#include <fmt/format.h>

namespace weir::storage {

result<void> store::impl::open() {
  if (auto made = disk.make_directory(how.directory); !made)
    return fail(errc::io,
                fmt::format("the storage directory cannot be made: {}", made.error().message));
  auto taken = directory_lock::take(how.directory);
  if (!taken)
    return tl::unexpected(taken.error());
  lock = std::move(*taken);
  const auto found = read_identity(disk, how.directory);
  if (!found)
    return tl::unexpected(found.error());
  report.fresh = !disk.exists(path("db"));
  if (auto made = disk.make_directory(path("db")); !made)
    return made;
  if (auto status = open_database(); !status.ok())
    return tl::unexpected(to_error(status, "opening the database"));
  if (*found) {
    who = **found;
  } else {
    who.node = random_id();
    if (auto written = write_identity(disk, how.directory, who); !written)
      return written;
  }
  return {};
}

void store::set_aside(std::string_view kind, std::uint64_t position, std::string_view bytes) {
  const auto directory = impl_->path("damaged");
  (void)impl_->disk.make_directory(directory);
  const auto name = fmt::format("{}/{}-{}", directory, kind, position);
  if (auto kept = impl_->disk.replace(name, bytes, false);
      !kept && log::permit("storage-set-aside"))
    log::warn("{}", kept.error().message);
}

} // namespace weir::storage
