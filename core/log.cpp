#include "core/log.hpp"

#include "core/clock.hpp"
#include "core/log_block.hpp"
#include "core/quote.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <unordered_map>

namespace weir::log {

namespace {

// Of the line that this thread is writing: spdlog formats it before the call returns.
thread_local const fields* current_fields = nullptr;
thread_local bool current_is_block = false;

std::string to_json(const field::content& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using type = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<type, std::string_view>)
          return quote_json(v);
        else if constexpr (std::is_same_v<type, double>)
          return std::isfinite(v) ? fmt::format("{}", v) : quote_json(fmt::format("{}", v));
        else
          return fmt::format("{}", v);
      },
      value);
}

// "a":1,"b":"c"
std::string members() {
  std::string out;
  if (current_fields == nullptr)
    return out;
  for (const auto& each : *current_fields) {
    if (!out.empty())
      out += ',';
    out += quote_json(each.name);
    out += ':';
    out += to_json(each.value);
  }
  return out;
}

// spdlog escapes nothing, so the text is made a JSON string by this formatter flag.
class json_text final : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const auto text = quote_json({message.payload.data(), message.payload.size()});
    out.append(text.data(), text.data() + text.size());
    if (const auto fields = members(); !fields.empty()) {
      out.push_back(',');
      out.append(fields.data(), fields.data() + fields.size());
    }
  }

  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<json_text>();
  }
};

// Each piece between line ends and tabs by itself.
std::string block_without_controls(std::string_view text) {
  std::string out;
  for (std::size_t position = 0; position < text.size();) {
    const auto end = std::min(text.find_first_of("\n\t", position), text.size());
    out += without_controls(text.substr(position, end - position));
    if (end < text.size())
      out += text[end];
    position = end + 1;
  }
  return out;
}

// Text of clients stands in lines: what would move the cursor of a terminal, or look like a line
// of its own, is shown instead.
class console_text final : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string_view given(message.payload.data(), message.payload.size());
    const auto text = current_is_block ? block_without_controls(given) : without_controls(given);
    out.append(text.data(), text.data() + text.size());
    if (const auto fields = members(); !fields.empty())
      fmt::format_to(std::back_inserter(out), "\t{{{}}}", without_controls(fields));
  }

  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<console_text>();
  }
};

} // namespace

void configure(const config& options) {
  auto logger = std::make_shared<spdlog::logger>(
      "weir", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  auto level = spdlog::level::from_str(options.level);
  if (level == spdlog::level::off)
    level = spdlog::level::info;
  logger->set_level(level);
  if (options.encoding == "json") {
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<json_text>('*').set_pattern(
        R"({"ts":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","msg":%*})");
    logger->set_formatter(std::move(formatter));
  } else {
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<console_text>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%e%z\t%^%l%$\t%*");
    logger->set_formatter(std::move(formatter));
  }
  spdlog::set_default_logger(std::move(logger));
}

void write(spdlog::level::level_enum level, fields fields, std::string_view text) {
  current_fields = &fields;
  spdlog::log(level, text);
  current_fields = nullptr;
}

void write_block(std::string_view text) {
  current_is_block = true;
  spdlog::log(spdlog::level::info, text);
  current_is_block = false;
}

bool permit(std::string_view kind, unsigned interval_s) {
  static std::mutex mutex;
  static std::unordered_map<std::string, steady_ns> last;
  const auto now = steady_now();
  const std::lock_guard guard(mutex);
  auto [it, inserted] = last.try_emplace(std::string(kind), now);
  if (!inserted && now - it->second < static_cast<steady_ns>(interval_s) * second_ns)
    return false;
  it->second = now;
  return true;
}

} // namespace weir::log
