#pragma once

#include "storage/frame_finder.hpp"
#include "storage/mark.hpp"
#include "storage/store_impl.hpp"

#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

namespace weir::storage {

/// Numbered files with this ending, oldest first.
std::vector<std::string> numbered_files(const files& disk, const std::string& directory,
                                        std::string_view ending);

/// Reads what can be read from the files of a damaged database and writes it into the open one,
/// each record under its old key, so that doing it twice does no harm. Newest first: a record that
/// is there already stays. Files that were read without any damage are removed; the others stay for
/// a person.
class salvage {
public:
  /// @param whole the open database is a fresh one; else it holds all but the end of its
  /// write-ahead log
  salvage(store::impl& store, std::string directory, bool whole);

  /// errc::full and other errors of writing: what is left stays where it is, for the next start.
  result<void> run(const std::optional<mark>& expected);

private:
  enum class pass { small, queues };
  struct orphan {
    std::string bytes;
    std::optional<std::uint64_t> position; ///< As the key beside it says, if it is true.
  };

  result<void> read_logs(const std::vector<std::string>& names, pass now);
  result<void> read_log(const std::string& name, pass now);
  result<void> read_table(const std::string& name, pass now);
  result<void> take_frames(std::string_view bytes);

  result<void> take(std::string_view key, std::string_view value, pass now);
  std::uint64_t version_in_database(std::string_view key) const;
  result<void> take_small(std::string_view key, std::string_view value);
  result<void> take_queued(const keys::parsed& parsed, std::string_view key,
                           std::string_view value);
  result<pipeline_log*> log_for(pipeline_id pipeline);

  result<void> take_mark(const mark& expected);
  result<void> prepare_queues(const std::optional<mark>& expected);
  void note_held_frames();
  result<void> place_orphans();
  result<void> put_frame(const orphan& orphan, const found_frame& frame, std::uint64_t position);
  result<void> place_orphan(const orphan& orphan, const found_frame& frame);
  result<void> close_bounds(const std::optional<mark>& expected);
  result<void> finish_files(const std::vector<std::string>& names);
  result<void> written(const rocksdb::Status& status) const;

  store::impl& store_;
  const std::string directory_;
  const bool whole_;
  std::map<std::string, std::uint64_t, std::less<>> versions_;
  std::set<std::string> damaged_; ///< Names of files with damage.
  std::unordered_set<std::uint64_t>
      frames_; ///< Entries and blocks taken, by their headers' checksums.
  std::map<std::string, std::uint64_t> before_; ///< Where each queue ended, by its prefix.
  std::map<std::string, std::uint64_t> placed_; ///< Records put into it.
  std::vector<orphan> orphans_;                 ///< Entries and blocks found in damaged places.
  std::size_t orphan_bytes_ = 0;
  std::uint64_t moved_ = 0; ///< Orphans placed elsewhere than they were.
  bool overwrite_ = false;  ///< The write-ahead log is newer than anything in a table.
};

} // namespace weir::storage
