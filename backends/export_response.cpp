#include "backends/export_response.hpp"

#include "otlp/wire.hpp"

#include <algorithm>

namespace weir::backends {

namespace {

namespace wire = otlp::wire;

constexpr std::size_t max_reason_bytes = 512;

void read_partial_success(std::string_view message, outcome& out) {
  wire::reader fields(message);
  while (const auto f = fields.next()) {
    // A negative count is nonsense.
    if (f->number == 1 && f->type == wire::type::varint && static_cast<std::int64_t>(f->value) > 0)
      out.rejected = f->value;
    else if (f->number == 2 && f->type == wire::type::bytes)
      out.reason = tidy(f->bytes);
  }
}

} // namespace

outcome read_export_response(std::string_view message) {
  outcome out;
  wire::reader fields(message);
  while (const auto f = fields.next())
    if (f->number == 1 && f->type == wire::type::bytes)
      read_partial_success(f->bytes, out);
  return fields.malformed() ? outcome{} : out;
}

bool speaks_of_size(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto says = [&](const char* words) { return lower.find(words) != std::string::npos; };
  return says("larger than") || says("too large") || says("too big")
         || (says("exceed") && (says("size") || says("byte")));
}

std::string tidy(std::string_view text) {
  std::string out(text.substr(0, max_reason_bytes));
  for (auto& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = ' ';
  return out;
}

} // namespace weir::backends
