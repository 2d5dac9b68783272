#include "ottl/path_access.hpp"

#include "otlp/json_text.hpp"
#include "otlp/trace_state.hpp"
#include "ottl/trace_state.hpp"

#include <array>

namespace weir::ottl {

namespace wire = otlp::wire;

namespace {

constexpr std::uint32_t status_message_field = 2;
constexpr std::uint32_t status_code_field = 3;

constexpr std::array<std::string_view, 6> kinds{"Unspecified", "Internal", "Server",
                                                "Client",      "Producer", "Consumer"};
constexpr std::array<std::string_view, 6> old_kinds{"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL",
                                                    "SPAN_KIND_SERVER",      "SPAN_KIND_CLIENT",
                                                    "SPAN_KIND_PRODUCER",    "SPAN_KIND_CONSUMER"};

std::int64_t whole(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

/// An enum: 32 bits with a sign.
std::int64_t enumerated(std::uint64_t number) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(number));
}

wire::field last_field(std::string_view message, std::uint32_t number) {
  wire::field found;
  wire::for_each_field(message, [&](const wire::field& f) {
    if (f.number == number)
      found = f;
  });
  return found;
}

/// An id of the right length; none is all zeros, as in the Collector.
std::string_view id_of(std::string_view bytes, std::size_t size) {
  static constexpr std::array<char, 16> zeros{};
  return bytes.size() == size ? bytes : std::string_view(zeros.data(), size);
}

std::size_t id_size(access form) {
  return form == access::trace_id || form == access::trace_id_text ? 16 : 8;
}

} // namespace

bool path_access::resolve(evaluation& e, const key& k, resolved_key& out) {
  switch (k.form) {
  case key::kind::text:
    out = {true, k.text, 0};
    return true;
  case key::kind::place:
    out = {false, {}, k.place};
    return true;
  case key::kind::computed:
    break;
  }
  value v;
  if (!e.get(k.expression, v))
    return false;
  if (!v.is(value_type::string) && !v.is(value_type::integer))
    return e.fail("expected a key: a string or a whole number", v.type);
  out = {v.is(value_type::string), v.bytes, v.integer};
  return true;
}

bool path_access::get(value& out) {
  auto& i = on();
  out = {};
  switch (info_.form) {
  case access::attributes:
    return get_attributes(out);
  case access::cache:
    out = value::of_bytes(value_type::map, e_.workspace_.cache);
    return get_keys(out, 0);
  case access::body:
    out = from_wire(i.bytes(info_.field));
    if (path_.keys.count != 0 && !out.is(value_type::map) && !out.is(value_type::list))
      return e_.fail("expected a body with keys or places", out.type);
    return get_keys(out, 0);
  case access::body_text: {
    // Here an empty body is an empty text, and bytes are base64.
    e_.workspace_.text.clear();
    append_text(e_.workspace_.text, i.bytes(info_.field));
    text_builder copy(e_.workspace_.memory);
    copy.append(e_.workspace_.text);
    return e_.finish(copy, value_type::string, out);
  }
  case access::text:
    out = value::of_string(i.bytes(info_.field));
    return true;
  case access::varint:
    out = value::of(enumerated(i.number(info_.field)));
    return true;
  case access::fixed32:
  case access::fixed64:
    out = value::of(whole(i.number(info_.field)));
    return true;
  case access::time:
    out = value::of_time(value_type::time, whole(i.number(info_.field)));
    return true;
  case access::trace_id:
  case access::span_id:
    out = value::of_bytes(info_.type, id_of(i.bytes(info_.field), id_size(info_.form)));
    return true;
  case access::trace_id_text:
  case access::span_id_text: {
    e_.workspace_.text.clear();
    otlp::append_hex(id_of(i.bytes(info_.field), id_size(info_.form)), e_.workspace_.text);
    text_builder copy(e_.workspace_.memory);
    copy.append(e_.workspace_.text);
    return e_.finish(copy, value_type::string, out);
  }
  case access::trace_state: {
    out = value::of_string(i.bytes(info_.field));
    resolved_key k;
    if (path_.keys.count == 0)
      return true;
    if (!first_key(k))
      return false;
    if (!k.is_text)
      return e_.fail("expected a string as the key of a trace state", value_type::integer);
    const auto list = otlp::read_trace_state(out.bytes);
    const auto* member = list ? list->find(k.text) : nullptr;
    out = list ? value::of_string(member != nullptr ? member->value : "") : value{};
    return true;
  }
  case access::kind_text:
  case access::kind_old_text: {
    const auto& names = info_.form == access::kind_text ? kinds : old_kinds;
    const auto kind = i.number(info_.field);
    out = value::of_string(kind < names.size() ? names[kind] : std::string_view{});
    return true;
  }
  case access::status_code:
    out = value::of(enumerated(last_field(i.bytes(info_.field), status_code_field).value));
    return true;
  case access::status_message:
    out = value::of_string(last_field(i.bytes(info_.field), status_message_field).bytes);
    return true;
  case access::messages:
    out = value::of_time(value_type::items, whole(i.count(info_.field)));
    return true;
  case access::event_index:
    out = value::of(e_.subject_.event_index);
    return true;
  case access::metric_type:
  case access::metric_varint:
  case access::metric_boolean:
  case access::metric_points:
    return get_metric(out);
  default:
    return get_point(out);
  }
}

