#pragma once

#include "core/error.hpp"

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ZSTD_CCtx_s;

// The format of recorded data: one zstd stream of records, each a 4-byte big-endian length and that
// many bytes of OTLP TracesData.
namespace weir::load {

/// Unpacks a whole file of records.
result<std::string> read_unpacked(const std::string& path);

/// The records in unpacked bytes, as views of them.
result<std::vector<std::string_view>> split_records(std::string_view unpacked);

/// Writes a file of records.
class record_writer {
public:
  static result<record_writer> create(const std::string& path);

  result<void> add(std::string_view record);

  /// Ends the file; nothing may be added afterwards.
  result<void> finish();

private:
  record_writer() = default;
  result<void> pack(std::string_view bytes, bool last);

  struct close_file {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  struct free_context {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<std::FILE, close_file> file_;
  std::unique_ptr<ZSTD_CCtx_s, free_context> context_;
  std::string buffer_;
};

} // namespace weir::load
