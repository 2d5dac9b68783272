#pragma once

#include "backends/request_builder.hpp"
#include "cluster/progress.hpp"
#include "codec/compression.hpp"
#include "tests/support/model_disk.hpp"

#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <unordered_map>
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

  void became_durable(const storage::operation& record) override {
    became_durable_at(1, 0, record);
  }
  void became_durable_at(node_id node, steady_ns when, const storage::operation& record);
  void journal_goes(const tables& durable, journal_position below) override;
  void progress_goes(const tables& durable, node_id node, weir::epoch epoch,
                     sequence below) override;

  /// Says whether a node may have decided at this time what a second one then knew nothing of: one
  /// of them died, or was cut off.
  using excuse = std::function<bool(node_id node, steady_ns when, node_id second)>;
  /// From now on a slot may be logged twice, and a trace decided twice, where there is an excuse;
  /// it is counted.
  void excuse_doubles(excuse excuse) { excuse_ = std::move(excuse); }
  std::uint64_t logged_twice() const noexcept { return logged_twice_; }
  std::uint64_t decided_twice() const noexcept { return decided_twice_; }
  /// It was decided or logged twice, with an excuse.
  bool is_excused(span_number trace) const { return excused_traces_.contains(trace); }

  /// The gate was opened after its patience: a decision without spans that somebody has, counted.
  void decided_incomplete(span_number trace) { incomplete_.insert(trace); }
  bool is_incomplete(span_number trace) const { return incomplete_.contains(trace); }

  /// The client has its OK.
  void acknowledged(const std::vector<span_number>& spans);
  /// The back end has taken them.
  void delivered(const std::vector<span_number>& spans);

  const std::set<span_number>& acknowledged() const noexcept { return acknowledged_; }
  bool logged(span_number span) const { return logged_.contains(span); }
  /// Who had it in its log first. @pre logged()
  node_id first_log(span_number span) const { return logged_.at(span).first.node; }
  /// Nodes that took it in.
  std::vector<node_id> origins_of(span_number span) const;
  bool was_delivered(span_number span) const { return delivered_.contains(span); }
  std::uint64_t delivered() const noexcept { return delivered_.size(); }
  std::uint64_t delivered_twice() const noexcept { return twice_; }

private:
  struct place {
    entry_id entry;
    slot in = 0;
  };

  /// Where and when something became durable first.
  struct sighting {
    node_id node = 0;
    steady_ns when = 0;
  };
  struct logged_span {
    unsigned times = 0;
    sighting first;
  };
  struct decided_trace {
    bool keep = false;
    sighting first;
  };

  void entry_is_durable(std::string_view bytes);
  void block_is_durable(const sighting& here, std::string_view bytes);
  void decisions_are_durable(const sighting& here, std::string_view bytes);
  bool excused(const sighting& first, const sighting& second, span_number trace);
  void check_settled(span_number span, const place& place) const;

  pipeline_id pipeline_;
  codec::packer packer_;
  backends::request_builder builder_{signal::traces};
  std::map<span_number, std::vector<place>> places_; ///< A client may have sent it more than once.
  std::map<entry_id, std::vector<span_number>> spans_of_;
  cluster::progress progress_; ///< As it became durable; nothing is ever forgotten here.
  std::map<span_number, logged_span> logged_;
  std::unordered_map<std::uint64_t, decided_trace> decided_; ///< By fingerprint.
  std::unordered_map<std::uint64_t, span_number> traces_;    ///< By fingerprint.
  std::set<span_number> acknowledged_;
  std::set<span_number> delivered_;
  std::uint64_t twice_ = 0;
  excuse excuse_; ///< Null: there is none.
  std::set<span_number> excused_traces_;
  std::set<span_number> incomplete_;
  std::uint64_t logged_twice_ = 0;
  std::uint64_t decided_twice_ = 0;
};

} // namespace weir::simulation
