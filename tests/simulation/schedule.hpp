#pragma once

#include "core/clock.hpp"

#include <deque>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace weir::simulation {

/// Virtual time, timers, and messages on their way: on one link they come in order, over all links
/// in any. One thread; everything follows from the seed.
class schedule {
public:
  explicit schedule(std::uint64_t seed, bool keeps_lines)
      : random_(seed), keeps_lines_(keeps_lines) {}

  moment now() const noexcept {
    return {now_, 1'700'000'000 * unix_ns{1'000'000'000} + static_cast<unix_ns>(now_)};
  }
  std::mt19937_64& random() noexcept { return random_; }
  /// True one time in so many.
  bool chance(unsigned one_in) { return random_() % one_in == 0; }

  /// A message. The text is for printing.
  void post(const std::string& link, std::string text, std::function<void()> deliver) {
    links_[link].push_back({std::move(text), std::move(deliver)});
  }
  void after(steady_ns pause, std::function<void()> call) {
    timers_.emplace(now_ + pause, std::move(call));
  }
  /// Something that happened, for printing.
  void note(std::string text) {
    if (keeps_lines_)
      lines_.push_back(fmt::format("{:10.3f} {}", static_cast<double>(now_) / second_ns, text));
  }

  /// Delivers one message, or lets time pass to the next timer.
  void step();
  /// Lets a little time pass.
  void pass(steady_ns most) {
    advance(now_ + static_cast<steady_ns>(random_() % static_cast<std::uint64_t>(most)));
  }
  /// No message is on its way.
  bool quiet() const noexcept { return links_.empty(); }
  /// A kill: nothing that was on its way comes any more.
  void clear() {
    links_.clear();
    timers_.clear();
  }

  const std::vector<std::string>& lines() const noexcept { return lines_; }

private:
  struct message {
    std::string text;
    std::function<void()> deliver;
  };

  void advance(steady_ns until);

  std::mt19937_64 random_;
  const bool keeps_lines_;
  steady_ns now_ = 1000 * second_ns;
  std::map<std::string, std::deque<message>> links_; ///< None is empty.
  std::multimap<steady_ns, std::function<void()>> timers_;
  std::vector<std::string> lines_;
};

} // namespace weir::simulation
