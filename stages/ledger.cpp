#include "stages/ledger.hpp"

#include <stdexcept>

namespace weir::stages {

namespace {
constexpr char format_version = 1;
} // namespace

ledger_page::ledger_page(const storage::disk& store, std::string key, std::size_t counts)
    : ledger_page(std::move(key), counts) {
  const auto bytes = store.meta(key_);
  if (!bytes)
    throw std::runtime_error(bytes.error().message);
  if (*bytes)
    decode(**bytes);
}

std::optional<ledger_page> ledger_page::look(const storage::disk& store, std::string key,
                                             std::size_t counts) {
  ledger_page page(std::move(key), counts);
  const auto bytes = store.meta(page.key_);
  if (!bytes)
    return {};
  if (*bytes)
    page.decode(**bytes);
  return page;
}

void ledger_page::decode(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != format_version)
    return;
  for (std::size_t i = 0; i < counts_.size() && 1 + (i + 1) * 8 <= bytes.size(); ++i)
    for (std::size_t b = 0; b < 8; ++b)
      counts_[i] |= std::uint64_t{static_cast<unsigned char>(bytes[1 + i * 8 + b])} << (8 * b);
}

void ledger_page::write(storage::batch& batch) const {
  std::string bytes(1, format_version);
  for (const auto count : counts_)
    for (int shift = 0; shift < 64; shift += 8)
      bytes.push_back(static_cast<char>(count >> shift));
  batch.put_meta(key_, bytes);
}

std::string ledger_key(std::string_view pipeline, std::string_view stage) {
  return std::string("ledger/").append(pipeline).append("/").append(stage);
}

} // namespace weir::stages
