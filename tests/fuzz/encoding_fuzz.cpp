// Content encodings: the first byte says which, the rest is the body.
#include "codec/encoding.hpp"
#include "fuzz_check.hpp"

using namespace weir;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t limit = 64 << 10;
  constexpr unsigned encodings = static_cast<unsigned>(codec::encoding::lz4) + 1;
  if (size == 0)
    return 0;
  const auto method = static_cast<codec::encoding>(data[0] % encodings);
  static std::string out;
  const auto decoded = codec::decode(method, fuzz::view(data + 1, size - 1), limit, out);
  fuzz::check(out.size() <= limit, "no more than the limit comes out");
  fuzz::check(decoded || out.empty(), "nothing is left after an error");
  if (!decoded)
    return 0;
  std::string packed, again;
  fuzz::check(codec::encode(method, out, 0, packed).has_value(), "what came out can be packed");
  fuzz::check(codec::decode(method, packed, limit, again).has_value(), "and unpacked");
  fuzz::check(again == out, "and is the same");
  return 0;
}
