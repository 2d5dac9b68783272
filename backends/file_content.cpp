#include "backends/file_content.hpp"

#include "codec/encoding.hpp"
#include "core/signal.hpp"
#include "otlp/json.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <string>
#include <unistd.h>

namespace weir::backends {

namespace {

constexpr std::size_t prefix_bytes = 4;
// A record is one request; no receiver takes one above 1 GiB.
constexpr std::uint64_t most_record_bytes = 1 << 30;
// More than this is not read to find out whether it is a whole record.
constexpr std::uint64_t most_read_bytes = 256 << 20;
constexpr std::string_view zstd_magic = "\x28\xb5\x2f\xfd";
constexpr std::array<std::pair<weir::signal, std::string_view>, 3> beginnings = {
    {{signal::traces, "{\"resourceSpans\":["},
     {signal::metrics, "{\"resourceMetrics\":["},
     {signal::logs, "{\"resourceLogs\":["}}};

result<std::string> read_at(int fd, std::uint64_t position, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t done = 0; done < size;) {
    const auto got =
        ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(position + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return fail(errc::io, got < 0 ? std::strerror(errno) : "it became shorter");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

auto other_format(std::uint64_t position, record_format wanted) {
  return fail(errc::invalid_argument,
              fmt::format("what stands at byte {} does not go with {}: the file is left as it is; "
                          "move it away or give another path",
                          position, to_string(wanted)));
}

// Behind the last line end: looked for from the back.
result<std::uint64_t> end_of_lines(int fd, std::uint64_t size) {
  for (auto end = size; end > 0;) {
    const auto length = std::min<std::uint64_t>(end, 64 << 10);
    const auto piece = read_at(fd, end - length, length);
    if (!piece)
      return tl::unexpected(piece.error());
    if (const auto found = piece->rfind('\n'); found != std::string::npos)
      return end - length + found + 1;
    end -= length;
  }
  return 0;
}

// Bytes that no text has: records behind their length begin with such.
bool is_text(const std::string& bytes) {
  return std::none_of(bytes.begin(), bytes.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n';
  });
}

bool begins_record(std::string_view bytes) {
  return std::any_of(beginnings.begin(), beginnings.end(), [bytes](const auto& beginning) {
    const auto size = std::min(bytes.size(), beginning.second.size());
    return bytes.substr(0, size) == beginning.second.substr(0, size);
  });
}

bool is_whole(std::string_view bytes) {
  std::string ignored;
  return std::any_of(beginnings.begin(), beginnings.end(), [&](const auto& beginning) {
    return bytes.starts_with(beginning.second)
           && otlp::from_json(beginning.first, bytes, ignored).has_value();
  });
}

result<file_end> end_of_json(int fd, std::uint64_t size) {
  const auto head = read_at(fd, 0, std::min<std::uint64_t>(size, prefix_bytes));
  if (!head)
    return tl::unexpected(head.error());
  if (!is_text(*head))
    return other_format(0, record_format::json);
  const auto whole = end_of_lines(fd, size);
  if (!whole)
    return tl::unexpected(whole.error());
  if (*whole == size)
    return file_end{size};
  if (size - *whole > most_read_bytes)
    return other_format(*whole, record_format::json);
  auto rest = read_at(fd, *whole, size - *whole);
  if (!rest)
    return tl::unexpected(rest.error());
  // A power cut may leave zeros where bytes were still to come.
  rest->resize(rest->find_last_not_of('\0') + 1);
  if (!begins_record(*rest))
    return other_format(*whole, record_format::json);
  if (*whole + rest->size() == size && is_whole(*rest))
    return file_end{size, true};
  return file_end{*whole};
}

std::uint64_t length_of(std::string_view prefix) {
  std::uint64_t length = 0;
  for (const char byte : prefix.substr(0, prefix_bytes))
    length = length << 8 | static_cast<unsigned char>(byte);
  return length;
}

// Whether a body may begin so; the OTLP messages of all signals have one field, number 1.
bool may_begin(std::string_view body, record_format format) {
  const auto expected = is_packed(format) ? zstd_magic : std::string_view("\x0a");
  const auto size = std::min(body.size(), expected.size());
  return body.substr(0, size) == expected.substr(0, size);
}

// Whether a packed record holds what the format says.
bool holds(std::string_view packed, record_format format) {
  std::string body;
  if (!codec::decode(codec::encoding::zstd, packed, most_record_bytes, body))
    return false;
  return format == record_format::packed_json ? body.starts_with('{')
                                              : may_begin(body, record_format::proto);
}

result<file_end> end_of_prefixed(int fd, std::uint64_t size, record_format format) {
  for (std::uint64_t position = 0; position < size;) {
    const auto left = size - position;
    const auto head = read_at(fd, position, std::min<std::uint64_t>(left, 2 * prefix_bytes));
    if (!head)
      return tl::unexpected(head.error());
    // The first byte of a length alone says that it is at most 1 GiB.
    const auto length = left < prefix_bytes
                            ? std::uint64_t{static_cast<unsigned char>((*head)[0])} << 24
                            : length_of(*head);
    const auto body = std::string_view(*head).substr(std::min(head->size(), prefix_bytes));
    if (length > most_record_bytes || !may_begin(body.substr(0, length), format))
      return other_format(position, format);
    if (left < prefix_bytes || length > left - prefix_bytes)
      return file_end{position};
    if (position == 0 && is_packed(format) && length <= most_read_bytes) {
      const auto first = read_at(fd, prefix_bytes, length);
      if (!first)
        return tl::unexpected(first.error());
      if (!holds(*first, format))
        return other_format(position, format);
    }
    position += prefix_bytes + length;
  }
  return file_end{size};
}

} // namespace

result<file_end> find_file_end(int fd, std::uint64_t size, record_format format) {
  if (size == 0)
    return file_end{};
  return format == record_format::json ? end_of_json(fd, size) : end_of_prefixed(fd, size, format);
}

} // namespace weir::backends
