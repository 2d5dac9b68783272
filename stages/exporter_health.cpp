#include "stages/exporter_health.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace weir::stages {

namespace {

constexpr steady_ns interval = 10 * second_ns;
constexpr steady_ns warning_interval = 60 * second_ns;

using kind = backends::outcome::kind;
using weight = exporter_health_log::line::weight;

// "80 s", "2.5 s": tenths where they matter.
std::string seconds_text(steady_ns span) {
  const auto seconds = static_cast<double>(std::max<steady_ns>(0, span)) / second_ns;
  return seconds < 10 ? fmt::format("{:.1f} s", seconds) : fmt::format("{:.0f} s", seconds);
}

std::string next_try_text(const exporter_health_log::backlog& backlog, steady_ns now) {
  return backlog.next_try ? "next try in " + seconds_text(*backlog.next_try - now)
                          : std::string("it is tried again");
}

} // namespace

std::string with_thousands(std::uint64_t number) {
  auto text = std::to_string(number);
  for (auto position = static_cast<std::ptrdiff_t>(text.size()) - 3; position > 0; position -= 3)
    text.insert(static_cast<std::size_t>(position), 1, ',');
  return text;
}

bool exporter_health_log::kind_of_line::due(steady_ns now, steady_ns between) {
  if (last && now - *last < between)
    return false;
  last = now;
  return true;
}

exporter_health_log::exporter_health_log(std::string pipeline, std::string exporter,
                                         std::string items, unix_ns wall)
    : items_(std::move(items)), status_{.pipeline = std::move(pipeline),
                                        .exporter = std::move(exporter),
                                        .since = wall} {}

void exporter_health_log::be(exporter_health health, std::string reason, unix_ns wall) {
  if (status_.health != health)
    status_.since = wall;
  status_.health = health;
  status_.reason = std::move(reason);
}

std::optional<exporter_health_log::line>
exporter_health_log::answered(const backends::outcome& answer, bool is_down, steady_ns now,
                              unix_ns wall, const ask_backlog& ask) {
  if (answer.answer == kind::retry || answer.answer == kind::outage)
    return failed(answer, is_down, now, wall, ask);
  if (down_since_ && !is_down)
    return came_back(now, wall, ask);
  if (answer.answer != kind::delivered)
    return std::nullopt; // Cut, or a letter: given_up() says so.
  be(exporter_health::sending, {}, wall);
  return taken(answer, now);
}

std::optional<exporter_health_log::line>
exporter_health_log::failed(const backends::outcome& answer, bool is_down, steady_ns now,
                            unix_ns wall, const ask_backlog& ask) {
  const bool begins = is_down && !down_since_;
  if (begins) {
    down_since_ = now;
    outage_said_ = false;
    most_waiting_ = 0;
  }
  if (is_down)
    be(exporter_health::backing_off, answer.reason, wall);
  ++retries_.counted;
  if (!retries_.due(now, interval))
    return std::nullopt;
  outage_said_ = is_down;
  const auto backlog = ask();
  most_waiting_ = std::max(most_waiting_, backlog.items);
  // Somebody has to change something: an error. Else it may pass by itself.
  const auto level = answer.answer == kind::outage ? weight::error : weight::warn;
  const auto times = std::exchange(retries_.counted, 0);
  if (!is_down)
    return line{level, fmt::format("{} requests are to be tried again while others get through; "
                                   "the last answer: {}; {} {} wait",
                                   times, answer.reason, with_thousands(backlog.items), items_)};
  if (begins)
    return line{level,
                fmt::format("nothing gets through: {}; {} {} wait, {}", answer.reason,
                            with_thousands(backlog.items), items_, next_try_text(backlog, now))};
  return line{level,
              fmt::format("backing off for {}: {}; {} {} wait, {}",
                          seconds_text(now - *down_since_), answer.reason,
                          with_thousands(backlog.items), items_, next_try_text(backlog, now))};
}

std::optional<exporter_health_log::line> exporter_health_log::came_back(steady_ns now, unix_ns wall,
                                                                        const ask_backlog& ask) {
  const auto away = now - *down_since_;
  down_since_.reset();
  be(exporter_health::sending, {}, wall);
  if (!outage_said_) // A hiccup, soon after another one.
    return std::nullopt;
  const auto waiting = std::max(most_waiting_, ask().items);
  return line{weight::info, fmt::format("back after {}, {} {} waited", seconds_text(away),
                                        with_thousands(waiting), items_)};
}

std::optional<exporter_health_log::line> exporter_health_log::taken(const backends::outcome& answer,
                                                                    steady_ns now) {
  if (answer.rejected > 0) {
    rejections_.counted += answer.rejected;
    if (!rejections_.due(now, interval))
      return std::nullopt;
    return line{weight::error,
                fmt::format("the back end rejected {} {} of requests that it took: {}",
                            with_thousands(std::exchange(rejections_.counted, 0)), items_,
                            answer.reason)};
  }
  if (answer.reason.empty())
    return std::nullopt;
  ++warnings_.counted;
  if (!warnings_.due(now, warning_interval))
    return std::nullopt;
  return line{weight::warn, fmt::format("the back end took everything and warns ({} times): {}",
                                        std::exchange(warnings_.counted, 0), answer.reason)};
}

std::optional<exporter_health_log::line> exporter_health_log::given_up(std::uint64_t items,
                                                                       const std::string& reason,
                                                                       steady_ns now,
                                                                       unix_ns wall) {
  be(exporter_health::refused, reason, wall);
  losses_.counted += items;
  if (!losses_.due(now, interval))
    return std::nullopt;
  return line{weight::error,
              fmt::format("{} {} are given up and kept as dead letters: {}",
                          with_thousands(std::exchange(losses_.counted, 0)), items_, reason)};
}

} // namespace weir::stages
