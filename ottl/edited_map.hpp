#pragma once

#include "ottl/evaluation.hpp"

namespace weir::ottl {

/// A map that an editor changes: `open` reads it, `for_each` visits its pairs, `close` writes it
/// back. All attributes of an item are changed where they are; any other map is made anew. False:
/// failed, and the evaluation knows why.
class edited_map {
public:
  edited_map(evaluation& e, const argument& target)
      : e_(e), target_(target), item_(e.attributes_item(target)), made_(e.in().memory) {}

  bool open() {
    if (item_ != nullptr)
      return true;
    value v;
    if (!e_.read(target_, v))
      return false;
    if (!v.is(value_type::map))
      return e_.fail("expected a map", v.type);
    map_ = v.bytes;
    return true;
  }

  std::size_t size() const { return item_ != nullptr ? item_->attributes() : map_size(map_); }
  bool has(std::string_view key) const {
    return item_ != nullptr ? item_->has(key) : find_entry(map_, key).has_value();
  }
  std::string_view as_map() {
    if (item_ == nullptr)
      return map_;
    text_builder map(e_.in().memory);
    map.expect(item_->map_bytes());
    item_->for_each_attribute([&](auto& a) { append_any_pair(map, a.key(), a.any()); });
    return map.view();
  }

  /// Drops the pairs for which `drop(key)` holds.
  template <class F>
  bool remove_if(F&& drop) {
    if (item_ != nullptr) {
      item_->for_each_attribute([&](auto& a) {
        if (drop(a.key()))
          a.erase();
      });
      return true;
    }
    for_each_entry(map_, [&](std::string_view key, std::string_view any) {
      if (!drop(key))
        append_any_pair(made_, key, any);
    });
    return write_made();
  }

  /// Gives the strings among the values new texts: `change(text, made)` says whether it made one.
  template <class F>
  bool change_texts(F&& change) {
    if (item_ == nullptr) {
      for_each_entry(map_, [&](std::string_view key, std::string_view any) {
        std::string_view text;
        if (changed(any, change, text))
          append_pair(made_, key, value::of_string(text));
        else
          append_any_pair(made_, key, any);
      });
      return write_made();
    }
    bool room = true;
    item_->for_each_attribute([&](auto& a) {
      std::string_view text;
      if (!room || !changed(a.any(), change, text))
        return;
      room = item_->memory().held() + text.size() <= max_message_bytes;
      if (room)
        a.set(make_string(item_->memory(), text));
    });
    return room || e_.fail("the message grew too large");
  }

  /// Writes a whole map.
  bool replace(const text_builder& made) {
    value v;
    return e_.finish(made, value_type::map, v) && e_.write(target_, v);
  }

private:
  template <class F>
  static bool changed(std::string_view any, F& change, std::string_view& text) {
    const auto v = from_wire(any);
    return v.is(value_type::string) && change(v.bytes, text);
  }

  bool write_made() { return replace(made_); }

  evaluation& e_;
  const argument& target_;
  item* item_;
  std::string_view map_;
  text_builder made_;
};

} // namespace weir::ottl
