#include "stages/log_group.hpp"

#include "otlp/old_scopes.hpp"
#include "otlp/pieces.hpp"
#include "otlp/rewrite.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

// The exporter of a caught-up log reads the unpacked body from memory: packing must be cheap above
// all. lz4 takes two thirds of the time of zstd's fastest useful level for a fifth more bytes.
constexpr auto pass_through_codec = codec::codec_id::lz4;
constexpr int pass_through_level = 1;

// Messages up to this stay whole, whatever a block is wanted to hold.
constexpr std::size_t least_cut_bytes = 1 << 20;
// Items that make a block full: exporters walk over a block as often as they send a part of it.
constexpr std::uint64_t wanted_items = 1 << 15;
constexpr std::size_t kept_spans = 1 << 16;

// Back ends of today skip the old name of the scopes' field, and would lose what is in it.
std::string renewed(std::string request) {
  std::string with_new_names;
  if (otlp::renew_old_scopes(request, with_new_names))
    return with_new_names;
  return request;
}

} // namespace

tl::expected<log_group::added, otlp::parse_error> log_group::add(std::string request, unix_ns now) {
  auto result = check(request);
  if (!result || result->items == 0)
    return result;
  part whole{{}, result->items};
  if (result->rejected.total() > 0)
    rewrite_whole(request, scratch_, whole.message);
  else
    whole.message = renewed(std::move(request));
  const auto left_out = append_in_pieces(std::move(whole));
  result->items -= left_out.total();
  result->rejected += left_out;
  note(now);
  return result;
}

otlp::rejected_spans log_group::add_edited(std::string message, std::uint64_t items, unix_ns now) {
  if (items == 0)
    return {};
  const auto left_out = append_in_pieces({renewed(std::move(message)), items});
  note(now);
  return left_out;
}

void log_group::note(unix_ns now) {
  if (first_ == 0)
    first_ = now;
  last_ = now;
  if (scratch_.spans.capacity() > kept_spans)
    scratch_ = {}; // A rare large request's index is not worth keeping.
}

// Leaves the index of a traces message in scratch_.
tl::expected<log_group::added, otlp::parse_error> log_group::check(std::string_view request) {
  if (kind_ == signal::traces) {
    scratch_.clear();
    const auto scanned = otlp::scan_traces(request, 0, limits_, scratch_);
    if (!scanned)
      return tl::unexpected(scanned.error());
    return added{scratch_.spans.size(), *scanned};
  }
  const auto items = otlp::check_items(kind_, request, limits_);
  if (!items)
    return tl::unexpected(items.error());
  return added{*items};
}

// A message that is not large goes on as it is.
otlp::rejected_spans log_group::append_in_pieces(part whole) {
  otlp::piece_limits limits{.wanted = std::max(wanted_, least_cut_bytes),
                            .wanted_items = wanted_items,
                            .most = codec::largest_block_content_bytes};
  // The scan has looked at the envelopes of traces; others can only be large in what is.
  const auto large = kind_ == signal::traces
                         ? limits.wanted
                         : std::min<std::size_t>(limits.wanted, limits_.max_envelope_bytes);
  if (whole.message.size() <= large && whole.items <= wanted_items) {
    append(std::move(whole));
    return {};
  }
  const auto take = [this](std::string piece, std::uint64_t items) {
    append({std::move(piece), items});
  };
  otlp::rejected_spans left_out;
  if (kind_ == signal::traces) {
    scratch_.clear();
    (void)otlp::index_traces(whole.message, 0, scratch_);
    left_out.outgrown = static_cast<std::uint32_t>(rewrite(whole.message, scratch_, limits, take));
  } else {
    limits.max_envelope = limits_.max_envelope_bytes;
    left_out = otlp::cut_in_pieces(kind_, whole.message, limits, take);
  }
  return left_out;
}

void log_group::append(part piece) {
  bytes_ += piece.message.size();
  parts_.push_back(std::move(piece));
}

std::vector<closed_block> log_group::take() {
  std::vector<closed_block> blocks;
  std::size_t first = 0;
  while (first < parts_.size()) {
    auto last = first + 1;
    auto size = parts_[first].message.size();
    auto items = parts_[first].items;
    while (last < parts_.size() && size + parts_[last].message.size() <= wanted_
           && items + parts_[last].items <= wanted_items) {
      size += parts_[last].message.size();
      items += parts_[last++].items;
    }
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

} // namespace weir::stages
