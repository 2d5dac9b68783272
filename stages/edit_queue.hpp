#pragma once

#include "net/server/otlp_server.hpp"
#include "stages/passage.hpp"
#include "stages/request_editor.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::stages {

/// A request on its way through the processors of the pipelines that it is for.
struct edit_job {
  struct part {
    pipeline_id pipeline = 0;
    std::shared_ptr<const editing::chain> edits; ///< Null: none.
    edited_request made{};                       ///< Only with edits, or a passage.
    passage_ptr passage{};                       ///< Null: there are no connectors behind it.
    std::string connector{};                     ///< Which one made it of another part; "" = none.

    bool looked_at() const noexcept { return edits || passage || !connector.empty(); }
  };

  net::otlp_request request;
  editing::request_context context;
  /// A pipeline each: first those that the request is for, then what connectors made, each behind
  /// the one that it was made of.
  std::vector<part> parts;
  std::size_t first_parts = 0; ///< Those that the request is for.
  std::string meter;   ///< The connector whose metrics it holds, without a client; "" = none.
  bool slow = false;   ///< It took too long to be served among the quick ones.
  std::string refusal; ///< Why the client is to come again; "" = it is edited.
};
using edit_job_ptr = std::unique_ptr<edit_job>;

/// Who is edited next. Requests that turn out to take long stand in a line of their own, and have
/// one worker fewer than there are: the others never wait for them. Not thread-safe; no clock.
class edit_queue {
public:
  /// `workers`: at least 2. `max_slow`: slow requests that may wait.
  edit_queue(unsigned workers, std::size_t max_slow)
      : max_slow_working_(workers - 1), max_slow_(max_slow) {}

  void add(edit_job_ptr job) { quick_.push_back(std::move(job)); }

  /// Takes a job that next() gave back: it is slow. Null; or the job, where too many wait already.
  edit_job_ptr put_back(edit_job_ptr job);

  /// Null: there is none for a worker now.
  edit_job_ptr next();

  /// A worker is done with a slow job.
  void end_slow() noexcept { --slow_working_; }

  /// Jobs that wait.
  std::size_t waiting() const noexcept { return quick_.size() + slow_.size(); }

  /// All that wait.
  std::vector<edit_job_ptr> take_all();

private:
  unsigned max_slow_working_;
  std::size_t max_slow_;
  unsigned slow_working_ = 0;
  std::deque<edit_job_ptr> quick_;
  std::deque<edit_job_ptr> slow_;
};

} // namespace weir::stages
