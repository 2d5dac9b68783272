#include "actors/log_group.hpp"

#include "actors/rewrite.hpp"
#include "otlp/old_scopes.hpp"

namespace weir::actors {

namespace {

// The exporter of a caught-up log reads the unpacked body from memory: packing must be cheap above all.
// lz4 takes two thirds of the time of zstd's fastest useful level for a fifth more bytes.
constexpr auto pass_through_codec = codec::codec_id::lz4;
constexpr int pass_through_level = 1;

// Back ends of today skip the old name of the scopes' field, and would lose what is in it.
std::string renewed(std::string request) {
  std::string with_new_names;
  return otlp::renew_old_scopes(request, with_new_names) ? with_new_names : request;
}

} // namespace

tl::expected<log_group::added, otlp::parse_error>
log_group::add(std::string request, unix_ns now) {
  added result;
  const auto before = parts_.size();
  if (kind_ == signal::traces) {
    scratch_.clear();
    const auto scanned = otlp::scan_traces(request, 0, limits_, scratch_);
    if (!scanned)
      return tl::unexpected(scanned.error());
    result = {scratch_.spans.size(), *scanned};
    if (scanned->total() > 0)
      rewrite(request, scratch_, wanted_, [this](std::string piece, std::uint64_t spans) {
        parts_.push_back({std::move(piece), spans});
      });
    else if (result.items > 0)
      parts_.push_back({renewed(std::move(request)), result.items});
  } else {
    const auto items = otlp::check_items(kind_, request, limits_);
    if (!items)
      return tl::unexpected(items.error());
    result.items = *items;
    if (result.items > 0)
      parts_.push_back({renewed(std::move(request)), result.items});
  }
  note(before, now);
  return result;
}

void log_group::add_edited(std::string message, std::uint64_t items, unix_ns now) {
  if (items == 0)
    return;
  const auto before = parts_.size();
  parts_.push_back({renewed(std::move(message)), items});
  note(before, now);
}

// Parts from number `first` on are new.
void log_group::note(std::size_t first, unix_ns now) {
  for (auto i = first; i < parts_.size(); ++i)
    bytes_ += parts_[i].message.size();
  if (first_ == 0)
    first_ = now;
  last_ = now;
}

std::vector<closed_block> log_group::take() {
  std::vector<closed_block> blocks;
  std::size_t first = 0;
  while (first < parts_.size()) {
    auto last = first + 1;
    auto size = parts_[first].message.size();
    while (last < parts_.size() && size + parts_[last].message.size() <= wanted_)
      size += parts_[last++].message.size();
    blocks.push_back(close(first, last));
    first = last;
  }
  parts_.clear();
  bytes_ = 0;
  first_ = 0;
  return blocks;
}

closed_block log_group::close(std::size_t first, std::size_t last) {
  closed_block block;
  auto& header = block.header;
  std::string body = std::move(parts_[first].message);
  header.items = static_cast<std::uint32_t>(parts_[first].items);
  for (auto i = first + 1; i < last; ++i) {
    body.append(parts_[i].message);
    header.items += static_cast<std::uint32_t>(parts_[i].items);
  }
  header.pipeline = pipeline_;
  header.signal = kind_;
  header.layout = codec::block_layout::otlp;
  header.codec = pass_through_codec;
  header.unpacked_bytes = static_cast<std::uint32_t>(body.size());
  header.first_time = first_;
  header.last_time = last_;
  std::string packed;
  packer_.pack(header.codec, pass_through_level, body, packed);
  header.packed_bytes = static_cast<std::uint32_t>(packed.size());
  codec::write_block(header, packed, block.bytes);
  block.body = shared_bytes(std::move(body));
  return block;
}

} // namespace weir::actors
