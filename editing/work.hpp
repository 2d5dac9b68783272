#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

// How long processors may work on one request, so that no request keeps a thread for itself,
// whatever stands in it and whatever the statements are.
namespace weir::editing {

/// Thrown where the time of the work at hand is over. What was being edited is to be thrown away.
struct work_ended {
  std::string worker{}; ///< The statement or processor that was at work; "" = not known yet.
};

/// The work that the calling thread is at, in CPU time of its own. What takes time says so in
/// units of about a nanosecond, roughly; the clock is looked at now and then. One for each thread.
class work_meter {
public:
  /// Says that `units` of work follow. Throws work_ended where the time is over.
  void spend(std::size_t units) {
    if (units < left_)
      left_ -= units;
    else
      look();
  }

  /// The same from where nothing may be thrown: the next spend() looks.
  void note(std::size_t units) noexcept { left_ = units < left_ ? left_ - units : 0; }

  /// Whether there is an end at all.
  bool bounded() const noexcept { return until_ != std::chrono::nanoseconds::max(); }

  /// Units between two looks at the clock, which is a system call: some 0.1 ms.
  static constexpr std::size_t stride = 128 << 10;

  /// CPU time of the calling thread since it began.
  static std::chrono::nanoseconds thread_time() noexcept;

private:
  friend class work_scope;

  void look();

  std::size_t left_ = std::numeric_limits<std::size_t>::max();
  std::chrono::nanoseconds until_ = std::chrono::nanoseconds::max();
};

/// The calling thread's.
inline work_meter& work() noexcept {
  static thread_local constinit work_meter mine;
  return mine;
}

/// While it lives, the calling thread may work for that long. 0 or less: without end.
class work_scope {
public:
  explicit work_scope(std::chrono::nanoseconds time) noexcept;
  ~work_scope() { work() = before_; }
  work_scope(const work_scope&) = delete;
  work_scope& operator=(const work_scope&) = delete;

private:
  work_meter before_;
};

} // namespace weir::editing
