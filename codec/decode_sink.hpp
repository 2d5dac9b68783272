#pragma once

#include "core/error.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <string_view>

namespace weir::codec {

/// Where a decoder puts what comes out: a buffer that grows as it fills, up to one byte over the
/// limit, by which an overlong body shows itself.
class decode_sink {
public:
  /// `out` is replaced. `hint`: how much may be expected; believed only as far as the limit.
  decode_sink(std::string& out, std::size_t max_bytes, std::size_t hint)
      : out_(out), max_bytes_(std::min(max_bytes, out.max_size() - 1)) {
    // Not cleared first: what a reused buffer holds need not be zeroed again.
    out_.resize(std::min(max_bytes_ + 1, std::max<std::size_t>(hint, 512)));
  }

  char* at() noexcept { return out_.data() + used_; }
  std::size_t room() const noexcept { return out_.size() - used_; }
  std::size_t used() const noexcept { return used_; }

  void advance(std::size_t bytes) noexcept { used_ += bytes; }

  /// Makes room where there is none. False when the limit is passed.
  bool grow() {
    if (used_ > max_bytes_)
      return false;
    if (room() == 0)
      out_.resize(std::min(max_bytes_ + 1, out_.size() * 2));
    return true;
  }

  /// Appends bytes that are there already. False when the limit is passed.
  bool append(std::string_view bytes) {
    while (!bytes.empty() && grow()) {
      const auto part = std::min(room(), bytes.size());
      bytes.copy(at(), part);
      advance(part);
      bytes.remove_prefix(part);
    }
    return used_ <= max_bytes_;
  }

  result<void> finish() {
    if (used_ > max_bytes_)
      return too_large();
    out_.resize(used_);
    return {};
  }

  tl::unexpected<error> too_large() {
    out_.clear();
    return fail(errc::too_large, fmt::format("more than {} bytes when unpacked", max_bytes_));
  }

  tl::unexpected<error> bad(std::string_view encoding, std::string_view why) {
    out_.clear();
    return fail(errc::invalid_argument, fmt::format("{}: {}", encoding, why));
  }

private:
  std::string& out_;
  std::size_t max_bytes_;
  std::size_t used_ = 0;
};

} // namespace weir::codec