bool path_access::get_attributes(value& out) {
  auto& i = on();
  if (path_.keys.count != 0) {
    resolved_key k;
    if (!first_key(k))
      return false;
    if (!k.is_text)
      return e_.fail("expected a string as the key of a map", value_type::integer);
    const auto any = i.get(k.text);
    if (!any)
      return true; // nil, whatever keys follow
    out = from_wire(*any);
    return get_keys(out, 1);
  }
  if (info_.context == context_kind::resource || info_.context == context_kind::scope) {
    // Many items ask for the same: made once.
    out = value::of_bytes(value_type::map, i.attributes_as_map());
    return true;
  }
  text_builder map(e_.workspace_.memory);
  map.expect(i.map_bytes());
  i.for_each_attribute([&](auto& a) { append_any_pair(map, a.key(), a.any()); });
  return e_.finish(map, value_type::map, out);
}

bool path_access::get_keys(value& v, std::uint32_t source) {
  for (auto n = source; n < path_.keys.count; ++n) {
    resolved_key k;
    if (!resolve(e_, e_.p_.keys[path_.keys.first + n], k))
      return false;
    if (v.is(value_type::map) && k.is_text) {
      const auto found = map_at(v.bytes, k.text);
      v = found.value_or(value{});
      if (!found)
        return true;
    } else if (v.is(value_type::list) && !k.is_text) {
      const auto found = list_at(v.bytes, k.place);
      if (!found)
        return e_.fail("the place is not in the list");
      v = *found;
    } else {
      return e_.fail(k.is_text ? "expected a map to look for a key in"
                               : "expected a list to look for a place in",
                     v.type);
    }
  }
  return true;
}

// -- writing --

bool path_access::has_room(std::size_t size) {
  return on().memory().held() + size <= max_message_bytes || e_.fail("the message grew too large");
}

bool path_access::store_text(std::string_view text, std::string_view& stored) {
  if (!has_room(text.size()))
    return false;
  stored = on().memory().copy(text);
  return true;
}

bool path_access::store(const value& v, std::string_view& any) {
  if (!is_storable(v))
    return e_.fail("expected a value that an attribute can hold", v.type);
  const auto size = wire_size(v);
  if (!has_room(size))
    return false;
  char* room = on().memory().allocate(size);
  put_wire(room, v);
  any = {room, size};
  return true;
}

bool path_access::check_type(const value& v) {
  if (info_.type == value_type::nil || v.type == info_.type)
    return true;
  return e_.fail("expected another type to write to this path", v.type);
}

bool path_access::set(const value& v) {
  switch (info_.form) {
  case access::attributes:
    return set_attributes(v);
  case access::body:
    return set_body(v);
  case access::cache:
    return set_cache(v);
  default:
    return check_type(v) && set_scalar(v);
  }
}

