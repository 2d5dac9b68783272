#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// Immutable bytes with shared ownership, and a view of some of them: what passes between stages.
/// Copying copies a pointer. Safe to read from any thread.
class shared_bytes {
public:
  shared_bytes() = default;

  /// Takes `bytes` over.
  explicit shared_bytes(std::string bytes)
      : owner_(std::make_shared<const std::string>(std::move(bytes))), view_(*owner_) {}

  /// The slice [offset, offset + length) of these bytes, sharing their owner.
  shared_bytes slice(std::size_t offset, std::size_t length) const {
    auto result = *this;
    result.view_ = view_.substr(offset, length);
    return result;
  }

  std::string_view view() const noexcept { return view_; }
  std::size_t size() const noexcept { return view_.size(); }
  bool empty() const noexcept { return view_.empty(); }

private:
  std::shared_ptr<const std::string> owner_;
  std::string_view view_;
};

} // namespace weir
