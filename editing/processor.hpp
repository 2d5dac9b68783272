#pragma once

#include "core/clock.hpp"
#include "core/signal.hpp"
#include "editing/item.hpp"
#include "editing/made_items.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::editing {

/// What is known of the request that a message came in, beside its bytes. Empty behind sampling.
struct request_context {
  /// Names in lower case; only with `include_metadata`.
  std::vector<std::pair<std::string, std::string>> metadata;
  /// What an authenticator says of the client.
  std::vector<std::pair<std::string, std::string>> auth;
  std::string client_address; ///< Without the port; "" = not known.
  unix_ns now = 0;

  /// The value of "metadata.<name>" (lower-case), "auth.<name>" or "client.address", in `value`;
  /// several with `;` between them. False: there is none.
  bool find(std::string_view name, std::string& value) const;
};

/// So many bytes of one message may be made of what came with the request beside it: a head of some
/// KiB can belong to a body of a hundred thousand items.
inline constexpr std::size_t max_bytes_from_request = 16 << 20;

/// The levels of a message: its resources, the scopes in them, and the spans (log records, metrics)
/// in those. A set of them.
enum level : std::uint8_t { no_level = 0, resources = 1, scopes = 2, items = 4 };

constexpr level operator|(level a, level b) noexcept {
  return static_cast<level>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

/// Where a processor works and what it looks at, so that those that cannot see each other's traces
/// in another order are run together: a span is opened once for all of them.
struct reach {
  level edits = no_level;  ///< edit_resource(), edit_scope(), edit_item() are called for these.
  level reads = no_level;  ///< Levels above its own that it reads there.
  level writes = no_level; ///< Levels above its own that it writes there.
  bool makes = false;      ///< Puts items beside those that it edits, which others see behind them.
};

enum class disposition : bool { keep, drop };

/// What a processor works on: one message of one thread, walked from its resources to its items.
/// The views are opened when they are asked for.
class context {
public:
  context() = default;
  context(const context&) = delete; // its views point into it
  context& operator=(const context&) = delete;

  weir::signal signal() const noexcept { return signal_; }
  const request_context& request() const noexcept { return *request_; }
  /// For what edits make; it lives until the message is written.
  arena& memory() noexcept { return memory_; }
  /// What to put beside the item in hand. @pre in edit_item(), of a processor whose reach says so
  made_items& beside() noexcept { return beside_; }

  item& resource() {
    return resource_.open ? resource_.view : open(resource_, otlp::message_id::resource);
  }
  item& scope() {
    return scope_.open ? scope_.view : open(scope_, otlp::message_id::instrumentation_scope);
  }
  /// The span, log record or metric in hand. @pre in edit_item()
  item& current() noexcept { return current_; }

  /// Ends the message: it is refused with this reason, whatever is done to it here. Of several the
  /// first counts.
  void refuse(std::string reason) {
    if (refusal_.empty())
      refusal_ = std::move(reason);
  }

  /// Whether `bytes` more may be made of what came beside the message; beyond the limit it is
  /// refused.
  bool allows_from_request(std::size_t bytes);

  /// Views and texts for a processor's own use: nothing in them outlives the call. Children of
  /// items that are changed through them are opened in these.
  item& child(std::size_t number);
  std::string& text(std::size_t number);

private:
  friend class walker;
  friend class chain;

  struct lazy_item {
    explicit lazy_item(arena& memory) : view(memory) {}
    item view;
    std::string_view holder; ///< The message whose field 1 it is.
    bool open = false;
  };

  item& open(lazy_item& lazy, otlp::message_id message);

  arena memory_;
  made_items beside_{memory_};
  std::string refusal_;
  std::size_t from_request_ = 0; ///< Bytes.
  weir::signal signal_ = weir::signal::traces;
  const request_context* request_ = nullptr;
  lazy_item resource_{memory_};
  lazy_item scope_{memory_};
  item current_{memory_};
  std::vector<std::unique_ptr<item>> children_;
  std::vector<std::unique_ptr<std::string>> texts_;
};

/// One processor of a pipeline, compiled. Immutable, shared by threads: what changes is in the
/// context.
class processor {
public:
  virtual ~processor() = default;

  virtual editing::reach reach() const = 0;

  /// Asked once a scope, before its items: false leaves them alone (and closed).
  virtual bool wants_items(context&) const { return true; }

  /// Drop leaves out the whole resource (scope, item). Of a scope or resource whose last item was
  /// dropped, nothing stays.
  virtual disposition edit_resource(context&) const { return disposition::keep; }
  virtual disposition edit_scope(context&) const { return disposition::keep; }
  virtual disposition edit_item(context&) const { return disposition::keep; }
};

using processor_ptr = std::shared_ptr<const processor>;

/// The field of a metric that holds its data, and the message of its points; number 0: none.
struct metric_data {
  std::uint32_t number = 0;
  otlp::message_id data{};
  otlp::message_id point{};
};
metric_data data_of(const item& item) noexcept;

/// Calls `on_point(point)` for each data point of the metric in hand; it returns false to drop it.
/// Uses the children `first` and `first + 1`.
template <class OnPoint>
void for_each_point(context& context, std::size_t first, OnPoint&& on_point) {
  auto& metric = context.current();
  const auto part = data_of(metric);
  if (part.number == 0)
    return;
  auto& point = context.child(first + 1);
  auto& data = context.child(first);
  metric.open_message(part.number, part.data, data);
  data.for_each_message(1, part.point, point, on_point);
  metric.put_message(part.number, data);
}

} // namespace weir::editing
