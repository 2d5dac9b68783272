#include "benchmarks/load/tally.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <unistd.h>
#include <utility>

namespace weir::load {

namespace {

constexpr std::size_t head_bytes = 13;
constexpr std::size_t id_bytes = 24;

bool is_note(char kind) {
  switch (static_cast<note>(kind)) {
  case note::sent:
  case note::sent_again:
  case note::acknowledged:
  case note::seen:
    return true;
  }
  return false;
}

} // namespace

result<tally_writer> tally_writer::create(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0)
    return fail(errc::io, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  return tally_writer(fd);
}

tally_writer::tally_writer(tally_writer&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}

tally_writer::~tally_writer() {
  if (fd_ >= 0)
    ::close(fd_);
}

void tally_writer::add_ids(note kind, std::uint64_t request, std::string_view ids) {
  append(kind, request, static_cast<std::uint32_t>(ids.size() / id_bytes), ids);
}

void tally_writer::add(note kind, std::uint64_t request, std::uint32_t count) {
  append(kind, request, count, {});
}

void tally_writer::append(note kind, std::uint64_t request, std::uint32_t count,
                          std::string_view ids) {
  buffer_.assign(1, static_cast<char>(kind));
  buffer_.append(reinterpret_cast<const char*>(&request), sizeof request);
  buffer_.append(reinterpret_cast<const char*>(&count), sizeof count);
  buffer_.append(ids);
  if (::write(fd_, buffer_.data(), buffer_.size()) != static_cast<ssize_t>(buffer_.size())) {
    std::perror("weir-load: writing the tally");
    std::_Exit(2);
  }
}

result<tally> read_tally(const std::string& path) {
  auto file = std::ifstream(path, std::ios::binary);
  if (!file)
    return fail(errc::not_found, fmt::format("cannot open {}: {}", path, std::strerror(errno)));
  tally result;
  result.bytes.assign(std::istreambuf_iterator<char>(file), {});
  auto rest = std::string_view(result.bytes);
  while (!rest.empty()) {
    if (!is_note(rest[0]))
      return fail(errc::invalid_argument,
                  fmt::format("{}: at byte {}: this is no tally of play or sink", path,
                              result.bytes.size() - rest.size()));
    if (rest.size() < head_bytes)
      break;
    tally::frame frame{static_cast<note>(rest[0]), 0, 0, {}};
    std::memcpy(&frame.request, rest.data() + 1, sizeof frame.request);
    std::memcpy(&frame.count, rest.data() + 9, sizeof frame.count);
    rest.remove_prefix(head_bytes);
    if (frame.kind == note::sent || frame.kind == note::seen) {
      if (rest.size() / id_bytes < frame.count)
        break;
      frame.ids = rest.substr(0, frame.count * id_bytes);
      rest.remove_prefix(frame.ids.size());
    }
    result.frames.push_back(frame);
  }
  return result;
}

} // namespace weir::load
