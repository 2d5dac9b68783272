#pragma once

#include "editing/chain.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace weir::editing {

/// One walk over a message with processors that run together. What comes out is a list of pieces:
/// runs of the message's own bytes, and what was made anew in the context's arena.
class walker {
public:
  walker(weir::signal kind, context& context, std::span<const chain::part> parts,
         std::span<item_counts> counts, std::vector<std::string_view>& pieces,
         std::vector<const processor*>& active);

  /// Fills the pieces. Returns whether they differ from the message.
  bool run(std::string_view message);

private:
  enum class fate : std::uint8_t { same, changed, gone };

  /// A ResourceSpans (ScopeSpans) message in hand: what it belongs to is its resource (scope), its
  /// children are scopes (items). Likewise for metrics and logs.
  struct frame {
    context::lazy_item& owner;
    std::size_t head;                  ///< The piece that is its tag and length.
    std::size_t owner_at = 0;          ///< The piece that is the owner; 0: there is none.
    std::vector<std::size_t> copies{}; ///< Further ones: nearly never.
    bool touched = false;              ///< Other bytes than it came with.
    bool lost = false;                 ///< A child was dropped.
    std::size_t children = 0;          ///< That stay.
  };

  fate resource(std::string_view whole, std::string_view body);
  fate scope(std::string_view whole, std::string_view body);
  /// `first`: the part that begins with it.
  fate one_item(std::string_view body, std::size_t first);
  void add_made(frame& frame);

  /// Notes how many items a part left of those in hand.
  void count(std::size_t part, std::string_view body, std::uint64_t left);

  void put_owner(frame& frame, std::string_view whole);
  void note(frame& frame, fate child);
  fate finish(frame& frame, std::uint32_t number, std::string_view whole);

  bool edit_resource(std::string_view body);
  bool edit_scope(std::string_view body);
  void choose_active();

  std::uint64_t items_of(std::string_view body) const;
  std::uint64_t items_in_resource(std::string_view body) const;
  std::uint64_t items_in_scope(std::string_view body) const;

  void add(std::string_view piece);
  std::string_view make_message(std::uint32_t number, const item& item);
  std::string_view make_message(std::uint32_t number, std::string_view body);

  otlp::message_id item_kind_;
  context& context_;
  std::span<const chain::part> parts_;
  std::span<item_counts> counts_; ///< By number within parts_.
  std::vector<std::string_view>& pieces_;
  std::vector<const processor*>& active_; ///< By number within parts_; null: not in this scope.
  level edits_ = no_level;
  std::optional<std::uint64_t> in_hand_; ///< Items of the one in hand; nothing: as it came.
};

} // namespace weir::editing
