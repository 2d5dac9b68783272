#pragma once

#include "stages/log_reader.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <string>

namespace weir::stages {

/// Spans of a trace in one block of a log.
struct trace_in_log {
  log_position position = 0;
  codec::block_header header;
  shared_bytes spans; ///< An OTLP message with those of the trace alone.
  /// How far the exporters of the log are with these spans.
  std::map<std::string, std::string> exporters;
};

/// Spans of a trace in an entry of the journal: taken in here, and not settled as far as is known.
struct trace_in_journal {
  entry_id id;
  pipeline_id pipeline = 0;
  unix_ns received = 0;
  shared_bytes spans;
};

/// What was decided about a trace.
struct found_decision {
  bool keep = false;
  std::string policy;
  double sampling_rate = 1;
};

/// What a search cost.
struct search_cost {
  std::uint64_t blocks = 0; ///< Looked at; of the journal, entries.
  std::uint64_t bytes = 0;  ///< Of these, packed.
  bool whole = true;        ///< Nothing was left out.
  unix_ns since = 0;        ///< The oldest block looked at began then; 0: none was.
};

/// Looks for one trace on a disk. Reads and unpacks what it looks at: there is no index of traces.
/// Any thread; what is found is told at once. A search ends early where `told` or `goes_on` returns
/// false.
class trace_search {
public:
  trace_search(std::shared_ptr<const storage::disk> disk, trace_id trace)
      : disk_(std::move(disk)), trace_(trace) {}

  /// The log of a pipeline of spans, the newest block first. @param begin, end when they were
  /// received, 0: at any time. @param max_bytes that are read, packed.
  result<search_cost> log(pipeline_id pipeline, unix_ns begin, unix_ns end, std::uint64_t max_bytes,
                          const std::function<bool(trace_in_log&&)>& told,
                          const std::function<bool()>& goes_on) const;

  result<search_cost> journal(const std::function<bool(trace_in_journal&&)>& told,
                              const std::function<bool()>& goes_on) const;

  /// As far as it is remembered.
  result<std::optional<found_decision>> decision(pipeline_id pipeline) const;

private:
  shared_bytes spans_of(std::string_view message) const;
  std::map<std::string, std::string> exporters_at(pipeline_id pipeline,
                                                  log_position position) const;

  std::shared_ptr<const storage::disk> disk_;
  trace_id trace_;
};

} // namespace weir::stages
