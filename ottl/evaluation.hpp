#pragma once

#include "core/clock.hpp"
#include "editing/item.hpp"
#include "editing/key_index.hpp"
#include "editing/made_items.hpp"
#include "ottl/program.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::ottl {

/// The items that a statement sees; those that its context does not have are null.
struct subject {
  item* resource = nullptr;
  item* scope = nullptr;
  item* span = nullptr;
  item* event = nullptr;
  item* metric = nullptr;
  item* data = nullptr; ///< What the metric holds: a gauge, a sum, ...
  item* point = nullptr;
  item* log = nullptr;
  std::int64_t event_index = 0;
  unix_ns now = 0;              ///< What Now() says.
  made_items* beside = nullptr; ///< Takes what is put beside the item.

  item* at(context_kind kind) const noexcept;
};

/// Why a statement failed on an item.
struct failure {
  const char* reason = "";
  value_type found = value_type::nil;
  bool shows_found = false;
};
std::string to_string(const failure& f);

/// Memory that statements work in; keeps its capacity. One thread.
struct workspace {
  scratch_arena memory;
  std::string text;
  std::vector<map_entry> entries;
  key_index keys;            ///< Of entries.
  std::vector<value> locals; ///< Of the lambdas of the program that runs.
  std::string_view cache;    ///< Of the item in hand: a map's body.
  failure why;
  const program* failed = nullptr; ///< Whose failure it is; only while its owner runs.

  /// Before the statements of an item.
  void begin_item() noexcept {
    memory.clear();
    cache = {};
  }
};

/// The workspace of the thread that asks.
workspace& thread_workspace();

/// Bytes that edits may add to one message before they fail: what multiplies itself ends here.
inline constexpr std::size_t max_message_bytes = 256 << 20;

/// What statements say that would put more beside an item than made_items has room for.
inline constexpr auto no_room_for_items =
    "more is made of the message, or of what was made of it, than its bounds allow";

/// One run of a program over an item. False always means: failed, and `why()` says it.
class evaluation {
public:
  evaluation(const program& p, const subject& subject, workspace& workspace)
      : p_(p), subject_(subject), workspace_(workspace) {}

  /// Runs the editor, if the condition holds.
  bool run();
  /// The condition.
  bool holds(bool& out);

  const failure& why() const noexcept { return workspace_.why; }

  // -- for functions --

  /// Counts as work by the size of what it is worth.
  bool get(std::uint32_t number, value& out);
  bool get_boolean(std::uint32_t number, bool& out);
  bool get(const argument& a, value& out) {
    if (a.expression != argument::text_in_hand)
      return get(a.expression, out);
    out = value::of_string(text_in_hand_);
    return true;
  }

  /// Values of one type; anything else fails.
  bool get_text(const argument& a, std::string_view& out);
  bool get_integer(const argument& a, std::int64_t& out);
  bool get_boolean(const argument& a, bool& out);
  bool get_map(const argument& a, std::string_view& out);
  bool get_of(const argument& a, value_type type, value& out);

  /// Any value as text; `is_nil` where there is none.
  bool get_text_like(const argument& a, std::string_view& out, bool& is_nil);
  bool as_text(const value& v, std::string_view& out);

  /// What a lambda makes of as many values as it has parameters.
  bool apply(const argument& lambda, std::initializer_list<value> values, value& out);

  /// The path that an argument of type target is.
  bool read(const argument& target, value& out);
  bool write(const argument& target, const value& v);
  bool write_literal(const argument& target, const expression& literal);

  const pattern& regex(const argument& a) const {
    return p_.patterns[static_cast<std::size_t>(a.pattern)];
  }
  const expression& node(const argument& a) const { return p_.expressions[a.expression]; }
  const program& code() const noexcept { return p_; }
  const subject& on() const noexcept { return subject_; }
  workspace& in() noexcept { return workspace_; }

  /// Whether an argument's path is all attributes of an item, which functions edit in place.
  item* attributes_item(const argument& target) const;

  /// Calls a converter that stands as an argument, `function=SHA256`, on a text.
  bool convert(function_body function, std::string_view text, value& out);

  bool fail(const char* reason) {
    workspace_.why = {reason, value_type::nil, false};
    return false;
  }
  bool fail(const char* reason, value_type found) {
    workspace_.why = {reason, found, true};
    return false;
  }
  bool finish(const text_builder& made, value_type type, value& out) {
    if (!made.ok())
      return fail("the value grew too large");
    out = value::of_bytes(type, made.view());
    return true;
  }

private:
  friend class path_access;

  bool find(std::uint32_t number, value& out);
  template <class T>
  bool get_member(const argument& a, value_type type, T value::*member, T& out);
  bool get_list(const expression& e, value& out);
  bool get_made_map(const expression& e, value& out);
  bool calculate(const expression& e, value& out);
  bool negate(const expression& e, value& out);
  bool call(const expression& e, value& out);
  bool index(value& v, const range& keys);
  std::uint32_t part(const expression& e, std::uint32_t i) const {
    return p_.parts[e.parts.first + i];
  }

  const program& p_;
  const subject& subject_;
  workspace& workspace_;
  std::string_view text_in_hand_;
};

} // namespace weir::ottl
