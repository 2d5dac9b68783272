#pragma once

#include <rocksdb/env.h>

namespace weir::storage {

/// RocksDB's own log lines, from warnings on, in ours.
class info_log final : public rocksdb::Logger {
public:
  info_log() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override;
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override;
};

} // namespace weir::storage
