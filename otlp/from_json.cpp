// The reading half of otlp/json.hpp.
#include "core/base64.hpp"
#include "otlp/json.hpp"
#include "otlp/json_number.hpp"
#include "otlp/json_text.hpp"
#include "otlp/json_wire.hpp"
#include "otlp/schema.hpp"
#include "otlp/wire.hpp"

#include <fmt/format.h>
#include <simdjson.h>

namespace weir::otlp {

namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

// A scalar as it is written, without the space behind it.
std::string_view scalar(ondemand::value& v) noexcept {
  auto token = std::string_view(v.raw_json_token());
  while (!token.empty() && (token.back() == ' ' || (token.back() >= '\t' && token.back() <= '\r')))
    token.remove_suffix(1);
  return token;
}

std::string_view name_of(ondemand::json_type type) noexcept {
  switch (type) {
  case ondemand::json_type::array:
    return "an array";
  case ondemand::json_type::object:
    return "an object";
  case ondemand::json_type::number:
    return "a number";
  case ondemand::json_type::string:
    return "a string";
  case ondemand::json_type::boolean:
    return "true or false";
  case ondemand::json_type::null:
    return "null";
  }
  return "something else";
}

// Where a document is at fault that simdjson refuses as a whole, without a place.
std::size_t unreadable(std::string_view document, error_code e) noexcept {
  switch (e) {
  case simdjson::UTF8_ERROR:
    return count_utf8(document);
  case simdjson::UNESCAPED_CHARS:
    return find_raw_control(document);
  case simdjson::UNCLOSED_STRING:
    return document.size();
  default:
    return 0;
  }
}

// Reads one document into protobuf bytes. Functions return false once fail() was called.
class converter {
public:
  converter(std::string_view padded, std::string& out, std::uint32_t max_depth)
      : begin_(padded.data()), end_(padded.data() + padded.size()), out_(out),
        max_depth_(max_depth) {}

  bool run(ondemand::parser& parser, std::size_t capacity, message_id root) {
    ondemand::document document;
    const auto size = static_cast<std::size_t>(end_ - begin_);
    if (const auto e = parser.iterate(begin_, size, capacity).get(document))
      return fail(begin_ + unreadable({begin_, size}, e), simdjson::error_message(e));
    document_ = &document;
    ondemand::object object;
    if (const auto e = document.get_object().get(object))
      return malformed(e);
    if (!message(root, object, 0))
      return false;
    nested_.make_room(out_, 0);
    const char* rest = nullptr;
    if (!document.current_location().get(rest))
      return fail(rest, "something stands behind the outermost object");
    return true;
  }

  parse_error error() && {
    std::string path;
    for (const auto& s : path_) {
      if (!path.empty())
        path += '.';
      path += s.field->json_name;
      if (s.field->repeated)
        path += fmt::format("[{}]", s.index);
    }
    return {offset_, std::move(path), std::move(reason_)};
  }

private:
  struct step {
    const field_info* field;
    std::size_t index;
  };

  bool fail(const char* next, std::string reason) {
    offset_ = static_cast<std::size_t>(std::min(next, end_) - begin_);
    reason_ = std::move(reason);
    return false;
  }

  bool malformed(error_code e) {
    const bool cut = e == simdjson::INCOMPLETE_ARRAY_OR_OBJECT;
    return fail(cut ? end_ : here(), simdjson::error_message(e));
  }

  const char* here() {
    const char* next = end_;
    if (document_->current_location().get(next))
      return end_;
    return next;
  }

  bool expected(const char* wanted, const char* next, ondemand::value& v) {
    ondemand::json_type type;
    if (const auto e = v.type().get(type))
      return malformed(e);
    return fail(next, fmt::format("expected {}, found {}", wanted, name_of(type)));
  }

  // What stands between the quotes of a string whose first character is at `raw`.
  std::string_view quoted(const char* raw) const noexcept {
    const char* p = raw;
    while (p < end_ && *p != '"')
      p += *p == '\\' ? 2 : 1;
    return {raw, static_cast<std::size_t>(std::min(p, end_) - raw)};
  }