bool path_access::set_literal(const expression& literal) {
  if (info_.form != access::attributes || path_.keys.count != 1
      || e_.p_.keys[path_.keys.first].form != key::kind::text)
    return set(literal.literal);
  on().set(e_.p_.keys[path_.keys.first].text, literal.any);
  return true;
}

bool path_access::set_attributes(const value& v) {
  auto& i = on();
  std::string_view any;
  if (path_.keys.count == 0) {
    if (!check_type(v) || !store_text(v.bytes, any))
      return false;
    i.set_attributes(any);
    return true;
  }
  resolved_key k;
  if (!first_key(k))
    return false;
  if (!k.is_text)
    return e_.fail("expected a string as the key of a map", value_type::integer);
  auto made = v;
  if (path_.keys.count > 1) {
    const auto present = i.get(k.text);
    if (!set_in(present ? from_wire(*present) : value{}, 1, v, made))
      return false;
  }
  auto name = k.text;
  if (e_.p_.keys[path_.keys.first].form == key::kind::computed && !store_text(k.text, name))
    return false;
  if (!store(made, any))
    return false;
  i.set(name, any);
  return true;
}

bool path_access::set_body(const value& v) {
  auto& i = on();
  auto made = v;
  if (path_.keys.count != 0) {
    const auto present = from_wire(i.bytes(info_.field));
    if (!present.is(value_type::map) && !present.is(value_type::list))
      return e_.fail("expected a body with keys or places", present.type);
    if (!set_in(present, 0, v, made))
      return false;
  }
  std::string_view any;
  if (!store(made, any))
    return false;
  i.set_bytes(info_.field, any);
  return true;
}

bool path_access::set_cache(const value& v) {
  auto made = v;
  if (path_.keys.count == 0) {
    if (!check_type(v))
      return false;
  } else if (!set_in(value::of_bytes(value_type::map, e_.workspace_.cache), 0, v, made)) {
    return false;
  }
  e_.workspace_.cache = made.bytes;
  return true;
}

/// `current` with what key `from` and those behind it lead to replaced by `v`. Nothing there: a map
/// or a list is made, as the key wants it.
bool path_access::set_in(const value& current, std::uint32_t source, const value& v, value& out) {
  if (source == path_.keys.count) {
    if (!is_storable(v))
      return e_.fail("expected a value that an attribute can hold", v.type);
    out = v;
    return true;
  }
  resolved_key k;
  if (!resolve(e_, e_.p_.keys[path_.keys.first + source], k))
    return false;
  const auto wanted = k.is_text ? value_type::map : value_type::list;
  if (!current.is(wanted) && !current.is_nil())
    return e_.fail(k.is_text ? "expected a map to write a key to"
                             : "expected a list to write a place of",
                   current.type);
  const auto present = k.is_text ? map_at(current.bytes, k.text) : list_at(current.bytes, k.place);
  if (!k.is_text && !present && (!current.is_nil() || k.place < 0 || k.place > max_filled))
    return e_.fail("the place is not in the list");
  value element;
  if (!set_in(present.value_or(value{}), source + 1, v, element))
    return false;
  text_builder made(e_.workspace_.memory);
  if (k.is_text) {
    bool put = false;
    for_each_entry(current.bytes, [&](std::string_view name, std::string_view any) {
      if (name != k.text || put)
        return append_any_pair(made, name, any);
      put = true;
      append_pair(made, name, element);
    });
    if (!put)
      append_pair(made, k.text, element);
  } else {
    std::int64_t place = 0;
    for_each_item(current.bytes, [&](std::string_view any) {
      append_element(made, place++ == k.place ? element : from_wire(any));
    });
    for (; place <= k.place; ++place)
      append_element(made, place == k.place ? element : value{});
  }
  return e_.finish(made, wanted, out);
}

