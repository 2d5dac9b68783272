#include "backends/output_file.hpp"

#include "core/log.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <limits>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace weir::backends {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using clock = std::chrono::system_clock;

constexpr std::size_t prefix_bytes = 4;
constexpr std::string_view size_suffix = "-size";

std::string system_reason() {
  return std::strerror(errno);
}

// Whether `from` could be read in full at `at`.
bool read_whole(int fd, char* to, std::size_t size, std::uint64_t at) {
  for (std::size_t done = 0; done < size;) {
    const auto got = ::pread(fd, to + done, size - done, static_cast<off_t>(at + done));
    if (got <= 0 && errno != EINTR)
      return false;
    done += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  return true;
}

// Where the last whole line ends: looked for from the back.
std::uint64_t end_of_lines(int fd, std::uint64_t size) {
  std::array<char, 64 << 10> piece;
  for (auto end = size; end > 0;) {
    const auto length = std::min<std::uint64_t>(end, piece.size());
    if (!read_whole(fd, piece.data(), length, end - length))
      return size;
    const auto found = std::string_view(piece.data(), length).rfind('\n');
    if (found != std::string_view::npos)
      return end - length + found + 1;
    end -= length;
  }
  return 0;
}

std::uint64_t end_of_prefixed(int fd, std::uint64_t size) {
  std::uint64_t end = 0;
  std::array<unsigned char, prefix_bytes> prefix;
  while (end + prefix_bytes <= size
         && read_whole(fd, reinterpret_cast<char*>(prefix.data()), prefix_bytes, end)) {
    std::uint64_t length = 0;
    for (const auto byte : prefix)
      length = length << 8 | byte;
    if (end + prefix_bytes + length > size)
      break;
    end += prefix_bytes + length;
  }
  return end;
}

result<mode_t> parse_permissions(const std::string& text) {
  char* end = nullptr;
  const auto bits = std::strtoul(text.c_str(), &end, 8);
  if (text.empty() || *end != 0 || bits > 0777)
    return fail(errc::invalid_argument,
                "directory_permissions \"" + text + "\": expected octal digits such as 0755");
  return static_cast<mode_t>(bits);
}

result<void> make_directories(const fs::path& directory, mode_t permissions) {
  fs::path made;
  for (const auto& part : directory) {
    made /= part;
    if (::mkdir(made.c_str(), permissions) != 0 && errno != EEXIST && !fs::is_directory(made))
      return fail(errc::io, made.string() + ": " + system_reason());
  }
  return {};
}

std::string stem_of(const std::string& path) {
  const fs::path p(path);
  const auto name = p.filename().string();
  return name.substr(0, name.size() - p.extension().string().size());
}

// "2006-01-02T15-04-05.000"
std::string stamp(clock::time_point when, bool localtime) {
  const auto ms = std::chrono::duration_cast<milliseconds>(when.time_since_epoch()).count();
  const std::time_t seconds = ms / 1000;
  std::tm t{};
  localtime ? ::localtime_r(&seconds, &t) : ::gmtime_r(&seconds, &t);
  return fmt::format("{:04}-{:02}-{:02}T{:02}-{:02}-{:02}.{:03}", t.tm_year + 1900, t.tm_mon + 1,
                     t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, ms % 1000);
}

// False with errno; EEXIST: the name is taken.
bool rename_if_free(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
    return true;
  if (errno != EINVAL) // EINVAL: the file system has no such rename.
    return false;
  if (fs::exists(to)) {
    errno = EEXIST;
    return false;
  }
  return ::rename(from.c_str(), to.c_str()) == 0;
}

std::uint64_t most_bytes(const std::optional<rotation_config>& rotation) {
  const auto megabytes = rotation && rotation->max_megabytes != 0 ? rotation->max_megabytes : 100;
  return megabytes << 20;
}

} // namespace

std::optional<clock::time_point> rotation_time(const std::string& path,
                                               const std::string& file_name, bool localtime) {
  const auto prefix = stem_of(path) + "-";
  const auto extension = fs::path(path).extension().string();
  std::string_view rest = file_name;
  if (!rest.starts_with(prefix) || !rest.ends_with(extension)
      || rest.size() < prefix.size() + extension.size())
    return std::nullopt;
  rest = rest.substr(prefix.size(), rest.size() - prefix.size() - extension.size());
  if (rest.ends_with(size_suffix))
    rest.remove_suffix(size_suffix.size());
  std::tm t{};
  int ms = 0;
  int read = 0;
  if (std::sscanf(std::string(rest).c_str(), "%4d-%2d-%2dT%2d-%2d-%2d.%3d%n", &t.tm_year, &t.tm_mon,
                  &t.tm_mday, &t.tm_hour, &t.tm_min, &t.tm_sec, &ms, &read)
          != 7
      || static_cast<std::size_t>(read) != rest.size())
    return std::nullopt;
  t.tm_year -= 1900;
  t.tm_mon -= 1;
  t.tm_isdst = -1;
  const auto seconds = localtime ? std::mktime(&t) : ::timegm(&t);
  return clock::from_time_t(seconds) + milliseconds(ms);
}