  bool message(message_id id, ondemand::object& object, std::uint32_t depth) {
    const auto& m = info(id);
    old_fields old;
    for (auto member : object) {
      ondemand::field f;
      if (const auto e = std::move(member).get(f))
        return malformed(e);
      const auto* known = find(m, f.key().raw());
      if (known == nullptr)
        continue;
      path_.push_back({known, 0});
      const auto before = out_.size();
      if (!field(*known, written_number(m, *known), std::move(f.value()), depth))
        return false;
      if (known->old_form || old.any())
        nested_.make_room(out_, before);
      old.note(m, *known, before, out_.size());
      path_.pop_back();
    }
    old.resolve(out_);
    return true;
  }

  const field_info* find(const message_info& m, const char* raw_key) {
    const auto key = quoted(raw_key);
    if (key.find('\\') == key.npos) [[likely]]
      return m.find_json(key);
    text_.clear();
    return append_unescaped(key, text_) ? m.find_json(text_) : nullptr;
  }

  bool field(const field_info& f, std::uint32_t number, ondemand::value v, std::uint32_t depth) {
    bool absent = false;
    if (const auto e = v.is_null().get(absent))
      return malformed(e);
    if (absent)
      return true;
    if (f.repeated)
      return list(f, number, v, depth);
    return value(f, number, v, depth, false);
  }

  bool list(const field_info& f, std::uint32_t number, ondemand::value& v, std::uint32_t depth) {
    const char* next = v.raw_json_token().data();
    ondemand::array array;
    if (v.get_array().get(array))
      return expected("an array", next, v);
    const bool packed = f.kind >= field_kind::boolean; // numbers; field_kind stands in this order
    const auto begun = packed ? nested_.begin(out_, number) : nested_fields::mark{};
    std::size_t index = 0;
    for (auto element : array) {
      path_.back().index = index++;
      ondemand::value e;
      if (const auto error = std::move(element).get(e))
        return malformed(error);
      bool absent = false;
      if (const auto error = e.is_null().get(absent))
        return malformed(error);
      // In a list it has a place, which an empty message or text keeps; a number it cannot be.
      if (absent && !packed)
        wire::append_bytes_field(out_, number, {});
      else if (!value(f, number, e, depth, packed))
        return false;
    }
    if (packed)
      nested_.end(out_, begun);
    return true;
  }

  // Writes one value, with its tag unless it is an element of packed numbers.
  bool value(const field_info& f, std::uint32_t number, ondemand::value& v, std::uint32_t depth,
             bool packed) {
    const char* next = v.raw_json_token().data();
    switch (f.kind) {
    case field_kind::message:
      return sub_message(f, number, v, next, depth);
    case field_kind::string:
    case field_kind::bytes:
    case field_kind::trace_id:
    case field_kind::span_id:
      return text(f, number, v, next);
    case field_kind::boolean:
      return boolean(number, v, next);
    case field_kind::real:
      return real(number, v, next, packed);
    default:
      return integer(f, number, v, next, packed);
    }
  }

  bool sub_message(const field_info& f, std::uint32_t number, ondemand::value& v, const char* next,
                   std::uint32_t depth) {
    if (depth >= max_depth_)
      return fail(next, fmt::format("messages are nested deeper than {}", max_depth_));
    ondemand::object object;
    if (v.get_object().get(object))
      return expected("an object", next, v);
    const auto begun = nested_.begin(out_, number);
    if (!message(f.message, object, depth + 1))
      return false;
    nested_.end(out_, begun);
    return true;
  }

  bool text(const field_info& f, std::uint32_t number, ondemand::value& v, const char* next) {
    ondemand::raw_json_string raw;
    if (v.get_raw_json_string().get(raw))
      return expected("a string", next, v);
    const auto content = quoted(raw.raw());
    const bool is_id = f.kind == field_kind::trace_id || f.kind == field_kind::span_id;
    const auto begun = nested_.begin(out_, number);
    const bool good = f.kind == field_kind::string ? append_unescaped(content, out_)
                      : is_id                      ? append_from_hex(content, out_)
                                                   : base64(content);
    nested_.end(out_, begun);
    if (good)
      return true;
    return fail(next, f.kind == field_kind::string ? "an escape that JSON does not have"
                      : is_id                      ? "expected pairs of hexadecimal digits"
                                                   : "expected base64");
  }

