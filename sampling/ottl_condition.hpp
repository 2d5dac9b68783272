#pragma once

#include "core/error.hpp"
#include "otlp/scan.hpp"
#include "ottl/sequence.hpp"
#include "sampling/config.hpp"

#include <memory>
#include <string_view>

namespace weir::sampling {

/// A span to be looked at through conditions, with the resource and scope that hold it: opened when
/// a condition asks for them. A copy begins empty. One thread at a time.
class span_view {
public:
  span_view() = default;
  span_view(const span_view&) {}
  span_view& operator=(const span_view&) { return *this; }
  span_view(span_view&&) = default;
  span_view& operator=(span_view&&) = default;

  /// Before the spans of a (resource, scope) pair; `message` must live as long as they are looked
  /// at. `same_resource`: as in the pair before, whose view of it stays open.
  void begin_group(std::string_view message, const otlp::span_index& index, std::uint32_t group,
                   bool same_resource);

  void open(std::string_view body);

  /// What conditions see of it, with the levels they ask for (bits by context_kind).
  ottl::subject subject(std::uint8_t levels);
  editing::item& event() { return state().event; }

private:
  struct views {
    arena memory;
    editing::item resource{memory};
    editing::item scope{memory};
    editing::item span{memory};
    editing::item event{memory};
    std::string_view resource_body;
    std::string_view scope_body;
    bool resource_open = false;
    bool scope_open = false;
  };

  views& state() {
    if (!state_)
      state_ = std::make_unique<views>();
    return *state_;
  }

  std::unique_ptr<views> state_;
};

/// The conditions of one `ottl_condition` policy. Immutable; any thread.
class ottl_condition {
public:
  using answer = ottl::sequence::answer;

  /// errc::invalid_argument with place and reason for a condition that is wrong.
  static result<std::shared_ptr<const ottl_condition>> compile(const policy_config& policy);

  /// Whether a condition holds for the span or one of its events; failed: one failed before, in
  /// mode propagate.
  answer judge(span_view& span) const;

  bool propagates() const noexcept { return propagates_; }

private:
  ottl_condition(ottl::sequence span, ottl::sequence event)
      : span_(std::move(span)), event_(std::move(event)) {}

  ottl::sequence span_;
  ottl::sequence event_;
  std::uint8_t levels_ = 0;
  bool propagates_ = false;
};

} // namespace weir::sampling
