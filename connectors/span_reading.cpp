#include "connectors/span_reading.hpp"

#include "otlp/wire.hpp"

#include <algorithm>
#include <array>

namespace weir::connectors {

namespace wire = otlp::wire;

read_span read(std::string_view span) noexcept {
  read_span made;
  made.whole = span;
  const char* p = span.data();
  const char* const end = p + span.size();
  wire::field f;
  while (p < end) {
    p = wire::read_field(p, end, f);
    if (p == nullptr)
      break;
    switch (f.number) {
    case 1:
      made.trace = f.bytes;
      break;
    case 2:
      made.span = f.bytes;
      break;
    case 3:
      made.state = f.bytes;
      break;
    case 4:
      made.parent = f.bytes;
      break;
    case 5:
      made.name = f.bytes;
      break;
    case 6:
      made.kind = f.value;
      break;
    case 7:
      made.start = f.value;
      break;
    case 8:
      made.end = f.value;
      break;
    case 15:
      wire::for_each_field(f.bytes, [&](const wire::field& s) {
        if (s.number == 3)
          made.status = s.value;
      });
      break;
    default:
      break;
    }
  }
  return made;
}

std::optional<std::string_view> attribute_of(std::string_view message, std::uint32_t number,
                                             std::string_view key) noexcept {
  const char* p = message.data();
  const char* const end = p + message.size();
  wire::field f;
  while (p < end) {
    p = wire::read_field(p, end, f);
    if (p == nullptr)
      return {};
    if (f.number != number || f.type != wire::type::bytes)
      continue;
    std::string_view name, any;
    const char* q = f.bytes.data();
    const char* const last = q + f.bytes.size();
    wire::field inner;
    while (q < last && (q = wire::read_field(q, last, inner)) != nullptr) {
      if (inner.number == 1)
        name = inner.bytes;
      else if (inner.number == 2)
        any = inner.bytes;
    }
    if (name == key)
      return any;
  }
  return {};
}

bool is_id(std::string_view id) noexcept {
  return std::any_of(id.begin(), id.end(), [](char c) { return c != '\0'; });
}

std::string_view kind_text(std::uint64_t kind) noexcept {
  static constexpr std::array<std::string_view, 6> texts{
      "SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
      "SPAN_KIND_CLIENT",      "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"};
  return kind < texts.size() ? texts[kind] : std::string_view{};
}

std::string_view status_text(std::uint64_t code) noexcept {
  static constexpr std::array<std::string_view, 3> texts{"STATUS_CODE_UNSET", "STATUS_CODE_OK",
                                                         "STATUS_CODE_ERROR"};
  return code < texts.size() ? texts[code] : std::string_view{};
}

} // namespace weir::connectors
