#pragma once

#include "otlp/schema.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// Writing protobuf while its JSON is still being read.
namespace weir::otlp {

/// Begins a length-delimited field whose length is known at the end only; returns where its content
/// begins. One byte is set aside for the length; the content moves when it takes more.
std::size_t begin_nested(std::string& out, std::uint32_t number);

/// Ends the field whose content began at `begin`.
void end_nested(std::string& out, std::size_t begin);

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

  /// @pre nothing was written behind the message's own fields
  void resolve(std::string& out) const;

private:
  std::vector<std::pair<std::size_t, std::size_t>> ranges_; // rising, apart
  bool newer_ = false;
};

} // namespace weir::otlp
