// What is wrong with a message, in words: the slow half of otlp/check.hpp.
#include "otlp/check.hpp"
#include "otlp/wire.hpp"

#include <array>
#include <fmt/format.h>

namespace weir::otlp {

namespace {

// Walks down to the field at `target`, writing the path on the way.
class path_finder {
public:
  explicit path_finder(const char* target) : target_(target) {}

  std::string find(message_id id, std::string_view message) {
    const char* end = message.data() + message.size();
    const char* next = message.data();
    while (next != nullptr && next < end)
      next = step(id, next, end);
    return std::move(path_);
  }

private:
  // Looks at the field at `p`: returns the next one, or into the field, or nullptr where the walk
  // ends.
  const char* step(message_id& id, const char* p, const char*& end) {
    std::uint32_t tag = 0;
    const char* value = wire::read_tag(p, end, tag);
    if (value == nullptr)
      return nullptr;
    wire::field f;
    const char* after = wire::read_field(p, end, f);
    const auto* known = info(id).find(tag >> 3);
    if (known != nullptr && known->repeated)
      ++counts_[known->number % counts_.size()];
    if (after != nullptr && after <= target_)
      return after;
    if (known == nullptr)
      return nullptr;
    append(*known);
    if (after == nullptr || known->kind != field_kind::message || f.type != wire::type::bytes
        || f.bytes.data() > target_)
      return nullptr;
    id = known->message;
    end = after;
    counts_.fill(0);
    return f.bytes.data();
  }

  void append(const field_info& f) {
    if (!path_.empty())
      path_ += '.';
    path_ += f.name;
    if (f.repeated)
      path_ += fmt::format("[{}]", counts_[f.number % counts_.size()] - 1);
  }

  const char* target_;
  std::string path_;
  std::array<std::uint32_t, 32> counts_{}; // elements seen, by field number in the present message
};

std::string_view name_of(std::uint32_t wire_type) {
  static constexpr std::string_view names[] = {
      "varint", "64-bit", "length-delimited", "start of a group", "end of a group", "32-bit",
      "6",      "7"};
  return names[wire_type & 7];
}

// The field at a fault, read as far as it goes.
struct found_field {
  std::uint32_t number = 0;
  std::uint32_t wire_type = 0;
  std::uint64_t length = 0;
  bool whole = false;   // the length has an end, within ten bytes
  std::size_t left = 0; // bytes between the length and the end of the message
};

found_field read_found(std::string_view rest) {
  found_field result;
  const char* end = rest.data() + rest.size();
  std::uint32_t tag = 0;
  const char* p = wire::read_tag(rest.data(), end, tag);
  result.number = tag >> 3;
  result.wire_type = tag & 7;
  if (p != nullptr)
    p = wire::read_varint_slow(p, end, result.length, wire::max_varint_bytes);
  result.whole = p != nullptr;
  result.left = p != nullptr ? static_cast<std::size_t>(end - p) : 0;
  return result;
}

std::string text_of(fault_kind kind, std::string_view rest) {
  const auto f = read_found(rest);
  switch (kind) {
  case fault_kind::none:
    break;
  case fault_kind::truncated_varint:
    return fmt::format("field {}: a varint runs past the end or over 10 bytes", f.number);
  case fault_kind::bad_tag:
    return "expected a tag of at most 5 bytes with a field number from 1 to 536870911";
  case fault_kind::group:
    return fmt::format("field {}: {} (wire type {}); OTLP has no groups", f.number,
                       name_of(f.wire_type), f.wire_type);
  case fault_kind::no_wire_type:
    return fmt::format("field {}: wire type {} does not exist", f.number, f.wire_type);
  case fault_kind::wrong_wire_type:
    return fmt::format("field {}: wire type {} ({}) is not that of this field", f.number,
                       f.wire_type, name_of(f.wire_type));
  case fault_kind::bad_length:
    if (!f.whole)
      return fmt::format("field {}: a length runs past the end or over 10 bytes", f.number);
    return fmt::format("length {} runs past the end of what holds it ({} bytes left in all)",
                       f.length, f.left);
  case fault_kind::truncated_fixed:
    return fmt::format("field {}: fewer bytes left than its {} value takes", f.number,
                       name_of(f.wire_type));
  case fault_kind::bad_packed_length:
    return "packed 64-bit numbers whose length is not a multiple of 8";
  case fault_kind::too_deep:
    return "messages are nested deeper than the limit";
  case fault_kind::message_too_large:
    return "the message does not fit 32-bit offsets";
  }
  return "malformed";
}

std::string text_of(value_fault value) {
  switch (value) {
  case value_fault::trace_id_length:
    return "a trace id has 16 bytes or none";
  case value_fault::span_id_length:
    return "a span id has 8 bytes or none";
  case value_fault::utf8:
    return "a string is not valid UTF-8";
  case value_fault::none:
    break;
  }
  return "malformed";
}

} // namespace

std::string path_of(message_id root, std::string_view message, std::size_t offset) {
  return path_finder{message.data() + offset}.find(root, message);
}

parse_error explain(const checker& found, message_id root, std::string_view message) {
  const auto offset = static_cast<std::size_t>(found.at() - message.data());
  return {offset, path_of(root, message, offset),
          found.fault() != fault_kind::none ? text_of(found.fault(), message.substr(offset))
                                            : text_of(found.value())};
}

std::string to_string(const parse_error& e) {
  return fmt::format("at byte {}{}{}: {}", e.offset, e.path.empty() ? "" : ", ", e.path, e.reason);
}

} // namespace weir::otlp