result<output_file> output_file::open(const file_config& config, framing how) {
  const auto permissions = parse_permissions(config.directory_permissions);
  if (!permissions)
    return tl::unexpected(permissions.error());
  const auto parent = fs::path(config.path).parent_path();
  if (config.create_directory && !parent.empty())
    if (auto made = make_directories(parent, *permissions); !made)
      return tl::unexpected(made.error());
  const bool goes_on = config.append || config.rotation;
  const int flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | (goes_on ? 0 : O_TRUNC);
  const int fd = ::open(config.path.c_str(), flags, 0644);
  if (fd < 0)
    return fail(errc::io, config.path + ": " + system_reason());
  struct stat about {};
  const bool regular = ::fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
  const auto size = regular ? static_cast<std::uint64_t>(about.st_size) : 0;
  output_file made(config, how, fd, size);
  const auto whole = how == framing::lines ? end_of_lines(fd, size) : end_of_prefixed(fd, size);
  if (whole < size) {
    log::warn("{}: {} bytes of a torn record at its end are cut off", config.path, size - whole);
    if (::ftruncate(fd, static_cast<off_t>(whole)) != 0)
      return fail(errc::io, config.path + ": " + system_reason());
    made.size_ = whole;
  }
  return made;
}

output_file::output_file(output_file&& other) noexcept
    : path_(std::move(other.path_)), rotation_(other.rotation_), how_(other.how_),
      fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}

output_file::~output_file() {
  if (fd_ >= 0)
    ::close(fd_);
}

std::uint64_t output_file::room_with(std::size_t record) const noexcept {
  if (!rotation_)
    return std::numeric_limits<std::uint64_t>::max();
  const auto most = most_bytes(rotation_);
  return size_ + record <= most ? most - size_ : most;
}

result<void> output_file::rotate_for(std::size_t bytes) {
  if (!rotation_ || size_ == 0 || size_ + bytes <= most_bytes(rotation_))
    return {};
  if (auto renamed = rename_away(); !renamed)
    return renamed;
  // Not truncated: another's file of this name, if there is one by now, is gone on with.
  const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0)
    return fail(errc::io,
                path_ + ": " + system_reason()); // The old file goes on under its new name.
  ::close(std::exchange(fd_, fd));
  size_ = 0;
  remove_old();
  return {};
}

// To a name that is free: two rotations in one millisecond do not overwrite each other.
result<void> output_file::rename_away() {
  const fs::path path(path_);
  auto when = clock::now();
  for (int tries = 0; tries < 1000; ++tries, when += milliseconds(1)) {
    const auto name = fmt::format("{}-{}{}", stem_of(path_), stamp(when, rotation_->localtime),
                                  path.extension().string());
    const auto to = path.parent_path() / name;
    if (rename_if_free(path_, to) || errno == ENOENT) // Somebody else moved it away already.
      return {};
    if (errno != EEXIST)
      return fail(errc::io, path_ + ": cannot be renamed: " + system_reason());
  }
  return fail(errc::io, path_ + ": cannot be renamed: no free name");
}

void output_file::remove_old() const {
  std::vector<std::pair<clock::time_point, fs::path>> old;
  auto directory = fs::path(path_).parent_path();
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(directory.empty() ? "." : directory, ec))
    if (const auto when =
            rotation_time(path_, entry.path().filename().string(), rotation_->localtime))
      old.emplace_back(*when, entry.path());
  std::sort(old.rbegin(), old.rend());
  const auto oldest = clock::now() - std::chrono::hours(24) * rotation_->max_days;
  for (std::size_t i = 0; i < old.size(); ++i)
    if ((rotation_->max_backups != 0 && i >= rotation_->max_backups)
        || (rotation_->max_days != 0 && old[i].first < oldest))
      fs::remove(old[i].second, ec);
}

result<void> output_file::write(std::string_view records) {
  const auto before = size_;
  while (!records.empty()) {
    const auto written = ::write(fd_, records.data(), records.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0) {
      auto reason = system_reason();
      struct stat about {};
      const bool regular = ::fstat(fd_, &about) == 0 && S_ISREG(about.st_mode);
      if (regular && ::ftruncate(fd_, static_cast<off_t>(before)) != 0)
        reason += "; and it cannot be cut back: " + system_reason();
      size_ = before;
      return fail(errc::io, std::move(reason));
    }
    records.remove_prefix(static_cast<std::size_t>(written));
    size_ += static_cast<std::uint64_t>(written);
  }
  return {};
}

} // namespace weir::backends