  // JSON may write a slash as "\/".
  bool base64(std::string_view content) {
    if (content.find('\\') == content.npos) [[likely]]
      return append_from_base64(content, out_);
    text_.clear();
    return append_unescaped(content, text_) && append_from_base64(text_, out_);
  }

  bool boolean(std::uint32_t number, ondemand::value& v, const char* next) {
    bool value = false;
    if (v.get_bool().get(value))
      return expected("true or false", next, v);
    wire::append_varint_field(out_, number, value ? 1 : 0);
    return true;
  }

  bool real(std::uint32_t number, ondemand::value& v, const char* next, bool packed) {
    double value = 0;
    ondemand::raw_json_string raw;
    if (*next == '"') {
      if (const auto e = v.get_raw_json_string().get(raw))
        return malformed(e);
      if (!parse_real(quoted(raw.raw()), value))
        return fail(next, "expected a number, \"NaN\", \"Infinity\" or \"-Infinity\"");
    } else if (const auto e = v.get_double().get(value)) {
      if (e == simdjson::INCORRECT_TYPE)
        return expected("a number", next, v);
      return fail(next, "expected a number that a double can hold");
    }
    if (!packed)
      wire::append_tag(out_, number, wire::type::fixed64);
    wire::append_fixed(out_, value);
    return true;
  }

  bool integer(const field_info& f, std::uint32_t number, ondemand::value& v, const char* next,
               bool packed) {
    wide_integer n;
    if (*next == '"') {
      ondemand::raw_json_string raw;
      if (const auto e = v.get_raw_json_string().get(raw))
        return malformed(e);
      const auto content = quoted(raw.raw());
      if (!enum_value(f.enumeration, content, n) && !parse_integer(content, n))
        return fail(next, f.enumeration == enum_id::none
                              ? "expected a decimal integer"
                              : "expected a number or a name of the enum");
    } else {
      // Not by simdjson's get_number(): it gives 0 for whole numbers of more than 19 digits, those
      // behind a point too.
      if (*next != '-' && (*next < '0' || *next > '9'))
        return expected("an integer or a string of one", next, v);
      const auto digits = scalar(v);
      if (has_leading_zero(digits) || !parse_integer(digits, n))
        return fail(next, "expected an integer that 64 bits can hold");
    }
    if (!fits(n, f.kind))
      return fail(next, "the integer is outside the range of its field");
    append_integer_field(out_, f.kind, number, n.bits(), packed);
    return true;
  }

  const char* begin_;
  const char* end_;
  std::string& out_;
  std::uint32_t max_depth_;
  ondemand::document* document_ = nullptr;
  nested_fields nested_;
  std::vector<step> path_;
  std::string text_;
  std::size_t offset_ = 0;
  std::string reason_;
};

// What a thread keeps from one document to the next, unless it grew large.
struct scratch {
  ondemand::parser parser;
  std::string padded;

  static constexpr std::size_t kept_bytes = 1 << 20;

  void shrink() {
    if (padded.capacity() > kept_bytes) {
      parser = ondemand::parser{};
      padded = std::string{};
    }
  }
};

} // namespace

tl::expected<void, parse_error> from_json(signal kind, std::string_view json, std::string& out,
                                          const scan_limits& limits) {
  thread_local scratch memory;
  memory.padded.reserve(json.size() + simdjson::SIMDJSON_PADDING);
  memory.padded.assign(json);
  memory.padded.append(simdjson::SIMDJSON_PADDING, '\0');
  const auto before = out.size();
  converter c{std::string_view{memory.padded}.substr(0, json.size()), out, limits.max_depth};
  const bool good = c.run(memory.parser, memory.padded.size(), root_of(kind));
  memory.shrink();
  if (good)
    return {};
  out.resize(before);
  return tl::unexpected(std::move(c).error());
}

} // namespace weir::otlp
