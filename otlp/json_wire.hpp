#pragma once

#include "otlp/schema.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// Writing protobuf while its JSON is still being read.
namespace weir::otlp {

/// Length-delimited fields whose length is known at their end only. One byte is set aside for it;
/// room for what takes more is made in one go at the end, so that the bytes move once, however deep
/// they lie.
class nested_fields {
public:
  /// Where a field's content began.
  struct mark {
    std::size_t begin;
    std::size_t missing; ///< Bytes of lengths before it that have no room yet.
  };

  mark begin(std::string& out, std::uint32_t number);
  /// Ends the field that began there, behind all that were begun since.
  void end(std::string& out, const mark& begun);

  /// Makes room for the lengths that stand at byte `begin` or behind it: to call once with 0 at the
  /// end, and before, with the beginning of a field that has ended, for bytes that are to be moved.
  void make_room(std::string& out, std::size_t begin);

private:
  struct gap {
    std::size_t position; ///< The one byte that is there.
    std::uint64_t length;
  };

  std::vector<gap> gaps_; // in the order in which the fields ended
  std::size_t missing_ = 0;
};

/// Appends an integer of any integer kind, in two's complement, with its tag unless it is one of
/// packed numbers.
void append_integer_field(std::string& out, field_kind kind, std::uint32_t number,
                          std::uint64_t value, bool packed);

/// The number under which a field is written: that of what took its place, where it is deprecated.
std::uint32_t written_number(const message_info& m, const field_info& f) noexcept;

/// Takes the deprecated fields of one message away again, where it holds what took their place as
/// well.
class old_fields {
public:
  /// Says that [begin, end) of the output was written for field `f` of `m`.
  void note(const message_info& m, const field_info& f, std::size_t begin, std::size_t end);

  /// Whether a deprecated field was written. What is written from then on must not move any more.
  bool any() const noexcept { return !ranges_.empty(); }

  /// @pre nothing was written behind the message's own fields
  void resolve(std::string& out) const;

private:
  std::vector<std::pair<std::size_t, std::size_t>> ranges_; // rising, apart
  bool newer_ = false;
};

} // namespace weir::otlp
