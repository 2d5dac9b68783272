#pragma once

#include "backends/request_builder.hpp"
#include "codec/compression.hpp"
#include "editing/chain.hpp"
#include "stages/log_tail.hpp"
#include "storage/disk.hpp"

#include <memory>
#include <set>
#include <vector>

namespace weir::stages {

/// Picks items of a log, and may edit them; null: all, as they are. It must say the same of the
/// same message each time.
using selection_ptr = std::shared_ptr<const editing::chain>;

/// Reads blocks of one log, and what of them is asked for. One thread at a time; several may read
/// one log.
class log_reader {
public:
  /// @param traces blocks of sampled pipelines in which none of these is are not looked at further;
  /// none: all are. `pick` has to leave out what else they hold.
  log_reader(std::shared_ptr<const storage::disk> disk, pipeline_id pipeline, weir::signal kind,
             selection_ptr pick, std::vector<trace_id> traces);

  /// A block as it stands in the log, packed, and its header.
  struct packed_block {
    std::string bytes;
    codec::block_header header;
  };
  /// errc::not_found: it is not held; errc::corrupt, errc::unsupported: it is lost; else it cannot be
  /// read at the moment.
  result<packed_block> read(log_position position) const;

  /// What is picked of it, as a block of layout `otlp` (as it is where all of it is); `left_out`: how
  /// many items are not. Errors: as read(); errc::invalid_argument: the selection cannot be applied.
  struct picked_block {
    log_block block;
    std::uint32_t left_out = 0;
  };
  result<picked_block> pick(log_position position, const packed_block& packed);

  /// The block as one OTLP message.
  result<shared_bytes> message_of(const log_block& block);

  weir::signal kind() const noexcept { return kind_; }

private:
  bool may_hold_traces(const log_block& block) const;

  std::shared_ptr<const storage::disk> disk_;
  pipeline_id pipeline_;
  weir::signal kind_;
  selection_ptr pick_;
  std::set<trace_id> traces_;
  codec::packer packer_;
  backends::request_builder builder_;
  editing::scratch scratch_;
};

} // namespace weir::stages
