#include "ottl/lexer.hpp"

#include "core/utf8.hpp"
#include <array>
#include <fmt/format.h>
#include <optional>

namespace weir::ottl {

namespace {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}
constexpr int hex_value(char c) {
  if (is_digit(c))
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

template <class Predicate>
std::size_t end_of(std::string_view text, std::size_t begin, Predicate holds) {
  while (begin < text.size() && holds(text[begin]))
    ++begin;
  return begin;
}

/// `1.5`, `.5`, `1.`, `1.5e-3`; without a point it is no real: `1e3` is not one.
std::size_t end_of_real(std::string_view text, std::size_t begin) {
  auto position = end_of(text, begin, is_digit);
  const bool digits_before = position > begin;
  if (position == text.size() || text[position] != '.')
    return begin;
  const auto fraction = position + 1;
  position = end_of(text, fraction, is_digit);
  if (!digits_before && position == fraction)
    return begin;
  if (position < text.size() && (text[position] == 'e' || text[position] == 'E')) {
    auto digits = position + 1;
    if (digits < text.size() && (text[digits] == '+' || text[digits] == '-'))
      ++digits;
    const auto end = end_of(text, digits, is_digit);
    if (end > digits)
      return end;
  }
  return position;
}

token_kind kind_of_word(std::string_view word) {
  if (word == "nil")
    return token_kind::nil;
  if (word == "true" || word == "false")
    return token_kind::boolean;
  if (word == "not")
    return token_kind::not_;
  if (word == "and")
    return token_kind::and_;
  return word == "or" ? token_kind::or_ : token_kind::name;
}

std::optional<token> lex_operator(std::string_view text, std::size_t position) {
  const auto make = [&](token_kind kind, std::size_t length) {
    return token{kind, position, text.substr(position, length)};
  };
  for (const std::string_view two : {"==", "!=", "<=", ">="})
    if (text.substr(position, 2) == two)
      return make(token_kind::comparison, 2);
  if (text.substr(position, 2) == "=>")
    return make(token_kind::symbol, 2);
  const char c = text[position];
  if (c == '<' || c == '>')
    return make(token_kind::comparison, 1);
  if (c == '+' || c == '-')
    return make(token_kind::plus_minus, 1);
  if (c == '*' || c == '/')
    return make(token_kind::times_divide, 1);
  if (std::string_view("=(){}[]:,.").find(c) != std::string_view::npos)
    return make(token_kind::symbol, 1);
  return std::nullopt;
}

parsed<token> lex_string(std::string_view text, std::size_t position) {
  for (auto end = position + 1; end < text.size(); ++end) {
    if (text[end] == '"')
      return token{token_kind::string, position, text.substr(position, end + 1 - position)};
    if (text[end] == '\\')
      ++end;
  }
  return tl::unexpected(statement_error{position, "found a string without end, expected `\"`"});
}

parsed<token> lex_one(std::string_view text, std::size_t position) {
  const auto cut = [&](token_kind kind, std::size_t end) {
    return token{kind, position, text.substr(position, end - position)};
  };
  const char c = text[position];
  if (c == '"')
    return lex_string(text, position);
  if (text.substr(position, 2) == "0x") {
    const auto end = end_of(text, position + 2, [](char digit) { return hex_value(digit) >= 0; });
    if (end > position + 2)
      return cut(token_kind::bytes, end);
  }
  if (const auto end = end_of_real(text, position); end > position)
    return cut(token_kind::real, end);
  if (is_digit(c))
    return cut(token_kind::integer, end_of(text, position, is_digit));
  if (is_letter(c) || c == '_') {
    const auto end =
        end_of(text, position, [](char x) { return is_letter(x) || is_digit(x) || x == '_'; });
    return cut(kind_of_word(text.substr(position, end - position)), end);
  }
  if (const auto found = lex_operator(text, position))
    return *found;
  return tl::unexpected(statement_error{
      position,
      fmt::format("found {}, which nothing begins with",
                  describe(token{token_kind::name, position, text.substr(position, 1)}))});
}

/// A number of exactly `digits` digits at the beginning of `text`.
std::optional<std::uint32_t> read_digits(std::string_view text, std::size_t digits, int base) {
  if (text.size() < digits)
    return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, digits)) {
    const int digit = hex_value(c);
    if (digit < 0 || digit >= base)
      return std::nullopt;
    value = value * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
  }
  return value;
}

