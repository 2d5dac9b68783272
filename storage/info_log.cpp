#include "storage/info_log.hpp"

#include "core/log.hpp"

#include <cstdarg>
#include <cstdio>

namespace weir::storage {

namespace {

std::string_view text_of(char (&buffer)[1024], const char* format, va_list arguments) {
  const auto length = std::vsnprintf(buffer, sizeof buffer, format, arguments);
  if (length < 0)
    return {};
  return {buffer, std::min<std::size_t>(static_cast<std::size_t>(length), sizeof buffer - 1)};
}

} // namespace

void info_log::Logv(const char* format, va_list arguments) {
  char buffer[1024];
  log::debug("rocksdb: {}", text_of(buffer, format, arguments));
}

// What RocksDB calls an error is not one for the operator yet: what matters comes back as a status
// and is said where it is handled. So its errors are warnings here.
void info_log::Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) {
  if (level < GetInfoLogLevel())
    return;
  char buffer[1024];
  const auto text = text_of(buffer, format, arguments);
  if (level >= rocksdb::InfoLogLevel::ERROR_LEVEL && log::permit("rocksdb"))
    log::warn("rocksdb: {}", text);
  else
    log::debug("rocksdb: {}", text);
}

} // namespace weir::storage
