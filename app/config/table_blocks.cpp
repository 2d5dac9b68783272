#include "app/config/option_group.hpp"
#include "app/config/tables.hpp"

#include <fmt/format.h>

// Weir's own blocks: storage, sampling; cluster and admin are in table_cluster.cpp.
namespace weir::app {

namespace {

const option_table<journal_config>& journal_options() {
  using c = journal_config;
  static const option_table<c> table{{
      works(
          "commit_interval", &c::commit_interval, {.max = "1s"},
          "Commits that are not full are this far apart: what arrives in between is written and "
          "fsynced together. What nobody else is coming for is written at once: after a pause, and "
          "when all clients that send wait for their answers."),
      works("max_entry_bytes", &c::max_entry_bytes,
            {.unit = unit::size, .min = "4KiB", .max = "1MiB"},
            "Bytes, unpacked, at which a journal entry is full."),
  }};
  return table;
}

const option_table<block_config>& log_options() {
  using c = block_config;
  static const option_table<c> table{{
      works("max_block_bytes", &c::max_bytes, {.unit = unit::size, .min = "4KiB", .max = "4MiB"},
            "Bytes, unpacked, at which a block of a log is full."),
      works("max_block_age", &c::timeout, {.min = "1ms", .max = "1m"},
            "A block is written after this long even when it is not full."),
  }};
  return table;
}

const option_table<dead_letter_limits>& dead_letter_options() {
  using c = dead_letter_limits;
  static const option_table<c> table{{
      works("max_bytes", &c::max_bytes, {.unit = unit::size},
            "Of what back ends refused for good, all pipelines together; beyond it the oldest "
            "goes, counted. 0: a tenth of `storage.max_bytes`."),
      works("retention", &c::retention, {.min = "1s"}, "It stays this long."),
  }};
  return table;
}

const option_table<replay_limits>& replay_options() {
  using c = replay_limits;
  static const option_table<c> table{{
      works("max", &c::max, {.min = "1", .max = "32"},
            "That run or are paused on a node at a time; more are refused."),
      works("keep", &c::keep, {.min = "1m"},
            "Ended ones are shown by `weir replay list` for so long; of more than 64 the oldest "
            "goes."),
  }};
  return table;
}

const option_table<storage::options>& database_options() {
  using c = storage::options;
  static const option_table<c> table{{
      works("directory", &c::directory, "One for each node; it is made when it is missing."),
      by_reload(works("max_bytes", &c::max_bytes, {.unit = unit::size, .min = "64MiB"},
                      "Everything that Weir writes. As it fills, delivered blocks go first, "
                      "then dead letters, then what is owed to exporters that are gone; after "
                      "that `overflow` says what happens.")),
      works("max_damaged_bytes", &c::max_damaged_bytes, {.unit = unit::size},
            "Of `damaged/`, where damaged files are kept for a look; the oldest goes first. "
            "0: a tenth of `max_bytes`."),
      works("max_spill_bytes", &c::max_spill_bytes, {.unit = unit::size},
            "Of what other nodes sent and `sampling.window_memory` has no room for; it counts in "
            "`max_bytes`. Beyond it they wait. 0: a quarter of `max_bytes`."),
      works("fsync", &c::fsync,
            "Off: clients are answered before their data is on the disk, and a power cut loses "
            "it."),
      works("memtable_bytes", &c::memtable_bytes,
            {.unit = unit::size, .min = "1MiB", .max = "256MiB"},
            "A write buffer of the database; two are kept free on the disk as a reserve. At "
            "most a 64th of `max_bytes` is used."),
      works("max_wal_bytes", &c::max_wal_bytes, {.unit = unit::size, .min = "4MiB", .max = "4GiB"},
            "Bound of the write-ahead log, and so of the time a start takes. At most five "
            "64ths of `max_bytes` are used."),
  }};
  return table;
}

} // namespace

const option_table<storage_config>& storage_options() {
  using c = storage_config;
  static const option_table<c> table{{
      embedded(&c::database, &database_options),
      by_reload(choice(
          "overflow", &c::overflow,
          {{"refuse", overflow_policy::refuse}, {"drop_oldest", overflow_policy::drop_oldest}},
          "When `max_bytes` is reached by what is owed to back ends: clients are told to retry, or "
          "the oldest of the largest log goes, counted.")),
      by_reload(works("retention", &c::retention,
                      "Delivered blocks stay this long, or until the room is needed.")),
      by_reload(works("cursor_retention", &c::cursor_retention,
                      "What is owed to an exporter that is not configured any more stays this "
                      "long, or until the room is needed, and so does its place: one that comes "
                      "back in that time goes on where it was.")),
      by_reload(block("dead_letters", &c::dead_letters, &dead_letter_options)),
      by_reload(block("replays", &c::replays, &replay_options)),
      works("cursor_interval", &c::cursor_interval, {.min = "10ms", .max = "1m"},
            "At most this long, or 16384 items, until an exporter's place is on disk: what is sent "
            "twice after a crash."),
      block("journal", &c::journal, &journal_options),
      block("log", &c::log, &log_options),
  }};
  return table;
}

const option_table<sampling_limits>& sampling_options() {
  using c = sampling_limits;
  static const option_table<c> table{{
      works("window_memory", &c::window_memory, {.unit = unit::size, .min = "1MiB"},
            "Memory for undecided traces; beyond it their bytes are read back from disk."),
      works("decision_cache", &c::decision_cache, {.min = "1"},
            "Decisions that are remembered, for spans that come late."),
      works("samplers", &c::samplers, {.max = "256"},
            "Sampler actors; 0: one for two CPUs that the process may use."),
  }};
  return table;
}

} // namespace weir::app
