// JSON texts as values: parse_json() of ottl/convert.hpp.
#include "otlp/json_text.hpp"
#include "ottl/convert.hpp"
#include "ottl/value.hpp"

#include <charconv>
#include <string>
#include <vector>

namespace weir::ottl {

namespace {

constexpr int max_json_depth = 64;
constexpr std::size_t max_members = 4096; ///< Of one object: keys are compared with each other.

/// One pass over a JSON text, each value as the body of an AnyValue.
class json_reader {
public:
  json_reader(std::string_view text, scratch_arena& memory) : text_(text), memory_(memory) {}

  std::optional<parsed_json> read() {
    space();
    value v;
    const bool is_map = peek() == '{';
    if ((!is_map && peek() != '[') || !any(v, 0))
      return std::nullopt;
    space();
    if (next_ != text_.size())
      return std::nullopt;
    return parsed_json{is_map, v.bytes};
  }

private:
  char peek() const { return next_ < text_.size() ? text_[next_] : '\0'; }
  bool accept(char c) {
    if (peek() != c || next_ == text_.size())
      return false;
    ++next_;
    return true;
  }
  void space() {
    while (next_ < text_.size()
           && std::string_view(" \t\r\n").find(text_[next_]) != std::string_view::npos)
      ++next_;
  }
  bool word(std::string_view word) {
    if (text_.substr(next_, word.size()) != word)
      return false;
    next_ += word.size();
    return true;
  }

  bool any(value& out, int depth) {
    space();
    switch (peek()) {
    case '{':
      return depth < max_json_depth && object(out, depth);
    case '[':
      return depth < max_json_depth && array(out, depth);
    case '"': {
      std::string_view text;
      if (!string(text))
        return false;
      out = value::of_string(text);
      return true;
    }
    case 't':
      out = value::of(true);
      return word("true");
    case 'f':
      out = value::of(false);
      return word("false");
    case 'n':
      out = {};
      return word("null");
    default:
      return number(out);
    }
  }

  bool number(value& out) {
    const auto begin = next_;
    accept('-');
    const auto first = next_;
    digits();
    if (next_ == first || (text_[first] == '0' && next_ > first + 1))
      return false;
    if (accept('.') && !digits())
      return false;
    if (accept('e') || accept('E')) {
      if (!accept('+'))
        accept('-');
      if (!digits())
        return false;
    }
    double real = 0;
    const auto read = std::from_chars(text_.data() + begin, text_.data() + next_, real);
    out = value::of(real);
    return read.ec == std::errc{};
  }
  bool digits() {
    const auto begin = next_;
    while (peek() >= '0' && peek() <= '9')
      ++next_;
    return next_ > begin;
  }

  bool string(std::string_view& out) {
    const auto begin = ++next_;
    bool plain = true;
    for (; next_ < text_.size() && text_[next_] != '"'; ++next_) {
      if (static_cast<unsigned char>(text_[next_]) < 0x20)
        return false;
      if (text_[next_] == '\\') {
        plain = false;
        ++next_;
      }
    }
    if (next_ >= text_.size())
      return false;
    out = text_.substr(begin, next_++ - begin);
    if (plain)
      return true;
    std::string unescaped;
    if (!otlp::append_unescaped(out, unescaped))
      return false;
    text_builder copy(memory_);
    copy.append(unescaped);
    out = copy.view();
    return copy.ok();
  }

  bool array(value& out, int depth) {
    ++next_;
    text_builder list(memory_);
    space();
    if (!accept(']'))
      do {
        value element;
        if (!any(element, depth + 1))
          return false;
        append_element(list, element);
        space();
        if (peek() != ',' && peek() != ']')
          return false;
      } while (text_[next_++] == ',');
    out = value::of_bytes(value_type::list, list.view());
    return list.ok();
  }

  bool object(value& out, int depth) {
    ++next_;
    std::vector<std::pair<std::string_view, value>> members;
    space();
    if (!accept('}'))
      do {
        space();
        std::string_view key;
        value member;
        if (peek() != '"' || !string(key))
          return false;
        space();
        if (!accept(':') || !any(member, depth + 1))
          return false;
        if (!put(members, key, member))
          return false;
        space();
        if (peek() != ',' && peek() != '}')
          return false;
      } while (text_[next_++] == ',');
    text_builder map(memory_);
    for (const auto& [key, member] : members)
      append_pair(map, key, member);
    out = value::of_bytes(value_type::map, map.view());
    return map.ok();
  }

  static bool put(std::vector<std::pair<std::string_view, value>>& members, std::string_view key,
                  const value& member) {
    for (auto& [name, present] : members) {
      if (name == key) {
        present = member;
        return true;
      }
    }
    if (members.size() >= max_members)
      return false;
    members.emplace_back(key, member);
    return true;
  }

  std::string_view text_;
  std::size_t next_ = 0;
  scratch_arena& memory_;
};

} // namespace

std::optional<parsed_json> parse_json(std::string_view text, scratch_arena& memory) {
  return json_reader(text, memory).read();
}

} // namespace weir::ottl
