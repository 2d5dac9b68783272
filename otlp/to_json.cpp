// The writing half of otlp/json.hpp.
#include "core/base64.hpp"
#include "otlp/check.hpp"
#include "otlp/json.hpp"
#include "otlp/json_text.hpp"
#include "otlp/wire.hpp"

#include <array>

namespace weir::otlp {

namespace {

// No message has more fields (checked by the schema's test).
constexpr std::size_t max_fields = 16;

// Where a field stands in a message.
struct occurrence {
  const char* first = nullptr; // its first tag
  wire::field last;
  std::uint32_t count = 0;
};

// Writes messages whose form was checked.
class writer {
public:
  explicit writer(std::string& out) : out_(out) {}

  void message(message_id id, std::string_view body) {
    const auto& fields = info(id).fields;
    std::array<occurrence, max_fields> found;
    const auto* chosen = survey(id, body, found);
    out_.push_back('{');
    bool first = true;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const auto& f = fields[i];
      if (found[i].count == 0 || (f.in_oneof && &f != chosen))
        continue;
      const auto* shown = &f;
      if (f.old_form) {
        shown = newer(fields, f);
        if (found[static_cast<std::size_t>(shown - fields.data())].count != 0)
          continue;
      }
      if (!first)
        out_.push_back(',');
      first = false;
      out_.push_back('"');
      out_ += shown->json_name;
      out_ += "\":";
      field(f, found[i], body);
    }
    out_.push_back('}');
  }

private:
  // Notes where each known field stands; returns the member of the oneof that counts.
  static const field_info* survey(message_id id, std::string_view body,
                                  std::array<occurrence, max_fields>& found) {
    const auto& m = info(id);
    const field_info* chosen = nullptr;
    wire::reader fields{body};
    for (const char* next = fields.at(); auto f = fields.next(); next = fields.at()) {
      const auto* known = m.find(f->number);
      if (known == nullptr)
        continue;
      auto& o = found[static_cast<std::size_t>(known - m.fields.data())];
      if (o.count++ == 0)
        o.first = next;
      o.last = *f;
      if (known->in_oneof)
        chosen = known;
    }
    return chosen;
  }

  // The field that took the place of a deprecated one.
  static const field_info* newer(const std::vector<field_info>& fields, const field_info& old) {
    const auto* f = fields.data();
    while (f->message != old.message)
      ++f;
    return f;
  }

  void field(const field_info& f, const occurrence& o, std::string_view body) {
    if (f.repeated)
      return list(f, o, body);
    if (f.kind == field_kind::message && o.count > 1)
      return merged(f, o, body);
    value(f, o.last);
  }

  // Calls on_field for each occurrence.
  template <class OnField>
  static void each(const field_info& f, const occurrence& o, std::string_view body,
                   OnField&& on_field) {
    wire::reader fields{body.substr(static_cast<std::size_t>(o.first - body.data()))};
    for (auto left = o.count; left > 0;)
      if (const auto next = fields.next(); next->number == f.number) {
        on_field(*next);
        --left;
      }
  }

  // A message that stands several times: as protobuf has it, one message of all their fields.
  void merged(const field_info& f, const occurrence& o, std::string_view body) {
    std::string all;
    each(f, o, body, [&](const wire::field& part) { all.append(part.bytes); });
    message(f.message, all);
  }

  void list(const field_info& f, const occurrence& o, std::string_view body) {
    out_.push_back('[');
    bool first = true;
    const auto element = [&](const wire::field& e) {
      if (!first)
        out_.push_back(',');
      first = false;
      value(f, e);
    };
    each(f, o, body, [&](const wire::field& e) {
      if (e.type == wire::type::bytes && is_number(f.kind))
        packed(f, e.bytes, element);
      else
        element(e);
    });
    out_.push_back(']');
  }

  static bool is_number(field_kind kind) noexcept {
    return kind >= field_kind::boolean; // field_kind stands in this order
  }

  template <class OnElement>
  static void packed(const field_info& f, std::string_view bytes, OnElement&& on_element) {
    const char* end = bytes.data() + bytes.size();
    wire::field e;
    for (const char* p = bytes.data(); p < end;) {
      p = f.kind == field_kind::uint64 ? wire::read_varint(p, end, e.value)
                                       : wire::read_fixed(p, end, e.value);
      on_element(e);
    }
  }

  void value(const field_info& f, const wire::field& v) {
    switch (f.kind) {
    case field_kind::message:
      message(f.message, v.bytes);
      break;
    case field_kind::string:
      append_quoted(v.bytes, out_);
      break;
    case field_kind::bytes:
      quoted(append_base64, v.bytes);
      break;
    case field_kind::trace_id:
    case field_kind::span_id:
      quoted(append_hex, v.bytes);
      break;
    case field_kind::boolean:
      out_ += v.value != 0 ? "true" : "false";
      break;
    case field_kind::real:
      append_double(v.real(), out_);
      break;
    case field_kind::enumeration:
      append_integer(std::int64_t{static_cast<std::int32_t>(v.value)}, out_);
      break;
    case field_kind::uint32:
    case field_kind::fixed32:
      append_integer(std::uint64_t{static_cast<std::uint32_t>(v.value)}, out_);
      break;
    case field_kind::sint32: {
      const auto zigzag = std::uint64_t{static_cast<std::uint32_t>(v.value)};
      append_integer(wire::unzigzag(zigzag), out_);
      break;
    }
    case field_kind::int64:
    case field_kind::sfixed64:
      quoted_integer(static_cast<std::int64_t>(v.value));
      break;
    case field_kind::uint64:
    case field_kind::fixed64:
      quoted_integer(v.value);
      break;
    }
  }

  void quoted(void (*append)(std::string_view, std::string&), std::string_view bytes) {
    out_.push_back('"');
    append(bytes, out_);
    out_.push_back('"');
  }

  template <class Integer>
  void quoted_integer(Integer value) {
    out_.push_back('"');
    append_integer(value, out_);
    out_.push_back('"');
  }

  std::string& out_;
};

} // namespace

result<void> to_json(signal kind, std::string_view message, std::string& out) {
  const auto root = root_of(kind);
  scan_limits limits;
  limits.check_utf8 = false;
  checker check{limits};
  if (!check.check(root, message, 0))
    return fail(errc::invalid_argument, to_string(explain(check, root, message)));
  writer{out}.message(root, message);
  return {};
}

} // namespace weir::otlp
