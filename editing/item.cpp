#include "editing/item.hpp"

#include "editing/work.hpp"

namespace weir::editing {

namespace wire = otlp::wire;

namespace {

constexpr std::uint32_t key_number = 1;
constexpr std::uint32_t value_number = 2;

std::size_t bytes_field_size(std::uint32_t number, std::size_t size) noexcept {
  return wire::varint_size(wire::make_tag(number, wire::type::bytes)) + wire::varint_size(size)
         + size;
}

char* put_tag(char* out, std::uint32_t number, wire::type type) noexcept {
  return wire::put_varint(out, wire::make_tag(number, type));
}

char* put_raw(char* out, std::string_view bytes) noexcept {
  if (!bytes.empty())
    std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

char* put_bytes(char* out, std::uint32_t number, std::string_view bytes) noexcept {
  out = put_tag(out, number, wire::type::bytes);
  return put_raw(wire::put_varint(out, bytes.size()), bytes);
}

std::size_t entry_size(std::string_view key, std::string_view any) noexcept {
  return bytes_field_size(key_number, key.size()) + bytes_field_size(value_number, any.size());
}

std::size_t size_of(const item_field& f) noexcept {
  if (f.whole.data() != nullptr)
    return f.whole.size();
  if (f.is_attribute)
    return bytes_field_size(f.number, entry_size(f.key, f.bytes));
  const auto tag = wire::varint_size(wire::make_tag(f.number, f.type));
  switch (f.type) {
  case wire::type::varint:
    return tag + wire::varint_size(f.value);
  case wire::type::fixed64:
    return tag + 8;
  case wire::type::fixed32:
    return tag + 4;
  case wire::type::bytes:
    break;
  }
  return bytes_field_size(f.number, f.bytes.size());
}

char* put_attribute(char* out, std::uint32_t number, std::string_view key,
                    std::string_view any) noexcept {
  out = put_tag(out, number, wire::type::bytes);
  out = wire::put_varint(out, entry_size(key, any));
  return put_bytes(put_bytes(out, key_number, key), value_number, any);
}

char* put_field(char* out, const item_field& f) noexcept {
  if (f.is_attribute)
    return put_attribute(out, f.number, f.key, f.bytes);
  if (f.type == wire::type::bytes)
    return put_bytes(out, f.number, f.bytes);
  out = put_tag(out, f.number, f.type);
  if (f.type == wire::type::varint)
    return wire::put_varint(out, f.value);
  const std::size_t size = f.type == wire::type::fixed64 ? 8 : 4;
  std::memcpy(out, &f.value, size);
  return out + size;
}

} // namespace

void item::open(otlp::message_id message, std::string_view body) {
  message_ = message;
  attributes_number_ = attributes_field(message);
  changed_ = false;
  original_ = body;
  fields_.clear();
  forget_index();
  lookups_ = 0;
  map_made_ = false;
  const char* next = body.data();
  const char* end = next + body.size();
  wire::field f;
  while (next < end) {
    const char* after = wire::read_field(next, end, f);
    if (after == nullptr)
      break; // never: the bytes were checked
    auto& added = fields_.emplace_back();
    added.number = f.number;
    added.type = f.type;
    added.whole = {next, static_cast<std::size_t>(after - next)};
    if (f.type != wire::type::bytes) {
      added.value = f.value;
    } else if (f.number == attributes_number_) {
      const auto entry = read_entry(f.bytes);
      added.is_attribute = true;
      added.key = entry.key;
      added.bytes = entry.any;
    } else {
      added.bytes = f.bytes;
    }
    next = after;
  }
}

bool item::has_index() const {
  if (indexed_ || fields_.size() <= few_fields)
    return indexed_;
  work().note(fields_.size());
  if (++lookups_ <= few_lookups)
    return false;
  for (std::uint32_t i = 0; i < fields_.size(); ++i)
    if (fields_[i].is_attribute && fields_[i].there)
      index_.add(fields_[i].key, i);
  indexed_ = true;
  return true;
}

template <class OnField>
void item::for_each_of(std::string_view key, OnField&& on_field) const {
  if (has_index()) {
    index_.find(key, [&](std::uint32_t i) { return !is(fields_[i], key) || on_field(fields_[i]); });
    return;
  }
  for (const auto& f : fields_)
    if (is(f, key) && !on_field(f))
      return;
}

const item_field* item::find(std::string_view key) const {
  const item_field* found = nullptr;
  for_each_of(key, [&](const item_field& f) {
    found = &f;
    return false;
  });
  return found;
}

item_field* item::find(std::string_view key) {
  return const_cast<item_field*>(static_cast<const item*>(this)->find(key));
}

const item_field* item::find(std::uint32_t number) const noexcept {
  for (auto f = fields_.rbegin(); f != fields_.rend(); ++f)
    if (f->number == number && f->there)
      return &*f;
  return nullptr;
}

std::optional<std::string_view> item::get(std::string_view key) const {
  if (const auto* f = find(key))
    return f->bytes;
  return std::nullopt;
}

std::size_t item::attributes() const noexcept {
  std::size_t n = 0;
  for (const auto& f : fields_)
    n += f.is_attribute && f.there ? 1 : 0;
  return n;
}

void item::replace(item_field& f, std::string_view bytes) {
  if (f.bytes == bytes)
    return;
  f.bytes = bytes;
  f.whole = {};
  touch();
}

void item::drop(item_field& f) {
  f.there = false;
  touch();
}

void item::append(std::string_view key, std::string_view any) {
  auto& added = fields_.emplace_back();
  added.number = attributes_number_;
  added.type = wire::type::bytes;
  added.is_attribute = true;
  added.key = key;
  added.bytes = any;
  if (indexed_)
    index_.add(key, static_cast<std::uint32_t>(fields_.size() - 1));
  touch();
}

void item::set(std::string_view key, std::string_view any) {
  if (!update(key, any))
    append(key, any);
}

bool item::insert(std::string_view key, std::string_view any) {
  if (has(key))
    return false;
  append(key, any);
  return true;
}

bool item::update(std::string_view key, std::string_view any) {
  bool found = false;
  for_each_of(key, [&](const item_field& f) {
    auto& field = const_cast<item_field&>(f); // of this item, which is not const
    if (found)
      drop(field);
    else
      replace(field, any);
    found = true;
    return true;
  });
  return found;
}

bool item::erase(std::string_view key) {
  bool found = false;
  for_each_of(key, [&](const item_field& f) {
    drop(const_cast<item_field&>(f));
    found = true;
    return true;
  });
  return found;
}

void item::erase_attributes() {
  for_each_attribute([](attribute a) { a.erase(); });
  forget_index();
}

bool item::rename(std::string_view old_name, std::string_view name) {
  if (!has(old_name))
    return false;
  if (old_name == name)
    return true;
  erase(name);
  auto* kept = find(old_name);
  kept->there = false; // while those behind it go
  erase(old_name);
  kept->there = true;
  kept->key = name;
  kept->whole = {};
  touch();
  forget_index();
  return true;
}

std::size_t item::map_bytes() const noexcept {
  std::size_t size = 0;
  for (const auto& f : fields_)
    if (f.is_attribute && f.there)
      size += bytes_field_size(1, entry_size(f.key, f.bytes));
  return size;
}

std::string_view item::attributes_as_map() const {
  if (map_made_)
    return map_;
  const auto size = map_bytes();
  auto* begin = memory_->allocate(size);
  auto* out = begin;
  for (const auto& f : fields_)
    if (f.is_attribute && f.there)
      out = put_attribute(out, 1, f.key, f.bytes);
  map_made_ = true;
  return map_ = {begin, size};
}

void item::set_attributes(std::string_view map) {
  erase_attributes();
  for_each_entry(map, [this](std::string_view key, std::string_view any) { append(key, any); });
}

std::uint64_t item::number(std::uint32_t number) const noexcept {
  const auto* f = find(number);
  return f == nullptr ? 0 : f->value;
}

std::string_view item::bytes(std::uint32_t number) const noexcept {
  const auto* f = find(number);
  return f == nullptr ? std::string_view{} : f->bytes;
}

void item::put(std::uint32_t number, wire::type type, std::uint64_t value, std::string_view bytes) {
  auto* last = const_cast<item_field*>(find(number));
  if (last == nullptr) {
    last = &fields_.emplace_back();
  } else if (last->type == type && last->value == value && last->bytes == bytes) {
    return;
  }
  last->number = number;
  last->type = type;
  last->value = value;
  last->bytes = bytes;
  last->whole = {};
  touch();
  for (auto* f = fields_.data(); f != last; ++f)
    if (f->number == number)
      f->there = false;
}

bool item::erase_field(std::uint32_t number) {
  bool found = false;
  for (auto& f : fields_) {
    if (f.number != number || !f.there)
      continue;
    drop(f);
    found = true;
  }
  return found;
}

std::size_t item::count(std::uint32_t number) const noexcept {
  std::size_t n = 0;
  for (const auto& f : fields_)
    n += f.number == number && f.there ? 1 : 0;
  return n;
}

std::size_t item::size() const noexcept {
  if (!changed_)
    return original_.size();
  std::size_t size = 0;
  for (const auto& f : fields_)
    size += f.there ? size_of(f) : 0;
  return size;
}

char* item::write_to(char* out) const noexcept {
  if (!changed_)
    return put_raw(out, original_);
  std::string_view run; // fields that stood behind each other, copied at once
  for (const auto& f : fields_) {
    if (!f.there)
      continue;
    if (f.whole.data() != nullptr && f.whole.data() == run.data() + run.size()) {
      run = {run.data(), run.size() + f.whole.size()};
      continue;
    }
    out = put_raw(out, run);
    run = f.whole;
    if (f.whole.data() == nullptr)
      out = put_field(out, f);
  }
  return put_raw(out, run);
}

void item::write(std::string& out) const {
  const auto before = out.size();
  out.resize(before + size());
  write_to(out.data() + before);
}

std::string_view item::write() const {
  if (!changed_)
    return original_;
  const auto bytes = size();
  auto* room = memory_->allocate(bytes);
  write_to(room);
  return {room, bytes};
}

} // namespace weir::editing
