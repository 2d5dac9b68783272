#include "app/version.hpp"

#include "app/commit.hpp"
#include "codec/block.hpp"
#include "codec/entry.hpp"
#include "storage/identity.hpp"

#include <fmt/format.h>

namespace weir::app {

std::string_view version() noexcept {
  return WEIR_VERSION;
}

std::string_view commit() noexcept {
  return built_from;
}

std::string version_text() {
  return fmt::format(
      "weir {}\ncommit {}\nformats on disk: directory {}, journal entry {}, block {}\n", version(),
      commit(), storage::format_version, codec::entry_version, codec::block_version);
}

} // namespace weir::app
