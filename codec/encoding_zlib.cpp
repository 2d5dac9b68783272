// The gzip and zlib formats of codec/encoders.hpp.
#include "codec/decode_sink.hpp"
#include "codec/encoders.hpp"

#include <limits>
#include <zlib.h>

namespace weir::codec {

namespace {

constexpr std::string_view name_of(zlib_format format) noexcept {
  return format == zlib_format::gzip ? "gzip" : "zlib";
}

// zlib counts in 32 bits; a longer body is handed over in parts.
uInt part_of(std::size_t bytes) noexcept {
  return static_cast<uInt>(std::min<std::size_t>(bytes, std::numeric_limits<uInt>::max()));
}

Bytef* input(std::string_view bytes) noexcept { // zlib's interface lacks a const here
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

/// A thread's decoder: some 40 KB that need not be taken anew for each request.
struct inflater {
  z_stream stream{};
  bool ready = false;

  ~inflater() {
    if (ready)
      inflateEnd(&stream);
  }

  bool begin(zlib_format format) {
    const auto window = static_cast<int>(format);
    ready = ready ? inflateReset2(&stream, window) == Z_OK : inflateInit2(&stream, window) == Z_OK;
    return ready;
  }
};

/// A thread's encoder, some 260 KB, for the format and level of last time.
struct deflater {
  z_stream stream{};
  bool ready = false;
  zlib_format format{};
  int level = 0;

  ~deflater() { end(); }

  void end() {
    if (ready)
      deflateEnd(&stream);
    ready = false;
  }

  bool begin(zlib_format wanted, int wanted_level) {
    if (ready && format == wanted && level == wanted_level)
      return deflateReset(&stream) == Z_OK;
    end();
    stream = {};
    format = wanted;
    level = wanted_level;
    ready =
        deflateInit2(&stream, level, Z_DEFLATED, static_cast<int>(format), 8, Z_DEFAULT_STRATEGY)
        == Z_OK;
    return ready;
  }
};

// One member from the front of `rest`. Z_STREAM_END when it is whole, Z_OK when the limit is
// passed, anything else: why it is not.
int inflate_member(z_stream& stream, std::string_view& rest, decode_sink& sink) {
  for (;;) {
    if (!sink.grow())
      return Z_OK;
    stream.next_in = input(rest);
    stream.avail_in = part_of(rest.size());
    const auto room = part_of(sink.room());
    stream.next_out = reinterpret_cast<Bytef*>(sink.at());
    stream.avail_out = room;
    const auto before = stream.avail_in;
    const auto status = inflate(&stream, Z_NO_FLUSH);
    rest.remove_prefix(before - stream.avail_in);
    sink.advance(room - stream.avail_out);
    if (status == Z_OK || (status == Z_BUF_ERROR && stream.avail_out == 0))
      continue;
    return status;
  }
}

std::string_view reason(int status, const z_stream& stream) noexcept {
  if (status == Z_BUF_ERROR)
    return "cut short";
  if (status == Z_NEED_DICT)
    return "needs a dictionary";
  return stream.msg ? stream.msg : "damaged";
}

} // namespace

result<void> decode_zlib(zlib_format format, std::string_view body, std::size_t max_bytes,
                         std::string& out) {
  static thread_local inflater decoder;
  decode_sink sink(out, max_bytes, body.size() * 4);
  auto rest = body;
  do {
    if (!decoder.begin(format))
      return sink.bad(name_of(format), "no memory for the decoder");
    const auto status = inflate_member(decoder.stream, rest, sink);
    if (status == Z_OK)
      return sink.too_large();
    if (status != Z_STREAM_END)
      return sink.bad(name_of(format), reason(status, decoder.stream));
    if (!rest.empty() && (format != zlib_format::gzip || !rest.starts_with("\x1f\x8b")))
      return sink.bad(name_of(format), fmt::format("{} bytes behind its end", rest.size()));
  } while (!rest.empty());
  return sink.finish();
}

result<void> encode_zlib(zlib_format format, std::string_view body, int level, std::string& out) {
  static thread_local deflater encoder;
  out.clear();
  if (level < -1 || level > 9)
    return fail(errc::invalid_argument,
                fmt::format("{}: level {} is not one of 1 to 9", name_of(format), level));
  if (body.size() > std::numeric_limits<uInt>::max() / 2)
    return fail(errc::too_large, fmt::format("{}: {} bytes", name_of(format), body.size()));
  if (!encoder.begin(format, level == 0 ? Z_DEFAULT_COMPRESSION : level))
    return fail(errc::unavailable, fmt::format("{}: no memory", name_of(format)));
  auto& stream = encoder.stream;
  out.resize(deflateBound(&stream, body.size()));
  stream.next_in = input(body);
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const auto status = deflate(&stream, Z_FINISH);
  out.erase(out.size() - stream.avail_out);
  if (status != Z_STREAM_END)
    return fail(errc::io, fmt::format("{}: status {}", name_of(format), status));
  return {};
}

} // namespace weir::codec
