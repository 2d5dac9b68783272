#include "editing/memo.hpp"

#include <atomic>

namespace weir::editing {

std::uint32_t memo::new_rule() noexcept {
  static std::atomic<std::uint32_t> last{0};
  return ++last;
}

memo& thread_memo() {
  static thread_local memo mine;
  return mine;
}

} // namespace weir::editing
