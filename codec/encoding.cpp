#include "codec/encoding.hpp"

#include "codec/encoders.hpp"

#include <fmt/format.h>
#include <utility>

namespace weir::codec {

namespace {

bool same_token(std::string_view a, std::string_view lower_case) noexcept {
  if (a.size() != lower_case.size())
    return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] - 'A' + 'a') : a[i];
    if (c != lower_case[i])
      return false;
  }
  return true;
}

template <std::size_t N>
std::optional<encoding> find(const std::pair<std::string_view, encoding> (&names)[N],
                             std::string_view token) noexcept {
  for (const auto& [name, encoding] : names)
    if (same_token(token, name))
      return encoding;
  return std::nullopt;
}

constexpr std::pair<std::string_view, encoding> http_names[] = {
    {"", encoding::identity},     {"identity", encoding::identity},
    {"gzip", encoding::gzip},     {"zstd", encoding::zstd},
    {"deflate", encoding::zlib},  {"zlib", encoding::zlib},
    {"snappy", encoding::snappy}, {"x-snappy-framed", encoding::snappy_framed},
    {"lz4", encoding::lz4},
};

constexpr std::pair<std::string_view, encoding> grpc_names[] = {
    {"", encoding::identity}, {"identity", encoding::identity},    {"gzip", encoding::gzip},
    {"zstd", encoding::zstd}, {"snappy", encoding::snappy_framed},
};

} // namespace

std::string_view to_string(encoding method) noexcept {
  switch (method) {
  case encoding::identity:
    return "identity";
  case encoding::gzip:
    return "gzip";
  case encoding::zlib:
    return "zlib";
  case encoding::zstd:
    return "zstd";
  case encoding::snappy:
    return "snappy";
  case encoding::snappy_framed:
    return "x-snappy-framed";
  case encoding::lz4:
    return "lz4";
  }
  return "unknown";
}

std::optional<encoding> http_encoding(std::string_view token) noexcept {
  return find(http_names, token);
}

std::optional<encoding> grpc_encoding(std::string_view token) noexcept {
  return find(grpc_names, token);
}

result<void> decode(encoding method, std::string_view body, std::size_t max_bytes,
                    std::string& out) {
  switch (method) {
  case encoding::identity:
    out.clear();
    if (body.size() > max_bytes)
      return fail(errc::too_large, fmt::format("more than {} bytes", max_bytes));
    out.assign(body);
    return {};
  case encoding::gzip:
    return decode_zlib(zlib_format::gzip, body, max_bytes, out);
  case encoding::zlib:
    return decode_zlib(zlib_format::zlib, body, max_bytes, out);
  case encoding::zstd:
    return decode_zstd(body, max_bytes, out);
  case encoding::snappy:
    return is_snappy_framed(body) ? decode_snappy_framed(body, max_bytes, out)
                                  : decode_snappy_block(body, max_bytes, out);
  case encoding::snappy_framed:
    return decode_snappy_framed(body, max_bytes, out);
  case encoding::lz4:
    return decode_lz4(body, max_bytes, out);
  }
  return fail(errc::unsupported, "unknown encoding");
}

result<void> encode(encoding method, std::string_view body, int level, std::string& out) {
  switch (method) {
  case encoding::identity:
    out.assign(body);
    return {};
  case encoding::gzip:
    return encode_zlib(zlib_format::gzip, body, level, out);
  case encoding::zlib:
    return encode_zlib(zlib_format::zlib, body, level, out);
  case encoding::zstd:
    return encode_zstd(body, level, out);
  case encoding::snappy:
    return encode_snappy_block(body, out);
  case encoding::snappy_framed:
    return encode_snappy_framed(body, out);
  case encoding::lz4:
    return encode_lz4(body, level, out);
  }
  return fail(errc::unsupported, "unknown encoding");
}

} // namespace weir::codec
