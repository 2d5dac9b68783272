#include "stages/entry_group.hpp"

#include "codec/hash.hpp"
#include "otlp/rewrite.hpp"
#include "otlp/split.hpp"

#include <algorithm>
#include <set>

namespace weir::stages {

namespace {

// Entries wait in memory and on disk for as long as a decision takes. lz4 takes two thirds of the
// time of zstd's fastest useful level, half of it to unpack, for a fifth more bytes.
constexpr auto entry_codec = codec::codec_id::lz4;
constexpr int entry_level = 1;

// What was gathered before, and a request that is not cut.
static_assert(2 * entry_hard_limit <= codec::largest_entry_content_bytes);

} // namespace

// Each owner's entry is to be as large as one for all would be.
void entry_group::split_by(owner_map owners) {
  owners_ = std::move(owners);
  enough_ = wanted_;
  if (!owners_)
    return;
  const std::set<node_id> all(owners_->begin(), owners_->end());
  enough_ = std::max(wanted_, std::min(wanted_ * all.size(), entry_hard_limit));
}

tl::expected<otlp::rejected_spans, otlp::parse_error> entry_group::add(std::string_view request,
                                                                       unix_ns now) {
  const auto base = static_cast<std::uint32_t>(message_.size());
  const auto mark = index_.position();
  // The bytes that the client sent: what is said of them names their offsets.
  auto scanned = otlp::scan_traces(request, base, limits_, index_);
  if (!scanned)
    return scanned;
  const auto added = index_.spans.size() - mark.spans;
  if (added == 0)
    return scanned;
  spans_ += added;
  note_time(now);
  if (scanned->total() == 0 && request.size() <= entry_hard_limit) {
    message_.append(request);
  } else {
    // Rare: writes the good spans anew, in pieces that fit into entries.
    index_.roll_back(mark);
    std::string good;
    if (scanned->total() > 0) {
      otlp::span_index own;
      (void)otlp::scan_traces(request, 0, limits_, own);
      rewrite_whole(request, own, good);
    }
    const auto left_out = append_in_pieces(scanned->total() > 0 ? good : request);
    scanned->outgrown = static_cast<std::uint32_t>(left_out);
  }
  if (message_.size() >= enough_)
    close();
  return scanned;
}

std::uint64_t entry_group::add_edited(std::string_view message, std::uint64_t spans, unix_ns now) {
  if (spans == 0)
    return 0;
  spans_ += spans;
  note_time(now);
  const auto left_out = append_in_pieces(message);
  if (message_.size() >= enough_)
    close();
  return left_out;
}

// Processors may have made it larger than an entry, or empty. Returns the spans that fit into none.
std::uint64_t entry_group::append_in_pieces(std::string_view message) {
  if (message.size() <= entry_hard_limit) {
    append(message);
    return 0;
  }
  otlp::span_index own;
  (void)otlp::index_traces(message, 0, own);
  const otlp::piece_limits limits{.wanted = entry_hard_limit,
                                  .most = codec::largest_entry_content_bytes};
  const auto left_out = rewrite(message, own, limits,
                                [this](const std::string& piece, std::uint64_t) { append(piece); });
  spans_ -= left_out;
  return left_out;
}

void entry_group::append(std::string_view message) {
  if (!message_.empty() && message_.size() + message.size() > entry_hard_limit)
    close();
  const auto before = index_.spans.size();
  (void)otlp::index_traces(message, static_cast<std::uint32_t>(message_.size()), index_);
  if (index_.spans.size() > before)
    message_.append(message);
}

void entry_group::note_time(unix_ns now) {
  if (first_ == 0)
    first_ = now;
  last_ = now;
}

void entry_group::close() {
  if (message_.empty())
    return;
  closed_bytes_ += message_.size();
  if (owners_)
    close_split();
  else
    close_entry(std::move(message_), std::move(index_));
  message_ = {};
  message_.reserve(enough_ + wanted_ / 2);
  index_ = {};
  first_ = last_;
}

// An entry to each owner: what another node owns goes there as it lies on the disk.
void entry_group::close_split() {
  std::vector<node_id> owners;
  std::vector<std::uint32_t> part_of; // By slot.
  for (const auto& trace : index_.traces) {
    const auto owner = (*owners_)[codec::partition_of(trace)];
    const auto found = std::find(owners.begin(), owners.end(), owner);
    part_of.push_back(static_cast<std::uint32_t>(found - owners.begin()));
    if (found == owners.end())
      owners.push_back(owner);
  }
  if (owners.size() == 1)
    return close_entry(std::move(message_), std::move(index_));
  for (auto& part : otlp::split(message_, index_, part_of, owners.size()))
    close_entry(std::move(part.message), std::move(part.index));
}

void entry_group::close_entry(std::string message, otlp::span_index index) {
  closed_entry entry;
  entry.header.pipeline = pipeline_;
  entry.header.spans = static_cast<std::uint32_t>(index.spans.size());
  entry.header.slots = static_cast<std::uint32_t>(index.traces.size());
  entry.header.unpacked_bytes = static_cast<std::uint32_t>(message.size());
  entry.header.first_received = first_;
  entry.header.last_received = last_;
  entry.header.codec = entry_codec;
  packer_.pack(entry.header.codec, entry_level, message, entry.packed);
  if (owners_) {
    for (const auto& trace : index.traces)
      entry.partitions.push_back(codec::partition_of(trace));
    entry.owner = (*owners_)[entry.partitions.front()];
  }
  entry.unpacked = std::move(message);
  entry.index = std::move(index);
  closed_.push_back(std::move(entry));
}

std::vector<closed_entry> entry_group::take() {
  close();
  first_ = 0;
  closed_bytes_ = 0;
  spans_ = 0;
  return std::exchange(closed_, {});
}

} // namespace weir::stages