bool path_access::set_scalar(const value& v) {
  auto& i = on();
  std::string_view stored;
  switch (info_.form) {
  case access::text:
    if (!store_text(v.bytes, stored))
      return false;
    i.set_bytes(info_.field, stored);
    return true;
  case access::body_text:
    if (!store(v, stored))
      return false;
    i.set_bytes(info_.field, stored);
    return true;
  case access::varint:
    // A negative enum has ten bytes on the wire; a count is unsigned.
    i.set_varint(info_.field,
                 static_cast<std::uint64_t>(enumerated(static_cast<std::uint64_t>(v.integer))));
    return true;
  case access::fixed32:
    i.set_fixed32(info_.field, static_cast<std::uint32_t>(v.integer));
    return true;
  case access::fixed64:
  case access::time:
    i.set_fixed64(info_.field, static_cast<std::uint64_t>(v.integer));
    return true;
  case access::trace_id:
  case access::span_id:
  case access::trace_id_text:
  case access::span_id_text:
    return set_id(v);
  case access::trace_state:
    return set_trace_state(v);
  case access::kind_text:
  case access::kind_old_text:
    return set_kind(v);
  case access::status_code:
    return set_status(status_code_field, v);
  case access::status_message:
    return set_status(status_message_field, v);
  case access::metric_varint:
  case access::metric_boolean:
    return set_metric(v);
  default:
    return set_point(v);
  }
}

bool path_access::set_id(const value& v) {
  std::string_view bytes = v.bytes;
  if (v.is(value_type::string)) {
    e_.workspace_.text.clear();
    if (v.bytes.size() != 2 * id_size(info_.form)
        || !otlp::append_from_hex(v.bytes, e_.workspace_.text))
      return e_.fail("expected an id in hexadecimal");
    bytes = e_.workspace_.text;
  }
  std::string_view stored;
  if (!store_text(bytes, stored))
    return false;
  on().set_bytes(info_.field, stored);
  return true;
}

bool path_access::set_trace_state(const value& v) {
  auto& i = on();
  std::string_view stored;
  if (path_.keys.count == 0) {
    if (!store_text(v.bytes, stored))
      return false;
    i.set_bytes(info_.field, stored);
    return true;
  }
  resolved_key k;
  if (!first_key(k))
    return false;
  if (!k.is_text)
    return e_.fail("expected a string as the key of a trace state", value_type::integer);
  text_builder made(e_.workspace_.memory);
  if (!put_trace_state_member(i.bytes(info_.field), k.text, v.bytes, made))
    return true; // what would not be a trace state is left alone, as in the Collector
  if (!made.ok())
    return e_.fail("the value grew too large");
  if (!store_text(made.view(), stored))
    return false;
  i.set_bytes(info_.field, stored);
  return true;
}

bool path_access::set_kind(const value& v) {
  const auto& names = info_.form == access::kind_text ? kinds : old_kinds;
  for (std::size_t n = 0; n < names.size(); ++n) {
    if (names[n] == v.bytes) {
      on().set_varint(info_.field, n);
      return true;
    }
  }
  return e_.fail("expected the name of a span kind");
}

bool path_access::set_status(std::uint32_t field, const value& v) {
  text_builder made(e_.workspace_.memory);
  const auto append = [&](std::uint32_t number, const wire::field& f) {
    e_.workspace_.text.clear();
    if (f.type == wire::type::bytes)
      wire::append_bytes_field(e_.workspace_.text, number, f.bytes);
    else
      wire::append_varint_field(e_.workspace_.text, number, f.value);
    made.append(e_.workspace_.text);
  };
  const auto status = on().bytes(info_.field);
  const char* position = status.data();
  const char* end = position + status.size();
  for (wire::field f; position != nullptr && position < end;) {
    const char* next = wire::read_field(position, end, f);
    if (next != nullptr && f.number != field)
      made.append({position, static_cast<std::size_t>(next - position)});
    position = next;
  }
  wire::field put;
  put.type = v.is(value_type::string) ? wire::type::bytes : wire::type::varint;
  put.bytes = v.bytes;
  put.value = static_cast<std::uint64_t>(enumerated(static_cast<std::uint64_t>(v.integer)));
  append(field, put);
  std::string_view stored;
  if (!made.ok())
    return e_.fail("the value grew too large");
  if (!store_text(made.view(), stored))
    return false;
  on().set_bytes(info_.field, stored);
  return true;
}

} // namespace weir::ottl
