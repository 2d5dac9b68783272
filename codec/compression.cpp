#include "codec/compression.hpp"

#include <fmt/format.h>
#include <lz4.h>
#include <zstd.h>

namespace weir::codec {

namespace {

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* pointer) const noexcept {
    Free(pointer);
  }
};

} // namespace

struct packer::contexts {
  // Made at first use: a thread that only packs needs no context to unpack.
  std::unique_ptr<ZSTD_CCtx, freed_by<ZSTD_freeCCtx>> pack;
  std::unique_ptr<ZSTD_DCtx, freed_by<ZSTD_freeDCtx>> unpack;
  std::unique_ptr<char[]> lz4;
  // Packed bytes come here first: at their worst they are larger than what went in, and what is
  // kept of them should not be.
  std::unique_ptr<char[]> scratch;
  std::size_t scratch_size = 0;

  char* room(std::size_t bytes);
  std::size_t pack_zstd(int level, std::string_view bytes, char* out, std::size_t room);
  std::size_t unpack_zstd(std::string_view packed, char* out, std::size_t room, std::string& why);
  std::size_t pack_lz4(std::string_view bytes, char* out, std::size_t room);
};

char* packer::contexts::room(std::size_t bytes) {
  if (bytes > scratch_size) {
    scratch = std::make_unique_for_overwrite<char[]>(bytes);
    scratch_size = bytes;
  }
  return scratch.get();
}

std::size_t packer::contexts::pack_zstd(int level, std::string_view bytes, char* out,
                                        std::size_t room) {
  if (!pack)
    pack.reset(ZSTD_createCCtx());
  ZSTD_CCtx_reset(pack.get(), ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(pack.get(), ZSTD_c_compressionLevel, level);
  return ZSTD_compress2(pack.get(), out, room, bytes.data(), bytes.size());
}

std::size_t packer::contexts::unpack_zstd(std::string_view packed, char* out, std::size_t room,
                                          std::string& why) {
  if (!unpack)
    unpack.reset(ZSTD_createDCtx());
  ZSTD_DCtx_reset(unpack.get(), ZSTD_reset_session_only);
  // Into one buffer of known size: the frame's own idea of a window costs nothing here.
  const auto got = ZSTD_decompressDCtx(unpack.get(), out, room, packed.data(), packed.size());
  if (!ZSTD_isError(got))
    return got;
  why = ZSTD_getErrorName(got);
  return std::string::npos;
}

std::size_t packer::contexts::pack_lz4(std::string_view bytes, char* out, std::size_t room) {
  if (!lz4)
    lz4 = std::make_unique<char[]>(static_cast<std::size_t>(LZ4_sizeofState()));
  return static_cast<std::size_t>(LZ4_compress_fast_extState(
      lz4.get(), bytes.data(), out, static_cast<int>(bytes.size()), static_cast<int>(room), 1));
}

packer::packer() : contexts_(std::make_unique<contexts>()) {}
packer::~packer() = default;
packer::packer(packer&&) noexcept = default;
packer& packer::operator=(packer&&) noexcept = default;

void packer::pack(codec_id codec, int level, std::string_view bytes, std::string& out) {
  std::size_t packed = 0;
  switch (codec) {
  case codec_id::none:
    out.append(bytes);
    return;
  case codec_id::zstd: {
    const auto room = ZSTD_compressBound(bytes.size());
    packed = contexts_->pack_zstd(level, bytes, contexts_->room(room), room);
    break;
  }
  case codec_id::lz4: {
    const auto room = static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(bytes.size())));
    packed = contexts_->pack_lz4(bytes, contexts_->room(room), room);
    break;
  }
  }
  out.append(contexts_->scratch.get(), packed);
}

result<void> packer::unpack(codec_id codec, std::string_view packed, std::size_t unpacked_size,
                            std::string& out) {
  std::size_t got = 0;
  std::string why;
  out.resize(
      unpacked_size); // Not cleared first: what a reused buffer holds need not be zeroed again.
  switch (codec) {
  case codec_id::none:
    got = packed.size();
    if (got == unpacked_size)
      out.assign(packed);
    break;
  case codec_id::zstd:
    got = contexts_->unpack_zstd(packed, out.data(), unpacked_size, why);
    break;
  case codec_id::lz4: {
    const auto n = LZ4_decompress_safe(packed.data(), out.data(), static_cast<int>(packed.size()),
                                       static_cast<int>(unpacked_size));
    got = n < 0 ? std::string::npos : static_cast<std::size_t>(n);
    why = "not an lz4 block, or longer than its header says";
    break;
  }
  default:
    got = std::string::npos;
    why = "unknown codec";
    break;
  }
  if (got == unpacked_size)
    return {};
  out.clear();
  if (got == std::string::npos)
    return fail(errc::corrupt, fmt::format("packed payload: {}", why));
  return fail(errc::corrupt, fmt::format("packed payload: {} bytes came out, its header says {}",
                                         got, unpacked_size));
}

} // namespace weir::codec
