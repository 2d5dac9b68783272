#pragma once

#include "otlp/scan.hpp"
#include "stages/editor.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace weir::stages {

/// What the processors of a pipeline made of a request.
struct edited_request {
  std::optional<otlp::parse_error> malformed{}; ///< It is not OTLP: nothing else is said then.
  /// What it became, without its bad spans; nothing: it is good as it is.
  std::optional<std::string> message{};
  std::uint64_t items = 0; ///< Good ones that came.
  otlp::rejected_spans rejected{};
  std::uint64_t removed = 0; ///< Of the good and the made ones, by processors.
  std::uint64_t made = 0;    ///< By processors.
  std::string refusal{};     ///< Why processors refused all of them; "" = they did not.
  bool ended = false;        ///< That was since the time for it was over.

  /// Items of `message`.
  std::uint64_t left() const noexcept { return items + made - removed; }
};

/// Checks requests and applies processors to them. Keeps what that needs for each chain. One thread
/// at a time; no CAF, no clock but the thread's CPU time.
class request_editor {
public:
  explicit request_editor(otlp::scan_limits limits) : limits_(limits) {}

  /// `time`: CPU time that the processors may take; 0: without end. Without a chain it is checked
  /// alone.
  edited_request edit(const std::shared_ptr<const editing::chain>& chain, weir::signal kind,
                      std::string_view request, const editing::request_context& origin,
                      std::chrono::nanoseconds time);

  /// The same for a message of that many good items that was checked before.
  edited_request edit_made(const std::shared_ptr<const editing::chain>& chain, weir::signal kind,
                           std::string message, std::uint64_t items,
                           const editing::request_context& origin, std::chrono::nanoseconds time);

private:
  /// Chains come and go by reloads, a few at a time: all are forgotten once there are so many.
  static constexpr std::size_t max_chains = 256;

  editor& editor_of(const std::shared_ptr<const editing::chain>& chain, weir::signal kind);
  bool check(weir::signal kind, std::string_view request, edited_request& made);
  void apply(const std::shared_ptr<const editing::chain>& chain, weir::signal kind,
             std::string_view message, const editing::request_context& origin,
             std::chrono::nanoseconds time, edited_request& made);

  otlp::scan_limits limits_;
  otlp::span_index index_;
  std::unordered_map<const editing::chain*, editor> editors_; ///< Each holds its chain.
};

} // namespace weir::stages
