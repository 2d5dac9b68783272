#pragma once

#include "core/error.hpp"
#include "core/ids.hpp"
#include "sampling/decision.hpp"
#include "sampling/number_index.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sampling {

/// A trace's name in the cache: xxh3 of its id (so its partition is `fingerprint % 4096`). That two
/// of ten million traces share one has a chance of 1 in 400,000; the later would follow the
/// earlier.
using fingerprint = std::uint64_t;
fingerprint fingerprint_of(const trace_id& id) noexcept;

/// The last decisions made, up to a number, the oldest forgotten first; some 24 bytes each. Pinned
/// ones (their trace has spans in entries that are not settled) are never forgotten, nor is one
/// that stands in no chunk yet: there may be more than that number for as long as there are many of
/// these. What is new is written out as a chunk with each flush, and chunks are read back at a
/// start. What a call costs does not grow with what is held. One thread at a time.
class decision_cache {
public:
  explicit decision_cache(std::size_t capacity);

  /// The number of a policy's name here; as many as fit, then no_policy.
  policy_number number_of(std::string_view policy_name);
  /// "" for no_policy.
  std::string_view policy_name(policy_number number) const noexcept;

  std::optional<decision> find(fingerprint trace) const;

  /// Remembers a decision; `decision.policy` is a number of this cache. One that is known is
  /// replaced and keeps its pins. `pinned`: as if pin() were called right after it.
  void insert(fingerprint trace, const decision& decision, bool pinned = false);

  /// Keeps the decision of `trace` until unpinned as often. Without effect where it is not known.
  void pin(fingerprint trace);
  void unpin(fingerprint trace);

  std::size_t size() const noexcept { return records_.size() - replaced_; }
  /// Memory held.
  std::size_t bytes() const noexcept;

  /// Whether anything was inserted since the last write_chunk().
  bool has_news() const noexcept { return written_ < next_number(); }

  /// Appends what was inserted since the last call as chunk `number`. Numbers rise.
  void write_chunk(std::uint64_t number, std::string& out);

  /// Chunks below this number hold nothing that is still remembered.
  std::uint64_t first_needed_chunk() const noexcept;

  /// Puts what a stored chunk holds behind all that is here: chunks come newest first, before
  /// anything is inserted. `mine(fingerprint)` picks this shard's share. False: full, older ones
  /// need not come. Errors: errc::corrupt, errc::unsupported.
  template <class Mine>
  result<bool> load_chunk(std::uint64_t number, std::string_view bytes, Mine&& mine);

  /// Remembers what another node has decided, where nothing is known of the trace. `mine` as
  /// load_chunk(). Returns how many traces are known with the other outcome. Errors: as load_chunk().
  template <class Mine>
  result<std::uint64_t> take_chunk(std::string_view bytes, Mine&& mine);

  /// Numbers the decisions for write_some(): those from now on are not below it.
  std::uint64_t end() const noexcept { return next_number(); }
  /// Writes a chunk of the newest `most` decisions below `end` for which `pick(fingerprint)` holds.
  /// Returns where to go on; 0: there are no older ones.
  std::uint64_t write_some(std::uint64_t end, std::size_t most,
                           const std::function<bool(fingerprint)>& pick, std::string& out) const;

private:
  struct record {
    fingerprint trace = 0;
    float sampling_rate = 1;
    policy_number policy = no_policy;
    std::uint16_t keep : 1 = 0;
    std::uint16_t replaced : 1 = 0; ///< A newer record of the same trace counts.
    std::uint16_t mark : 2 = 0;     ///< A rate_mark.
    std::uint16_t pins : 12 = 0;
  };
  static_assert(sizeof(record) == 16);
  static constexpr unsigned max_pins = (1U << 12) - 1;

  static record record_of(fingerprint trace, const decision& decision) noexcept;
  static decision decision_of(const record& record) noexcept;

  /// Where a chunk's records end.
  struct chunk_mark {
    std::uint64_t number = 0;
    std::uint64_t end = 0;
  };

  struct chunk_record {
    fingerprint trace = 0;
    decision outcome;
  };

  // Records have running numbers. The index has 32 bits for them, of which it needs one value
  // itself.
  static constexpr std::uint64_t numbers = number_index::none;

  std::uint64_t next_number() const noexcept { return first_number_ + records_.size(); }
  static std::uint32_t indexed(std::uint64_t number) noexcept {
    return static_cast<std::uint32_t>(number % numbers);
  }
  std::size_t offset_of(std::uint32_t number) const noexcept {
    return (number + numbers - indexed(first_number_)) % numbers;
  }
  record& at(std::uint32_t number) { return records_[offset_of(number)]; }
  const record& at(std::uint32_t number) const { return records_[offset_of(number)]; }
  std::uint32_t lookup(fingerprint trace) const;
  void append(const record& record);
  void add_pin(record& record) noexcept;
  void forget_oldest();
  void evict();
  bool prepend(const chunk_record& record);
  result<std::vector<chunk_record>> read_chunk(std::string_view bytes);
  class chunk_writer;

  std::size_t capacity_;
  std::deque<record> records_; ///< Oldest first.
  std::uint64_t first_number_ = 1ULL << 40;
  std::uint64_t written_ = 1ULL << 40; ///< Records below are in chunks.
  std::size_t replaced_ = 0;
  std::size_t pinned_ = 0; ///< Records that are not replaced and have pins.
  number_index index_;
  std::deque<chunk_mark> chunks_;
  std::uint64_t next_chunk_ = 0;
  std::vector<std::string> names_;
};

/// Deals the decisions of a chunk out, a chunk to each key; those of key 0 are left out. Empty
/// where it is none.
std::map<std::uint64_t, std::string>
split_chunk(std::string_view chunk, const std::function<std::uint64_t(fingerprint)>& key_of);

/// Puts the decisions of chunk `newer` behind those of `chunk`: one chunk that holds both. False:
/// one of them is none, or they have too many policies; `chunk` is as it was.
bool append_chunk(std::string& chunk, std::string_view newer);

template <class Mine>
result<bool> decision_cache::load_chunk(std::uint64_t number, std::string_view bytes, Mine&& mine) {
  auto read = read_chunk(bytes);
  if (!read)
    return tl::unexpected(read.error());
  const auto end = first_number_;
  bool room = true;
  for (auto record = read->rbegin(); record != read->rend() && room; ++record) {
    if (mine(record->trace))
      room = prepend(*record);
  }
  if (first_number_ != end)
    chunks_.push_front({number, end});
  next_chunk_ = std::max(next_chunk_, number + 1);
  return room;
}

template <class Mine>
result<std::uint64_t> decision_cache::take_chunk(std::string_view bytes, Mine&& mine) {
  const auto read = read_chunk(bytes);
  if (!read)
    return tl::unexpected(read.error());
  std::uint64_t differing = 0;
  for (const auto& [trace, outcome] : *read) {
    if (!mine(trace))
      continue;
    if (const auto known = find(trace))
      differing += known->keep != outcome.keep ? 1 : 0;
    else
      insert(trace, outcome);
  }
  return differing;
}

} // namespace weir::sampling
