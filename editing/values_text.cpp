#include "editing/values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

// Values as text, as the Collector's Value.AsString gives it: Go's encoding/json for what is
// nested.
namespace weir::editing {

namespace {

constexpr std::string_view hex = "0123456789abcdef";

void append_integer(std::string& out, std::int64_t value) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, end);
}

void append_base64(std::string& out, std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) {
      return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U;
    };
    const auto bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    out += digits[bits >> 18];
    out += digits[bits >> 12 & 63];
    out += i + 1 < bytes.size() ? digits[bits >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? digits[bits & 63] : '=';
  }
}

void append_escape(std::string& out, unsigned char c) {
  out += "\\u00";
  out += hex[c >> 4];
  out += hex[c & 15];
}

/// JSON of a value, as encoding/json writes it.
class json_writer {
public:
  json_writer(std::string& out, bool escape_html) : out_(out), escape_html_(escape_html) {}

  /// False where a number in it is none of JSON's.
  bool write(std::string_view any);

private:
  void write_map(std::string_view map);
  void write_array(std::string_view array);
  void write_quoted(std::string_view text);

  std::string& out_;
  bool escape_html_;
  bool finite_ = true;
};

bool json_writer::write(std::string_view any) {
  const auto value = otlp::read_value(any);
  switch (value.kind) {
  case otlp::value_kind::string:
    write_quoted(value.bytes);
    break;
  case otlp::value_kind::boolean:
    out_ += value.boolean ? "true" : "false";
    break;
  case otlp::value_kind::integer:
    append_integer(out_, value.integer);
    break;
  case otlp::value_kind::real:
    finite_ = finite_ && std::isfinite(value.real);
    append_real(out_, value.real);
    break;
  case otlp::value_kind::array:
    write_array(value.bytes);
    break;
  case otlp::value_kind::map:
    write_map(value.bytes);
    break;
  case otlp::value_kind::bytes:
    out_ += '"';
    append_base64(out_, value.bytes);
    out_ += '"';
    break;
  case otlp::value_kind::none:
    out_ += "null";
  }
  return finite_;
}

void json_writer::write_quoted(std::string_view text) {
  out_ += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += text[i];
    } else if (const auto short_one = std::string_view("\n\r\t\b\f").find(text[i]);
               short_one != std::string_view::npos) {
      out_ += '\\';
      out_ += "nrtbf"[short_one];
    } else if (c < 0x20 || (escape_html_ && (c == '<' || c == '>' || c == '&'))) {
      append_escape(out_, c);
    } else if (text.substr(i, 3) == "\xe2\x80\xa8" || text.substr(i, 3) == "\xe2\x80\xa9") {
      out_ += text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out_ += text[i];
    }
  }
  out_ += '"';
}

void json_writer::write_map(std::string_view map) {
  std::vector<map_entry> entries;
  for_each_entry(map, [&](std::string_view key, std::string_view any) {
    entries.push_back({key, any});
  });
  // Of equal keys the last stays, as in a map of Go's.
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.key < b.key; });
  out_ += '{';
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i + 1 < entries.size() && entries[i + 1].key == entries[i].key)
      continue;
    if (out_.back() != '{')
      out_ += ',';
    write_quoted(entries[i].key);
    out_ += ':';
    write(entries[i].any);
  }
  out_ += '}';
}

void json_writer::write_array(std::string_view array) {
  out_ += '[';
  bool first = true;
  for_each_item(array, [&](std::string_view any) {
    if (!first)
      out_ += ',';
    first = false;
    write(any);
  });
  out_ += ']';
}

} // namespace

void append_real(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
    return;
  }
  char buffer[400];
  const auto size = std::abs(value);
  const bool exponent = size != 0 && (size < 1e-6 || size >= 1e21);
  const auto form = exponent ? std::chars_format::scientific : std::chars_format::fixed;
  auto* end = std::to_chars(buffer, buffer + sizeof buffer, value, form).ptr;
  // "1e-09" is "1e-9" there.
  if (exponent && end - buffer >= 4 && end[-4] == 'e' && end[-3] == '-' && end[-2] == '0') {
    end[-2] = end[-1];
    --end;
  }
  out.append(buffer, end);
}

bool append_text(std::string& out, std::string_view any, bool escape_html) {
  const auto value = otlp::read_value(any);
  switch (value.kind) {
  case otlp::value_kind::none:
    return true;
  case otlp::value_kind::string:
    out.append(value.bytes);
    return true;
  case otlp::value_kind::bytes:
    append_base64(out, value.bytes);
    return true;
  case otlp::value_kind::real:
    append_real(out, value.real);
    return true;
  default:
    break;
  }
  const auto before = out.size();
  if (json_writer(out, escape_html).write(any))
    return true;
  out.resize(before);
  return false;
}

bool append_scalar(std::string& out, std::string_view any) {
  const auto value = otlp::read_value(any);
  switch (value.kind) {
  case otlp::value_kind::string:
    out += value.bytes;
    return true;
  case otlp::value_kind::boolean:
  case otlp::value_kind::integer:
    append_text(out, any);
    return true;
  case otlp::value_kind::real: {
    char buffer[400];
    const auto* end =
        std::to_chars(buffer, buffer + sizeof buffer, value.real, std::chars_format::fixed).ptr;
    out.append(buffer, static_cast<std::size_t>(end - buffer));
    return true;
  }
  default:
    return false;
  }
}

std::string_view text_of(std::string_view any, std::string& scratch) {
  const auto value = otlp::read_value(any);
  if (value.kind == otlp::value_kind::string)
    return value.bytes;
  scratch.clear();
  append_text(scratch, any);
  return scratch;
}

} // namespace weir::editing