struct simple_escape {
  char letter;
  char meaning;
};
constexpr std::array<simple_escape, 9> simple_escapes{{{'a', '\a'},
                                                       {'b', '\b'},
                                                       {'f', '\f'},
                                                       {'n', '\n'},
                                                       {'r', '\r'},
                                                       {'t', '\t'},
                                                       {'v', '\v'},
                                                       {'\\', '\\'},
                                                       {'"', '"'}}};

/// Reads what follows a backslash; returns its length, 0: no such escape.
std::size_t read_escape(std::string_view rest, std::string& out) {
  if (rest.empty())
    return 0;
  for (const auto& escape : simple_escapes) {
    if (rest[0] == escape.letter) {
      out.push_back(escape.meaning);
      return 1;
    }
  }
  if (rest[0] == 'x') {
    const auto value = read_digits(rest.substr(1), 2, 16);
    if (!value)
      return 0;
    out.push_back(static_cast<char>(*value));
    return 3;
  }
  if (rest[0] == 'u' || rest[0] == 'U') {
    const std::size_t digits = rest[0] == 'u' ? 4 : 8;
    const auto value = read_digits(rest.substr(1), digits, 16);
    if (!value || *value > 0x10ffff || (*value >= 0xd800 && *value < 0xe000))
      return 0;
    append_utf8(out, *value);
    return digits + 1;
  }
  const auto value = read_digits(rest, 3, 8);
  if (!value || *value > 255)
    return 0;
  out.push_back(static_cast<char>(*value));
  return 3;
}

} // namespace

std::string describe(const token& found) {
  constexpr std::size_t longest = 40;
  if (found.kind == token_kind::end)
    return "the end";
  std::string shown;
  for (const char c : found.text.substr(0, longest))
    shown.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  // A character that is cut would not be UTF-8.
  while (found.text.size() > longest && !shown.empty()
         && (static_cast<unsigned char>(shown.back()) & 0x80) != 0)
    shown.pop_back();
  return fmt::format("`{}{}`", shown, found.text.size() > longest ? "..." : "");
}

parsed<std::vector<token>> lex(std::string_view text) {
  if (text.size() > max_statement_bytes)
    return tl::unexpected(statement_error{
        0, fmt::format("found {} bytes, expected at most {}", text.size(), max_statement_bytes)});
  std::vector<token> tokens;
  for (std::size_t position = end_of(text, 0, is_space); position < text.size();
       position = end_of(text, position, is_space)) {
    auto one = lex_one(text, position);
    if (!one)
      return tl::unexpected(one.error());
    position += one->text.size();
    tokens.push_back(*one);
  }
  tokens.push_back({token_kind::end, text.size(), {}});
  return tokens;
}

parsed<std::string> unquote(const token& string) {
  const auto content = string.text.substr(1, string.text.size() - 2);
  std::string out;
  out.reserve(content.size());
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (content[i] == '\n')
      return tl::unexpected(
          statement_error{string.offset + 1 + i, "found a line break in a string, expected `\\n`"});
    if (content[i] != '\\') {
      out.push_back(content[i]);
      continue;
    }
    const auto length = read_escape(content.substr(i + 1), out);
    if (length == 0)
      return tl::unexpected(statement_error{
          string.offset + 1 + i,
          fmt::format("found the unknown escape {}, expected one like `\\\\` or `\\n`",
                      describe({token_kind::string, 0, content.substr(i, 2)}))});
    i += length;
  }
  return out;
}

} // namespace weir::ottl
