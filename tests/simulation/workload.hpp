#pragma once

#include "net/server/otlp_server.hpp"
#include "schedule.hpp"
#include "witness.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace weir::simulation {

/// Clients whose traces come in several requests, some late; they send again what had no OK.
class workload {
public:
  workload(schedule& time, witness& promises) : schedule_(time), witness_(promises) {}

  /// The next request of some client to a server: new spans, or some that had no OK.
  net::otlp_request next(unsigned server = 0);
  /// Only what had no OK yet. @pre has_unanswered()
  net::otlp_request again(unsigned server = 0);
  bool has_unanswered() const noexcept { return !unanswered_.empty(); }
  /// The server is gone: what was under way to it has no answer.
  void lose_answers(unsigned server = 0);

  std::uint64_t requests() const noexcept { return requests_; }
  /// A trace is to be kept when one of its spans is an error.
  static bool is_error(span_number span) {
    return span % spans_a_trace == 5 && span / spans_a_trace % 2 == 0;
  }
  /// All its spans came within so short a time, at first try, that the decision had to see them.
  bool came_in_time(span_number trace) const;
  /// When its first span was sent, and its last one acknowledged. @pre came_in_time()
  std::pair<steady_ns, steady_ns> time_of(span_number trace) const {
    return {begun_.at(trace), last_answer_.at(trace)};
  }
  const std::map<span_number, std::vector<span_number>>& traces() const noexcept { return traces_; }

private:
  friend struct answer_target;
  void answered(std::uint64_t request, const net::otlp_reply& reply);
  std::vector<span_number> new_spans();
  net::otlp_request send(std::vector<span_number> spans, unsigned server);

  schedule& schedule_;
  witness& witness_;
  std::uint64_t requests_ = 0;
  std::map<unsigned, std::uint64_t> generations_; ///< By server: rises with each loss of answers.
  span_number next_trace_ = 0;
  std::map<span_number, std::vector<span_number>> traces_; ///< Sent so far.
  std::map<span_number, steady_ns> begun_, last_answer_;
  std::set<span_number> repeated_; ///< Traces with spans sent again.
  std::vector<std::vector<span_number>> unanswered_;
  struct sent_request {
    unsigned server = 0;
    std::vector<span_number> spans;
  };
  std::map<std::uint64_t, sent_request> sent_;
};

/// An export request with these spans.
std::string message_of(const std::vector<span_number>& spans);

} // namespace weir::simulation
