#include "codec/dead_letter.hpp"

#include "codec/hash.hpp"
#include "codec/little_endian.hpp"

#include <array>

namespace weir::codec {

namespace {

constexpr std::uint32_t magic = 0x314c4457; // "WDL1"
constexpr std::uint16_t version = 1;
constexpr std::size_t header_bytes = 36;
constexpr std::size_t checksum_bytes = 8;

} // namespace

std::string encode(const dead_letter_record& letter) {
  std::string out(header_bytes, '\0');
  field_writer header(out.data());
  header.put(magic);
  header.put(version);
  header.put(static_cast<std::uint8_t>(letter.signal));
  header.put(std::uint8_t{0});
  header.put(letter.time);
  header.put(letter.items);
  header.put(static_cast<std::uint32_t>(letter.exporter.size()));
  header.put(static_cast<std::uint32_t>(letter.reason.size()));
  header.put(static_cast<std::uint32_t>(letter.message.size()));
  out.append(letter.exporter).append(letter.reason).append(letter.message);
  std::array<char, checksum_bytes> sum{};
  field_writer(sum.data()).put(xxh3(out));
  return out.append(sum.data(), sum.size());
}

result<dead_letter_record> read_dead_letter(std::string_view bytes) {
  if (bytes.size() < header_bytes + checksum_bytes)
    return fail(errc::corrupt, "dead letter of " + std::to_string(bytes.size()) + " bytes");
  field_reader header(bytes);
  if (header.read<std::uint32_t>() != magic)
    return fail(errc::corrupt, "not a dead letter");
  if (header.read<std::uint16_t>() > version)
    return fail(errc::unsupported, "dead letter of a newer version");
  const auto body = bytes.substr(0, bytes.size() - checksum_bytes);
  if (field_reader(bytes.substr(body.size())).read<std::uint64_t>() != xxh3(body))
    return fail(errc::corrupt, "dead letter with a wrong checksum");
  dead_letter_record letter;
  letter.signal = static_cast<signal>(header.read<std::uint8_t>());
  header.read<std::uint8_t>();
  letter.time = header.read<std::uint64_t>();
  letter.items = header.read<std::uint64_t>();
  const std::size_t exporter = header.read<std::uint32_t>();
  const std::size_t reason = header.read<std::uint32_t>();
  const std::size_t message = header.read<std::uint32_t>();
  if (header_bytes + exporter + reason + message != body.size())
    return fail(errc::corrupt, "dead letter whose lengths do not add up");
  letter.exporter = body.substr(header_bytes, exporter);
  letter.reason = body.substr(header_bytes + exporter, reason);
  letter.message = body.substr(header_bytes + exporter + reason, message);
  return letter;
}

} // namespace weir::codec
