// The lz4 frames of codec/encoders.hpp.
#include "codec/decode_sink.hpp"
#include "codec/encoders.hpp"

#include <lz4frame.h>
#include <memory>

namespace weir::codec {

namespace {

struct free_context {
  void operator()(LZ4F_dctx* context) const noexcept { LZ4F_freeDecompressionContext(context); }
};

std::unique_ptr<LZ4F_dctx, free_context> make_decoder() {
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
    context = nullptr;
  return std::unique_ptr<LZ4F_dctx, free_context>(context);
}

} // namespace

result<void> decode_lz4(std::string_view body, std::size_t max_bytes, std::string& out) {
  static thread_local std::unique_ptr<LZ4F_dctx, free_context> decoder = make_decoder();
  decode_sink sink(out, max_bytes, body.size() * 4);
  if (!decoder)
    return sink.bad("lz4", "no memory for the decoder");
  LZ4F_resetDecompressionContext(decoder.get());
  auto rest = body;
  for (;;) {
    if (!sink.grow())
      return sink.too_large();
    auto taken = rest.size();
    auto made = sink.room();
    const auto left =
        LZ4F_decompress(decoder.get(), sink.at(), &made, rest.data(), &taken, nullptr);
    if (LZ4F_isError(left))
      return sink.bad("lz4", LZ4F_getErrorName(left));
    const auto full = made == sink.room();
    sink.advance(made);
    rest.remove_prefix(taken);
    if (rest.empty() && left == 0)
      return sink.finish();
    if (rest.empty() && !full)
      return sink.bad("lz4", "cut short");
  }
}

result<void> encode_lz4(std::string_view body, int level, std::string& out) {
  auto options = LZ4F_preferences_t{};
  options.frameInfo.contentSize = body.size();
  options.compressionLevel = level;
  out.resize(LZ4F_compressFrameBound(body.size(), &options));
  const auto packed =
      LZ4F_compressFrame(out.data(), out.size(), body.data(), body.size(), &options);
  if (LZ4F_isError(packed)) {
    out.clear();
    return fail(errc::io, fmt::format("lz4: {}", LZ4F_getErrorName(packed)));
  }
  out.resize(packed);
  return {};
}

} // namespace weir::codec
