#include "ottl/path_access.hpp"

namespace weir::ottl {

namespace {

std::int64_t whole(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
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
    return get_cache(out);
  case access::body:
    return get_body(out);
  case access::body_text:
    return get_body_text(out);
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
  case access::messages:
    out = value::of_time(value_type::items, whole(i.count(info_.field)));
    return true;
  case access::event_index:
    out = value::of(e_.subject_.event_index);
    return true;
  case access::trace_id:
  case access::span_id:
    return get_id(out);
  case access::trace_id_text:
  case access::span_id_text:
    return get_id_text(out);
  case access::trace_state:
    return get_trace_state(out);
  case access::kind_text:
  case access::kind_old_text:
    return get_kind(out);
  case access::status_code:
  case access::status_message:
    return get_status(out);
  case access::metric_type:
  case access::metric_varint:
  case access::metric_boolean:
  case access::metric_points:
    return get_metric(out);
  default:
    return get_point(out);
  }
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

bool path_access::set_scalar(const value& v) {
  auto& i = on();
  switch (info_.form) {
  case access::text:
    return set_text(v.bytes);
  case access::body_text:
    return set_body(v);
  case access::varint:
    i.set_varint(info_.field, enumerated_on_wire(v.integer));
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
  case access::status_message:
    return set_status(v);
  case access::metric_varint:
  case access::metric_boolean:
    return set_metric(v);
  default:
    return set_point(v);
  }
}

bool path_access::set_text(std::string_view text) {
  std::string_view stored;
  if (!store_text(text, stored))
    return false;
  on().set_bytes(info_.field, stored);
  return true;
}

bool path_access::check_type(const value& v) {
  if (info_.type == value_type::nil || v.type == info_.type)
    return true;
  return e_.fail("expected another type to write to this path", v.type);
}

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

bool path_access::finish_text(value& out) {
  text_builder copy(e_.workspace_.memory);
  copy.append(e_.workspace_.text);
  return e_.finish(copy, value_type::string, out);
}

} // namespace weir::ottl
