// The zstd format of codec/encoders.hpp.
#include "codec/decode_sink.hpp"
#include "codec/encoders.hpp"
#include "codec/encoding.hpp"

#include <memory>
#include <zstd.h>

namespace weir::codec {

namespace {

struct free_context {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};

// A context that a body with a big window has blown up is not kept.
constexpr std::size_t max_kept_context_bytes = 10 << 20;
// A frame may say how much it holds. Room is made for that at once, so that zstd unpacks in one go,
// without a window of its own; but not for a claim that is out of all proportion.
constexpr std::size_t believable_ratio = 64;

using decoder_ptr = std::unique_ptr<ZSTD_DCtx, free_context>;

decoder_ptr make_decoder() {
  auto decoder = decoder_ptr(ZSTD_createDCtx());
  if (decoder)
    ZSTD_DCtx_setParameter(decoder.get(), ZSTD_d_windowLogMax, max_zstd_window_log);
  return decoder;
}

std::size_t expected_size(std::string_view body) noexcept {
  const auto said = ZSTD_getFrameContentSize(body.data(), body.size());
  const auto most = body.size() * believable_ratio;
  return said < most ? static_cast<std::size_t>(said) : body.size() * 4;
}

result<void> unpack(ZSTD_DCtx* decoder, std::string_view body, decode_sink& sink) {
  auto input = ZSTD_inBuffer{body.data(), body.size(), 0};
  for (;;) {
    if (!sink.grow())
      return sink.too_large();
    auto output = ZSTD_outBuffer{sink.at(), sink.room(), 0};
    const auto left = ZSTD_decompressStream(decoder, &output, &input); // 0 at the end of a frame
    sink.advance(output.pos);
    if (ZSTD_isError(left))
      return sink.bad("zstd", ZSTD_getErrorName(left));
    if (input.pos == input.size && left == 0)
      return sink.finish();
    if (input.pos == input.size && output.pos < output.size)
      return sink.bad("zstd", "cut short");
  }
}

} // namespace

result<void> decode_zstd(std::string_view body, std::size_t max_bytes, std::string& out) {
  static thread_local decoder_ptr decoder;
  decode_sink sink(out, max_bytes, expected_size(body));
  if (!decoder)
    decoder = make_decoder();
  else
    ZSTD_DCtx_reset(decoder.get(), ZSTD_reset_session_only);
  if (!decoder)
    return sink.bad("zstd", "no memory for the decoder");
  auto unpacked = unpack(decoder.get(), body, sink);
  if (ZSTD_sizeof_DCtx(decoder.get()) > max_kept_context_bytes)
    decoder.reset();
  return unpacked;
}

result<void> encode_zstd(std::string_view body, int level, std::string& out) {
  static thread_local std::unique_ptr<ZSTD_CCtx, free_context> encoder;
  out.clear();
  if (level < ZSTD_minCLevel() || level > ZSTD_maxCLevel())
    return fail(errc::invalid_argument, fmt::format("zstd: level {} is not one of {} to {}", level,
                                                    ZSTD_minCLevel(), ZSTD_maxCLevel()));
  if (!encoder)
    encoder.reset(ZSTD_createCCtx());
  if (!encoder)
    return fail(errc::unavailable, "zstd: no memory");
  ZSTD_CCtx_reset(encoder.get(), ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(encoder.get(), ZSTD_c_compressionLevel, level);
  out.resize(ZSTD_compressBound(body.size()));
  const auto packed =
      ZSTD_compress2(encoder.get(), out.data(), out.size(), body.data(), body.size());
  if (ZSTD_isError(packed)) {
    out.clear();
    return fail(errc::io, fmt::format("zstd: {}", ZSTD_getErrorName(packed)));
  }
  out.resize(packed);
  return {};
}

} // namespace weir::codec
