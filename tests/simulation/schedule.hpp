#pragma once

#include "core/clock.hpp"

#include <deque>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace weir::simulation {

/// Whose messages and timers they are: a node's; 0: nobody's.
using owner_number = unsigned;

/// Virtual time, timers, and messages on their way: in one mailbox they come in order, over all
/// mailboxes in any. One thread; everything follows from the seed.
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

  /// A message to an owner's mailbox: "sender > mailbox". The text is for printing: a string, or
  /// what makes one.
  template <class Text>
  void post(owner_number owner, std::string_view link, Text&& text, std::function<void()> deliver) {
    add(owner, link, {line_of(link), line_of(std::forward<Text>(text)), std::move(deliver)});
  }
  void after(owner_number owner, steady_ns pause, std::function<void()> call) {
    timers_.emplace(now_ + pause, timer{owner, std::move(call)});
  }
  /// Something that happened, for printing.
  template <class Text>
  void note(Text&& text) {
    if (keeps_lines_)
      lines_.push_back(fmt::format("{:10.3f} {}", static_cast<double>(now_) / second_ns,
                                   line_of(std::forward<Text>(text))));
  }
  bool keeps_lines() const noexcept { return keeps_lines_; }
  /// Nothing, where no lines are kept.
  template <class Text>
  std::string line_of(Text&& text) const {
    if (!keeps_lines_)
      return {};
    if constexpr (std::is_invocable_v<Text>)
      return text();
    else
      return std::string(std::forward<Text>(text));
  }

  /// Delivers one message, or lets time pass to the next timer.
  void step();
  /// Lets a little time pass.
  void pass(steady_ns most) {
    advance(now_ + static_cast<steady_ns>(random_() % static_cast<std::uint64_t>(most)));
  }
  /// No message is on its way to anybody who runs.
  bool quiet() const noexcept { return ready_.empty(); }
  /// A kill: nothing that was on its way to the owner comes any more.
  void forget(owner_number owner);
  /// It stands still: what comes waits.
  void pause(owner_number owner, bool paused);

  const std::vector<std::string>& lines() const noexcept { return lines_; }

private:
  struct message {
    std::string link;
    std::string text;
    std::function<void()> deliver;
  };
  struct timer {
    owner_number owner = 0;
    std::function<void()> call;
  };
  struct mailbox {
    owner_number owner = 0;
    std::deque<message> messages;
    std::size_t place = 0; ///< In `ready_`, where it is there.
  };

  void add(owner_number owner, std::string_view link, message added);
  void advance(steady_ns until);
  void look_at_mailboxes();

  std::mt19937_64 random_;
  const bool keeps_lines_;
  steady_ns now_ = 1000 * second_ns;
  std::deque<mailbox> mailboxes_;
  std::map<owner_number, std::map<std::string, mailbox*, std::less<>>> names_;
  std::vector<mailbox*> ready_; ///< With messages, of owners that run.
  std::multimap<steady_ns, timer> timers_;
  std::map<owner_number, std::vector<timer>> paused_; ///< With the timers that are over.
  std::vector<std::string> lines_;
};

/// The schedule as one node sees it: its own messages, timers and clocks, which no other's agree
/// with. What is its own goes with it.
class room {
public:
  room(schedule& time, owner_number owner, steady_ns skew)
      : schedule_(time), owner_(owner), skew_(skew) {}
  ~room() { schedule_.forget(owner_); }
  room(const room&) = delete;
  room& operator=(const room&) = delete;

  moment now() const noexcept {
    const auto global = schedule_.now();
    return {global.steady + 7 * skew_, global.wall + static_cast<unix_ns>(skew_)};
  }
  std::mt19937_64& random() noexcept { return schedule_.random(); }
  bool chance(unsigned one_in) { return schedule_.chance(one_in); }
  template <class Text>
  void post(std::string_view link, Text&& text, std::function<void()> deliver) {
    schedule_.post(owner_, link, std::forward<Text>(text), std::move(deliver));
  }
  void after(steady_ns pause, std::function<void()> call) {
    schedule_.after(owner_, pause, std::move(call));
  }
  template <class Text>
  void note(Text&& text) {
    if (schedule_.keeps_lines())
      schedule_.note(fmt::format("n{} {}", owner_, schedule_.line_of(std::forward<Text>(text))));
  }

private:
  schedule& schedule_;
  const owner_number owner_;
  const steady_ns skew_;
};

} // namespace weir::simulation
