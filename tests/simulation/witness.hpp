#pragma once

#include "backends/request_builder.hpp"
#include "cluster/progress.hpp"
#include "codec/compression.hpp"
#include "tests/support/model_disk.hpp"

#include <map>
#include <set>
#include <stdexcept>
#include <vector>

namespace weir::simulation {

using test::disk_witness;
using test::model_disk;
using test::tables;

/// A promise that was broken, in words.
struct violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Number of a span of the workload; its trace is `number / spans_a_trace`.
using span_number = std::uint64_t;
inline constexpr span_number spans_a_trace = 8;

/// Span numbers of an OTLP message, in order.
std::vector<span_number> spans_of(std::string_view message);

/// Knows what clients were promised, and looks at everything that becomes durable or goes for good:
/// nothing acknowledged is lost, a slot is logged once, marks reach nothing that may come back.
/// @throws violation
class witness final : public disk_witness {
public:
  explicit witness(pipeline_id pipeline) : pipeline_(pipeline) {}

  void became_durable(const storage::operation& record) override;
  void journal_goes(const tables& durable, journal_position below) override;
  void progress_goes(const tables& durable, node_id node, weir::epoch epoch,
                     sequence below) override;

  /// The client has its OK.
  void acknowledged(const std::vector<span_number>& spans);
  /// The back end has taken them.
  void delivered(const std::vector<span_number>& spans);

  const std::set<span_number>& acknowledged() const noexcept { return acknowledged_; }
  bool logged(span_number span) const { return logged_.contains(span); }
  bool was_delivered(span_number span) const { return delivered_.contains(span); }
  std::uint64_t delivered() const noexcept { return delivered_.size(); }
  std::uint64_t delivered_twice() const noexcept { return twice_; }

private:
  struct place {
    entry_id entry;
    slot in = 0;
  };

  void entry_is_durable(std::string_view bytes);
  void block_is_durable(std::string_view bytes);
  void check_settled(span_number span, const place& place) const;

  pipeline_id pipeline_;
  codec::packer packer_;
  backends::request_builder builder_{signal::traces};
  std::map<span_number, std::vector<place>> places_; ///< A client may have sent it more than once.
  std::map<entry_id, std::vector<span_number>> spans_of_;
  cluster::progress progress_; ///< As it became durable; nothing is ever forgotten here.
  std::map<span_number, unsigned> logged_;
  std::set<span_number> acknowledged_;
  std::set<span_number> delivered_;
  std::uint64_t twice_ = 0;
};

} // namespace weir::simulation
