#include "core/quote.hpp"

#include "core/utf8.hpp"
#include <algorithm>
#include <fmt/format.h>

namespace weir {

std::string quote_json(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto length = first_utf8(text).length;
    const auto c = static_cast<unsigned char>(text.front());
    if (length == 0)
      out += "\\ufffd";
    else if (c == '"' || c == '\\')
      out.append({'\\', static_cast<char>(c)});
    else if (c < 0x20)
      out += fmt::format("\\u{:04x}", c);
    else
      out.append(text.substr(0, length));
    text.remove_prefix(length ? length : 1);
  }
  return out + "\"";
}

std::string without_controls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto length = first_utf8(text).length;
    const auto c = static_cast<unsigned char>(text.front());
    const auto taken = length ? length : 1;
    // U+0080 to U+009F are orders to a terminal, too.
    const bool order = c < 0x20 || c == 0x7f || length == 0
                       || (c == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0);
    if (c == '\n' || c == '\r' || c == '\t')
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    else if (order)
      for (const unsigned char byte : text.substr(0, taken))
        out += fmt::format("\\x{:02x}", byte);
    else
      out.append(text.substr(0, taken));
    text.remove_prefix(taken);
  }
  return out;
}

std::string without_secrets(std::string_view text) {
  constexpr std::string_view masked = "[REDACTED]", mark = "://";
  const auto scheme = text.find(mark);
  const bool is_url =
      scheme != text.npos && text.substr(0, scheme).find_first_of(" /?@") == text.npos;
  const auto host = is_url ? scheme + mark.size() : 0;
  const auto end = std::min(text.find_first_of("/?# ", host), text.size());
  const auto found = text.substr(host, end - host).rfind('@');
  const auto user = text.substr(host, found == text.npos ? 0 : found);
  std::string out(text.substr(0, host));
  auto rest = text.substr(host);
  if (found != text.npos && (is_url || user.find(':') != user.npos)) {
    out += masked;
    rest.remove_prefix(found);
  }
  const auto query = is_url ? rest.find('?') : rest.npos;
  out += rest.substr(0, query);
  if (query != rest.npos)
    out.append("?").append(masked);
  return out;
}

} // namespace weir
