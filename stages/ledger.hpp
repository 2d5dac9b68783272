#pragma once

#include "storage/disk.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace weir::stages {

/// One stage's counts of the ledger, written in the batch of what they count, so that a crash
/// cannot make them lie. Each key has one writer. Format version 1: version u8 | counts, u64 LE
/// each.
class ledger_page {
public:
  /// Continues from what `store` has under `key`; counts that are not there yet begin at 0.
  /// @throws std::runtime_error when they cannot be read: begun anew, they would lie
  ledger_page(const storage::disk& store, std::string key, std::size_t counts);

  /// The same for one who only looks: nothing where they cannot be read at the moment.
  static std::optional<ledger_page> look(const storage::disk& store, std::string key,
                                         std::size_t counts);

  /// The same page with all counts 0.
  ledger_page fresh() const { return {key_, counts_.size()}; }

  std::uint64_t& operator[](std::size_t index) noexcept { return counts_[index]; }
  std::uint64_t operator[](std::size_t index) const noexcept { return counts_[index]; }

  /// Puts the counts into a batch.
  void write(storage::batch& batch) const;

private:
  ledger_page(std::string key, std::size_t counts) : key_(std::move(key)), counts_(counts) {}
  void decode(std::string_view bytes);

  std::string key_;
  std::vector<std::uint64_t> counts_;
};

/// Key of the page of one stage of a pipeline: "ledger/traces/main/intake".
std::string ledger_key(std::string_view pipeline, std::string_view stage);

/// Indexes of the intake's page.
/// `removed_spans`: those of the accepted and the made ones that processors left out.
/// `made_spans`: what processors put beside those that came (data points, of other data points).
enum intake_count : std::size_t { accepted_spans, removed_spans, made_spans, intake_counts };
/// Indexes of the compressor's page (the intake's, where it writes to the log itself).
/// `removed_items`: those of the kept ones that processors behind sampling left out.
enum log_count : std::size_t {
  kept_items,
  dropped_items,
  appended_items,
  removed_items,
  log_counts
};
/// Indexes of an exporter's page; `before_items` were in the log before it was configured.
/// `damaged_items` were appended and could not be read back: what is missing once everything else
/// has ended, as a damaged block does not say how many it held. (Where counts themselves were lost
/// with a damaged database it levels them too, and may be below 0, as two's complement.)
/// `damage_open`: 1 while there is damage that is not in `damaged_items` yet; 2: blocks that it had
/// not read went for room, and are not in `lost_items` yet.
/// `rejected_items`: those of the delivered ones that the back end refused by partial success.
/// `moved_items`: hands moved its cursor over them; below 0, as two's complement, where they are sent
/// once more: after a cursor was set back, or of dead letters.
enum exporter_count : std::size_t {
  delivered_items,
  dead_items,
  lost_items,
  before_items,
  damaged_items,
  damage_open,
  rejected_items,
  moved_items,
  exporter_counts
};

/// Values of `damage_open`.
enum damage : std::uint64_t { no_damage, was_damaged, went_unread };

/// Items of the log that an exporter is done with, one way or another.
inline std::uint64_t exporter_ended(const ledger_page& page) noexcept {
  return page[delivered_items] + page[dead_items] + page[lost_items] + page[before_items]
         + page[damaged_items] + page[moved_items];
}

} // namespace weir::stages
