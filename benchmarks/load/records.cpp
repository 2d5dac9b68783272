#include "benchmarks/load/records.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <zstd.h>

namespace weir::load {

namespace {

result<std::string> read_file(const std::string& path) {
  auto file = std::ifstream(path, std::ios::binary);
  if (!file)
    return fail(errc::not_found, fmt::format("cannot open {}: {}", path, std::strerror(errno)));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

} // namespace

result<std::string> read_unpacked(const std::string& path) {
  const auto packed = read_file(path);
  if (!packed)
    return tl::unexpected(packed.error());
  const auto context =
      std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)>(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  auto input = ZSTD_inBuffer{packed->data(), packed->size(), 0};
  std::string result;
  std::size_t left = 1;
  while (input.pos < input.size || left != 0) {
    const auto used = result.size();
    result.resize(used + ZSTD_DStreamOutSize());
    auto out = ZSTD_outBuffer{result.data() + used, result.size() - used, 0};
    left = ZSTD_decompressStream(context.get(), &out, &input);
    result.resize(used + out.pos);
    if (ZSTD_isError(left) != 0)
      return fail(errc::corrupt, fmt::format("{}: {}", path, ZSTD_getErrorName(left)));
    if (input.pos == input.size && out.pos == 0 && left != 0)
      return fail(errc::corrupt, fmt::format("{}: the zstd stream is cut off", path));
  }
  return result;
}

result<std::vector<std::string_view>> split_records(std::string_view unpacked) {
  std::vector<std::string_view> records;
  std::size_t position = 0;
  while (position < unpacked.size()) {
    std::uint32_t length = 0;
    if (unpacked.size() - position < sizeof length)
      return fail(errc::corrupt, fmt::format("at byte {}: a record's length is cut off", position));
    std::memcpy(&length, unpacked.data() + position, sizeof length);
    length = __builtin_bswap32(length);
    position += sizeof length;
    if (unpacked.size() - position < length)
      return fail(errc::corrupt, fmt::format("at byte {}: a record of {} bytes, only {} are left",
                                             position, length, unpacked.size() - position));
    records.push_back(unpacked.substr(position, length));
    position += length;
  }
  return records;
}

void record_writer::free_context::operator()(ZSTD_CCtx_s* context) const {
  ZSTD_freeCCtx(context);
}

result<record_writer> record_writer::create(const std::string& path) {
  record_writer writer;
  writer.file_.reset(std::fopen(path.c_str(), "wb"));
  if (!writer.file_)
    return fail(errc::io, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  writer.context_.reset(ZSTD_createCCtx());
  writer.buffer_.resize(ZSTD_CStreamOutSize());
  return writer;
}

result<void> record_writer::pack(std::string_view bytes, bool last) {
  auto input = ZSTD_inBuffer{bytes.data(), bytes.size(), 0};
  std::size_t left = 0;
  do {
    auto out = ZSTD_outBuffer{buffer_.data(), buffer_.size(), 0};
    left = ZSTD_compressStream2(context_.get(), &out, &input, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left) != 0)
      return fail(errc::io, ZSTD_getErrorName(left));
    if (std::fwrite(buffer_.data(), 1, out.pos, file_.get()) != out.pos)
      return fail(errc::io, fmt::format("writing records: {}", std::strerror(errno)));
  } while (last ? left != 0 : input.pos < input.size);
  return {};
}

result<void> record_writer::add(std::string_view record) {
  const auto length = __builtin_bswap32(static_cast<std::uint32_t>(record.size()));
  char raw[sizeof length];
  std::memcpy(raw, &length, sizeof length);
  if (auto done = pack({raw, sizeof raw}, false); !done)
    return done;
  return pack(record, false);
}

result<void> record_writer::finish() {
  if (auto done = pack({}, true); !done)
    return done;
  if (std::fflush(file_.get()) != 0)
    return fail(errc::io, fmt::format("writing records: {}", std::strerror(errno)));
  return {};
}

} // namespace weir::load
