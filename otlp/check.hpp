#pragma once

#include "otlp/scan.hpp"
#include "otlp/schema.hpp"

#include <string_view>

// The deep check of wire bytes against the schema, as strict as the strictest protobuf parser a
// back end may use, so that what passes here is not refused there for its form.
namespace weir::otlp {

/// What is wrong with bytes. The values above `none` are form: nobody can read on behind them.
enum class fault_kind : std::uint8_t {
  none,
  truncated_varint,  ///< Runs past the end, or over 10 bytes.
  bad_tag,           ///< Truncated, over 5 bytes, or field number 0.
  group,             ///< Wire types 3 and 4: OTLP never had groups, and they are not taken.
  no_wire_type,      ///< 6 and 7 do not exist.
  wrong_wire_type,   ///< Of a known field.
  bad_length,        ///< A length that is cut, over 5 bytes, or leads past the end.
  truncated_fixed,   ///< Four or eight bytes that are not all there.
  bad_packed_length, ///< Packed numbers whose bytes are not a multiple of their size.
  too_deep,
  message_too_large, ///< Offsets have 32 bits.
};

/// What is wrong with a value that is well-formed: the reader can go on behind it.
enum class value_fault : std::uint8_t { none, trace_id_length, span_id_length, utf8 };

/// The ids of the span checked last, as they stand in it; empty where they do not.
struct span_ids {
  std::string_view trace;
  std::string_view span;
  bool twice = false; ///< One of them stands there more than once.
};

/// Checks messages. Cheap to make; one thread at a time.
class checker {
public:
  explicit checker(const scan_limits& limits) noexcept
      : max_depth_(limits.max_depth), check_utf8_(limits.check_utf8) {}

  /// Checks the body of a message all the way down. False when its form is bad: see fault(), at().
  /// Bad values are noted (the first one) and do not end the check: see value().
  bool check(message_id id, std::string_view body, std::uint32_t depth) noexcept {
    return walk(id, body.data(), body.data() + body.size(), depth);
  }

  /// Notes a fault found outside. Always false.
  bool fail(fault_kind kind, const char* next) noexcept {
    kind_ = kind;
    next_ = next;
    return false;
  }

  fault_kind fault() const noexcept { return kind_; }
  value_fault value() const noexcept { return value_; }

  /// Where the fault is; the tag of the bad value where there is only that.
  const char* at() const noexcept { return kind_ != fault_kind::none ? next_ : value_at_; }

  /// The ids of the last Span message since forget().
  const span_ids& ids() const noexcept { return ids_; }

  /// Forgets what was noted of values and ids.
  void forget() noexcept {
    value_ = value_fault::none;
    ids_ = {};
  }

private:
  void take_id(std::string_view& id, std::string_view bytes, std::size_t size, value_fault fault,
               const char* tag) noexcept;
  bool walk(message_id id, const char* p, const char* end, std::uint32_t depth) noexcept;
  const char* field(std::uint8_t op, message_id sub, const char* p, const char* end,
                    std::uint32_t depth, const char* tag) noexcept;
  bool packed(std::uint8_t op, std::string_view bytes, const char* tag) noexcept;
  const char* refuse(fault_kind kind, const char* next) noexcept;
  void note(value_fault v, const char* tag) noexcept;

  std::uint32_t max_depth_;
  bool check_utf8_;
  fault_kind kind_ = fault_kind::none;
  value_fault value_ = value_fault::none;
  span_ids ids_;
  const char* next_ = nullptr;
  const char* value_at_ = nullptr;
};

/// True for valid UTF-8; quick for short ASCII.
bool is_utf8(std::string_view text) noexcept;

/// Says in words what a checker found in `message`, whose outermost message is `root`.
parse_error explain(const checker& found, message_id root, std::string_view message);

/// The path of the field at or around a byte: "resource_spans[0].scope_spans[1].spans[3].name".
std::string path_of(message_id root, std::string_view message, std::size_t offset);

} // namespace weir::otlp
