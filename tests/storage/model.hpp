#pragma once

#include "storage/store.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir::storage {

/// What a store should hold, as plain maps: the model of the model test. One pipeline, number 1.
struct contents {
  std::map<journal_position, std::string> entries;
  std::map<entry_id, std::string> progress;
  std::map<entry_id, std::string> settled;
  std::map<std::uint64_t, std::string> decisions;
  std::map<log_position, std::string> blocks;
  std::map<log_position, std::string> letters;
  std::map<std::string, log_place> cursors;
  std::uint64_t commit = 0; ///< Number of the last commit in it, kept in meta.
};

/// One change, for the model and for a batch.
struct change {
  enum class kind { entry, erase, progress, settled, decisions, block, letter, cursor };

  kind form = kind::entry;
  std::uint64_t number = 0;
  std::string value;

  void apply(contents& contents) const;
  void add_to(batch& batch) const;
};

struct commit_record {
  std::uint64_t number = 0;
  std::vector<change> changes;

  void apply(contents& contents) const;
  batch make_batch() const;
};

/// What was trimmed, from the front.
struct trims {
  std::uint64_t journal = 0, decisions = 0, log = 0, letters = 0;
  sequence progress = 0;
};

/// The first difference between a store and what it should hold, as a sentence. Below a trim,
/// records may be there or not; between a head that the store states and the trim they must be.
std::optional<std::string> difference(const store& is, const contents& should,
                                      const trims& trimmed);

/// The number of the last commit that the store holds.
std::uint64_t last_commit(const store& store);

inline constexpr node_id model_node = 11;
inline constexpr epoch model_epoch = 22;

} // namespace weir::storage
