#include "backends/output_file.hpp"

#include "backends/file_content.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace weir::backends {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using clock = std::chrono::system_clock;

constexpr std::string_view size_suffix = "-size";

std::string system_reason() {
  return std::strerror(errno);
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
std::string stamp(clock::time_point time, bool localtime) {
  const auto ms = std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
  const std::time_t seconds = ms / 1000;
  std::tm t{};
  localtime ? ::localtime_r(&seconds, &t) : ::gmtime_r(&seconds, &t);
  return fmt::format("{:04}-{:02}-{:02}T{:02}-{:02}-{:02}.{:03}", t.tm_year + 1900, t.tm_mon + 1,
                     t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, ms % 1000);
}

// False with errno; EEXIST: the name is taken.
bool rename_if_free(const fs::path& source, const fs::path& target) {
  if (::renameat2(AT_FDCWD, source.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0)
    return true;
  if (errno != EINVAL) // EINVAL: the file system has no such rename.
    return false;
  if (fs::exists(target)) {
    errno = EEXIST;
    return false;
  }
  return ::rename(source.c_str(), target.c_str()) == 0;
}

std::uint64_t most_bytes(const rotation_config& rotation) {
  return (rotation.max_megabytes != 0 ? rotation.max_megabytes : 100) << 20;
}

// One name for each file, however it is written: "./x" is "x", and a link what it points to.
std::string one_name(const std::string& path) {
  std::error_code ec;
  const auto whole = fs::weakly_canonical(fs::absolute(path, ec), ec);
  return ec ? path : whole.string();
}

// The files that are open, by path.
struct open_files {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<output_file>> files;
};

open_files& all_open_files() {
  static open_files files;
  return files;
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

result<std::shared_ptr<output_file>> output_file::open(const file_config& config) {
  const auto permissions = parse_permissions(config.directory_permissions);
  if (!permissions)
    return tl::unexpected(permissions.error());
  const auto parent = fs::path(config.path).parent_path();
  if (config.create_directory && !parent.empty())
    if (auto made = make_directories(parent, *permissions); !made)
      return tl::unexpected(made.error());
  auto& all = all_open_files();
  const std::lock_guard guard(all.mutex);
  const auto name = one_name(config.path);
  if (auto shared = all.files[name].lock()) {
    if (shared->format_ != format_of(config))
      return fail(errc::invalid_argument,
                  fmt::format("{}: {} are being written to it, not {}: give another path",
                              config.path, to_string(shared->format_),
                              to_string(format_of(config))));
    return shared;
  }
  auto opened = open_first(config);
  if (opened)
    all.files[name] = *opened;
  return opened;
}

result<std::shared_ptr<output_file>> output_file::open_first(const file_config& config) {
  const int fd = ::open(config.path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0)
    return fail(errc::io, config.path + ": " + system_reason());
  std::shared_ptr<output_file> made(new output_file(config.path, format_of(config), fd));
  auto ready = config.append || config.rotation ? made->mend() : made->empty();
  if (!ready)
    return fail(ready.error().code, config.path + ": " + ready.error().message);
  return made;
}

result<void> output_file::empty() {
  const auto bytes = size();
  if (bytes == 0)
    return {};
  log::warn("{}: the {} bytes in it go, as neither `append` nor `rotation` keeps them", path_,
            bytes);
  return cut(0);
}

result<void> output_file::cut(std::uint64_t bytes) {
  if (::ftruncate(fd_, static_cast<off_t>(bytes)) != 0)
    return fail(errc::io, system_reason());
  return {};
}

// Makes the last record whole, or cuts it off where it is torn.
result<void> output_file::mend() {
  const auto bytes = size();
  const auto end = find_file_end(fd_, bytes, format_);
  if (!end)
    return tl::unexpected(end.error());
  if (end->lacks_line_end)
    return write("\n");
  if (end->whole == bytes)
    return {};
  log::warn("{}: {} bytes of a torn record at its end are cut off", path_, bytes - end->whole);
  return cut(end->whole);
}

output_file::~output_file() {
  ::close(fd_);
}

std::uint64_t output_file::size() const {
  struct stat about {};
  const bool regular = ::fstat(fd_, &about) == 0 && S_ISREG(about.st_mode);
  return regular ? static_cast<std::uint64_t>(about.st_size) : 0;
}

output_file::written output_file::append(std::string_view records,
                                         std::span<const std::size_t> ends,
                                         const std::optional<rotation_config>& rotation) {
  const std::lock_guard guard(mutex_);
  written done;
  for (std::size_t begin = 0; done.records < ends.size();) {
    auto next = ends.size();
    if (rotation) {
      const auto most = most_bytes(*rotation);
      const auto there = size();
      if (there > 0 && there + ends[done.records] - begin > most) {
        if (done.outcome = begin_next(*rotation); !done.outcome)
          return done;
        continue;
      }
      // As many as fit; at least one, which has the file for itself where it does not.
      next = done.records + 1;
      while (next < ends.size() && there + ends[next] - begin <= most)
        ++next;
    }
    const auto end = ends[next - 1];
    if (done.outcome = write(records.substr(begin, end - begin)); !done.outcome)
      return done;
    done.records = next;
    begin = end;
  }
  return done;
}

result<void> output_file::begin_next(const rotation_config& rotation) {
  if (auto renamed = rename_away(rotation); !renamed)
    return renamed;
  // Not truncated: another's file of this name, if there is one by now, is gone on with.
  const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0)
    return fail(errc::io, system_reason()); // The old file goes on under its new name.
  ::close(std::exchange(fd_, fd));
  remove_old(rotation);
  return {};
}

// To a name that is free: two rotations in one millisecond do not overwrite each other.
result<void> output_file::rename_away(const rotation_config& rotation) {
  const fs::path path(path_);
  auto time = clock::now();
  for (int tries = 0; tries < 1000; ++tries, time += milliseconds(1)) {
    const auto name = fmt::format("{}-{}{}", stem_of(path_), stamp(time, rotation.localtime),
                                  path.extension().string());
    const auto target = path.parent_path() / name;
    if (rename_if_free(path_, target) || errno == ENOENT) // Somebody else moved it away already.
      return {};
    if (errno != EEXIST)
      return fail(errc::io, "cannot be renamed: " + system_reason());
  }
  return fail(errc::io, "cannot be renamed: no free name");
}

void output_file::remove_old(const rotation_config& rotation) const {
  std::vector<std::pair<clock::time_point, fs::path>> old;
  auto directory = fs::path(path_).parent_path();
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(directory.empty() ? "." : directory, ec))
    if (const auto time =
            rotation_time(path_, entry.path().filename().string(), rotation.localtime))
      old.emplace_back(*time, entry.path());
  std::sort(old.rbegin(), old.rend());
  const auto oldest = clock::now() - std::chrono::hours(24) * rotation.max_days;
  for (std::size_t i = 0; i < old.size(); ++i)
    if ((rotation.max_backups != 0 && i >= rotation.max_backups)
        || (rotation.max_days != 0 && old[i].first < oldest))
      fs::remove(old[i].second, ec);
}

result<void> output_file::write(std::string_view bytes) {
  const auto before = size();
  while (!bytes.empty()) {
    const auto done = ::write(fd_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0) {
      auto reason = system_reason();
      if (size() > before)
        if (const auto restored = cut(before); !restored)
          reason += "; and it cannot be cut back: " + restored.error().message;
      return fail(errc::io, std::move(reason));
    }
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

} // namespace weir::backends
