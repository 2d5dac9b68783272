#pragma once

#include "core/arena.hpp"
#include "editing/key_index.hpp"
#include "editing/values.hpp"
#include "otlp/schema.hpp"
#include "otlp/wire.hpp"

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::editing {

/// The number of the field that holds a message's attributes; 0: it has none. For a KeyValueList it
/// is that of its entries, so that nested maps are edited as attributes are; for a metric,
/// metadata.
constexpr std::uint32_t attributes_field(otlp::message_id message) noexcept {
  using enum otlp::message_id;
  switch (message) {
  case resource:
  case key_value_list:
  case exponential_histogram_data_point:
    return 1;
  case instrumentation_scope:
  case span_event:
    return 3;
  case span_link:
    return 4;
  case log_record:
    return 6;
  case number_data_point:
  case summary_data_point:
  case exemplar:
    return 7;
  case span:
  case histogram_data_point:
    return 9;
  case metric:
    return 12;
  default:
    return 0;
  }
}

/// One field of an opened message.
struct item_field {
  std::uint32_t number = 0;
  otlp::wire::type type = otlp::wire::type::varint;
  bool there = true; ///< Not erased.
  bool is_attribute = false;
  std::uint64_t value = 0;
  std::string_view bytes; ///< Of an attribute: its value, an any.
  std::string_view key;   ///< Of an attribute.
  std::string_view whole; ///< As it came, with its tag; null: to be written anew.
};

/// An editable view of one message (a resource, scope, span, event, link, log record, metric, data
/// point, status, nested map): its fields as slices over the bytes it was opened on, its attributes
/// with their keys. Nothing is copied before write(); what was not touched, unknown fields too, is
/// written as it came, bit by bit and in its order; new attributes and fields stand behind.
///
/// Of a key that stands twice, the first counts for reading (as in the Collector), and edits reach
/// all: set() and update() leave one, erase() none, so that nothing deleted stays in a second copy.
///
/// Views that are given in (keys, anys, texts) must live until write(): in the message, in
/// `memory`, or in the configuration. Keeps its capacity over open(). Where there are many
/// attributes, those that are asked for again and again are found in constant time. One thread.
class item {
public:
  explicit item(arena& memory) : memory_(&memory) {}

  /// Begins a view of `body`, whose bytes were checked and must outlive it.
  void open(otlp::message_id message, std::string_view body);

  otlp::message_id message() const noexcept { return message_; }
  /// The bytes it was opened on.
  std::string_view original() const noexcept { return original_; }
  arena& memory() const noexcept { return *memory_; }

  // -- attributes --

  /// The value (an any) of the first attribute with that key.
  std::optional<std::string_view> get(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }
  /// Attributes there are.
  std::size_t attributes() const noexcept;

  /// Puts the value there, whatever was there before.
  void set(std::string_view key, std::string_view any);
  /// Only where the key is not there. Returns whether it was put.
  bool insert(std::string_view key, std::string_view any);
  /// Only where the key is there. Returns whether it was.
  bool update(std::string_view key, std::string_view any);
  /// Returns whether it was there.
  bool erase(std::string_view key);
  void erase_attributes();
  /// Gives an attribute another key; what had that key before goes. Returns whether it was there.
  bool rename(std::string_view old_name, std::string_view name);

  /// One attribute while for_each_attribute() runs.
  class attribute {
  public:
    std::string_view key() const noexcept { return field_->key; }
    std::string_view any() const noexcept { return field_->bytes; }
    void set(std::string_view any) { item_->replace(*field_, any); }
    void rename(std::string_view key) {
      field_->key = key;
      field_->whole = {};
      item_->touch();
      item_->forget_index();
    }
    void erase() { item_->drop(*field_); }

  private:
    friend class item;
    item* item_ = nullptr;
    item_field* field_ = nullptr;
  };

  /// Calls `on_attribute(attribute)` for each, in order. It may edit that attribute, and no other.
  template <class OnAttribute>
  void for_each_attribute(OnAttribute&& on_attribute) {
    for (auto& f : fields_) {
      if (!f.there || !f.is_attribute)
        continue;
      attribute a;
      a.item_ = this;
      a.field_ = &f;
      on_attribute(a);
    }
  }

  /// All attributes as the body of a KeyValueList, in `memory`; made once until they change.
  std::string_view attributes_as_map() const;
  /// Its size.
  std::size_t map_bytes() const noexcept;
  /// Replaces all attributes by the entries of a KeyValueList's body.
  void set_attributes(std::string_view map);

  // -- other fields, by number; of one that stands twice the last counts, as protobuf has it --

  bool has_field(std::uint32_t number) const noexcept { return find(number) != nullptr; }
  /// A varint, fixed64 or fixed32; 0 where it does not stand.
  std::uint64_t number(std::uint32_t number) const noexcept;
  double real(std::uint32_t number) const noexcept {
    return std::bit_cast<double>(this->number(number));
  }
  /// A string, bytes or a message; "" where it does not stand.
  std::string_view bytes(std::uint32_t number) const noexcept;

  void set_varint(std::uint32_t number, std::uint64_t value) {
    put(number, otlp::wire::type::varint, value, {});
  }
  void set_fixed64(std::uint32_t number, std::uint64_t value) {
    put(number, otlp::wire::type::fixed64, value, {});
  }
  void set_fixed32(std::uint32_t number, std::uint32_t value) {
    put(number, otlp::wire::type::fixed32, value, {});
  }
  void set_real(std::uint32_t number, double value) {
    set_fixed64(number, std::bit_cast<std::uint64_t>(value));
  }
  void set_bytes(std::uint32_t number, std::string_view bytes) {
    put(number, otlp::wire::type::bytes, 0, bytes);
  }
  /// All fields of that number.
  bool erase_field(std::uint32_t number);

  // -- messages inside: events, links, data points, status --

  /// Calls `on_message(child)` for each message in field `number`; it returns false to drop it.
  /// `child` is scratch of the caller's, opened here; what it changed is put back.
  template <class OnMessage>
  void for_each_message(std::uint32_t number, otlp::message_id message, item& child,
                        OnMessage&& on_message) {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (!fields_[i].there || fields_[i].number != number)
        continue;
      child.open(message, fields_[i].bytes);
      if (!on_message(child))
        drop(fields_[i]);
      else if (child.changed())
        replace(fields_[i], child.write());
    }
  }

  /// Calls `on_bytes(bytes)` for each string, bytes or message in field `number`, in order.
  template <class OnBytes>
  void for_each_bytes(std::uint32_t number, OnBytes&& on_bytes) const {
    for (const auto& f : fields_)
      if (f.there && f.number == number && f.type == otlp::wire::type::bytes)
        on_bytes(f.bytes);
  }

  /// How many fields of that number there are.
  std::size_t count(std::uint32_t number) const noexcept;

  /// Opens `child` on the message in field `number` (an empty one where it does not stand).
  void open_message(std::uint32_t number, otlp::message_id message, item& child) const {
    child.open(message, bytes(number));
  }
  /// Puts it back, if it was changed.
  void put_message(std::uint32_t number, const item& child) {
    if (child.changed())
      set_bytes(number, child.write());
  }

  // -- writing --

  /// Whether write() would give other bytes than it was opened on.
  bool changed() const noexcept { return changed_; }
  /// Bytes that write() gives.
  std::size_t size() const noexcept;
  void write(std::string& out) const;
  /// Into `memory`; the original itself where nothing changed.
  std::string_view write() const;
  /// @pre `size()` bytes of room
  char* write_to(char* out) const noexcept;

private:
  /// So many fields are looked through; so many look-ups are not worth an index.
  static constexpr std::size_t few_fields = 32;
  static constexpr unsigned few_lookups = 3;

  item_field* find(std::string_view key);
  const item_field* find(std::string_view key) const;
  bool is(const item_field& f, std::string_view key) const noexcept {
    // The length tells nearly all apart, those that are no attributes too.
    return f.key.size() == key.size() && f.key == key && f.is_attribute && f.there;
  }
  /// Calls `on_field(field)` for the attributes with that key, in order, until it returns false.
  template <class OnField>
  void for_each_of(std::string_view key, OnField&& on_field) const;
  /// Whether look-ups go by the index, which is made here where it pays.
  bool has_index() const;
  void forget_index() const noexcept {
    index_.clear();
    indexed_ = false;
  }
  void touch() noexcept {
    changed_ = true;
    map_made_ = false;
  }
  const item_field* find(std::uint32_t number) const noexcept;
  void replace(item_field& f, std::string_view bytes);
  void drop(item_field& f);
  void append(std::string_view key, std::string_view any);
  void put(std::uint32_t number, otlp::wire::type type, std::uint64_t value,
           std::string_view bytes);

  arena* memory_;
  otlp::message_id message_{};
  std::uint32_t attributes_number_ = 0;
  bool changed_ = false;
  std::string_view original_;
  std::vector<item_field> fields_;
  mutable key_index index_; ///< Of attributes, by their place in fields_; some are gone.
  mutable bool indexed_ = false;
  mutable unsigned lookups_ = 0;
  mutable bool map_made_ = false;
  mutable std::string_view map_;
};

} // namespace weir::editing
