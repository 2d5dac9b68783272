// Several messages as one.
#include "net/link/wire.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

namespace weir::net {

namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

// Field 15 with a length: one byte.
constexpr std::uint32_t behind_tag =
    WireFormatLite::MakeTag(15, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
static_assert(behind_tag < 0x80);

} // namespace

void append_behind(std::string& frame, std::string_view message) {
  std::uint8_t head[6] = {behind_tag};
  const auto* end =
      CodedOutputStream::WriteVarint32ToArray(static_cast<std::uint32_t>(message.size()), head + 1);
  frame.append(reinterpret_cast<const char*>(head), static_cast<std::size_t>(end - head));
  frame.append(message);
}

bool each_message(std::string_view frame, const std::function<bool(std::string_view)>& take) {
  CodedInputStream in(reinterpret_cast<const std::uint8_t*>(frame.data()),
                      static_cast<int>(frame.size()));
  std::size_t first = frame.size();
  std::size_t place = 0;
  auto tag = in.ReadTag();
  for (; tag != 0 && tag != behind_tag; tag = in.ReadTag()) {
    if (!WireFormatLite::SkipField(&in, tag))
      break; // It does not parse either: that is for whoever takes it to say.
    place = static_cast<std::size_t>(in.CurrentPosition());
  }
  if (tag == behind_tag)
    first = place;
  if (!take(frame.substr(0, first)))
    return first == frame.size();
  for (std::size_t count = 1; tag == behind_tag; ++count) {
    std::uint32_t length = 0;
    if (count == most_messages || !in.ReadVarint32(&length))
      return false;
    const auto begin = static_cast<std::size_t>(in.CurrentPosition());
    if (length > frame.size() - begin || !in.Skip(static_cast<int>(length)))
      return false;
    tag = in.ReadTag();
    if (!take(frame.substr(begin, length)))
      return tag == 0;
  }
  return first == frame.size() || (tag == 0 && in.ConsumedEntireMessage());
}

} // namespace weir::net
