#include "app/admin/log_options.hpp"
#include "app/admin/node_commands.hpp"
#include "app/admin/render_replays.hpp"
#include "app/admin/scope_option.hpp"
#include "app/config/values.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <map>
#include <ostream>
#include <random>
#include <thread>

namespace weir::app {

namespace {

using admin::v1::CountLogRequest;
using admin::v1::LogCount;
using admin::v1::ReplayOrder;
using admin::v1::ReplaysAnswer;
using admin::v1::ReplaysRequest;
using admin::v1::Speaker;

constexpr auto watch_interval = std::chrono::seconds(1);

int misuse(node_session& session, const std::string& problem) {
  session.err << "Error: " << problem << '\n';
  return wrong_usage;
}

std::string random_id() {
  std::random_device device;
  const auto draw = std::uniform_int_distribution<std::uint64_t>(1)(device);
  return fmt::format("{:016x}", draw);
}

// "20MB/s", "20MB"
result<std::uint64_t> rate_in(std::string_view text) {
  std::uint64_t rate = 0;
  if (text.empty())
    return rate;
  if (text.ends_with("/s"))
    text.remove_suffix(2);
  if (!parse_size(text, rate) || rate == 0)
    return fail(errc::invalid_argument, "--rate: expected bytes a second, as 20MB/s");
  return rate;
}

void show(node_session& session, const gathered<ReplaysAnswer>& heard) {
  if (session.json())
    session.show_json(heard);
  else
    session.out << render_replays(whole_replays(heard.answers));
}

/// `weir replay`
class replay_command final : public node_command {
public:
  void add_options(CLI::App& command) override {
    add_log_options(command, log_);
    command.add_option("--exporter", exporter_, "Where to: any that the file configures")
        ->type_name("EXPORTER");
    command
        .add_option("--rate", rate_, "At most so many unpacked bytes a second on each node: 20MB/s")
        ->type_name("RATE");
    command
        .add_option("--mark", mark_,
                    "An attribute of each span, log record or data point that is sent")
        ->type_name("KEY=VALUE");
    command.add_flag("--dry-run", dry_run_, "Only counts what would be sent");
    command.add_flag("--watch", watch_, "Shows how far it is until it has ended");
    add_scope(command, scope_);
  }

  int run(node_session& session) override {
    const auto selection = selection_of(log_, unix_now());
    if (!selection)
      return misuse(session, selection.error().message);
    if (dry_run_)
      return count(session, *selection);
    ReplayOrder order;
    *order.mutable_selection() = *selection;
    if (const auto problem = fill(order); !problem.empty())
      return misuse(session, problem);
    return start(session, order);
  }

private:
  // "": nothing is wrong.
  std::string fill(ReplayOrder& order) const {
    if (exporter_.empty())
      return "--exporter is missing";
    const auto rate = rate_in(rate_);
    if (!rate)
      return rate.error().message;
    if (const auto equals = mark_.find('='); equals != mark_.npos && equals > 0) {
      order.set_mark_key(mark_.substr(0, equals));
      order.set_mark_value(mark_.substr(equals + 1));
    } else if (!mark_.empty()) {
      return "--mark: expected KEY=VALUE";
    }
    order.mutable_scope()->set_node(scope_);
    order.set_id(random_id());
    order.set_exporter(exporter_);
    order.set_rate(*rate);
    return {};
  }

  // Nothing begins anywhere unless it can on all nodes that answer.
  int start(node_session& session, ReplayOrder& order) {
    order.set_check_only(true);
    const auto checked = session.gather<ReplaysAnswer>("StartReplay", order);
    if (!checked)
      return session.fails(checked.error());
    const bool refused = std::any_of(checked->lacking.begin(), checked->lacking.end(),
                                     [](const Speaker& s) { return !s.problem().empty(); });
    if (refused)
      return session.end(checked->lacking);
    order.set_check_only(false);
    const auto heard = session.gather<ReplaysAnswer>("StartReplay", order);
    if (!heard)
      return session.fails(heard.error());
    if (watch_)
      return watch(session, order.id(), heard->lacking);
    show(session, *heard);
    return session.end(heard->lacking);
  }

  int watch(node_session& session, const std::string& id, const std::vector<Speaker>& lacking) {
    ReplaysRequest request;
    request.mutable_scope()->set_node(scope_);
    request.set_id(id);
    for (std::string shown;;) {
      const auto heard = session.gather<ReplaysAnswer>("Replays", request);
      if (!heard)
        return session.fails(heard.error());
      const auto all = whole_replays(heard->answers);
      const auto text = render_replays(all);
      if (!session.json() && text != shown)
        session.out << (shown = text) << std::flush;
      if (all.empty() || (all.front().state != "running" && all.front().state != "paused")) {
        if (session.json())
          session.show_json(*heard);
        const auto code = session.end(lacking);
        return code == done && (all.empty() || all.front().state != "done") ? failed : code;
      }
      std::this_thread::sleep_for(watch_interval);
    }
  }

  int count(node_session& session, const admin::v1::LogSelection& selection) {
    CountLogRequest request;
    request.mutable_scope()->set_node(scope_);
    *request.mutable_selection() = selection;
    std::map<std::string, LogCount> counted;
    std::vector<Speaker> lacking;
    const std::function<bool(const LogCount&)> take = [&](const LogCount& answer) {
      const auto& speaker = answer.speaker();
      if (!speaker.silent().empty() || !speaker.problem().empty())
        lacking.push_back(speaker);
      else
        counted[speaker.id()] = answer;
      return true;
    };
    if (const auto heard = session.hear<LogCount>("CountLog", request, take); !heard)
      return session.fails(heard.error());
    gathered<LogCount> all{.answers = {}, .lacking = lacking};
    for (auto& [id, count] : counted)
      if (count.done())
        all.answers.push_back(std::move(count));
    if (session.json())
      session.show_json(all);
    else
      session.out << render_counts(all.answers);
    return session.end(lacking);
  }

  log_options log_;
  std::string exporter_, rate_, mark_, scope_;
  bool dry_run_ = false, watch_ = false;
};

/// `weir replay list`
class replay_list_command final : public node_command {
public:
  void add_options(CLI::App& command) override { add_scope(command, scope_); }

  int run(node_session& session) override {
    ReplaysRequest request;
    request.mutable_scope()->set_node(scope_);
    const auto heard = session.gather<ReplaysAnswer>("Replays", request);
    if (!heard)
      return session.fails(heard.error());
    show(session, *heard);
    return session.end(heard->lacking);
  }

private:
  std::string scope_;
};

/// `weir replay pause | resume | cancel`
class replay_change_command final : public node_command {
public:
  explicit replay_change_command(std::string change) : change_(std::move(change)) {}

  void add_options(CLI::App& command) override {
    command.add_option("id", id_, "As `weir replay list` shows it")->required()->type_name("ID");
    add_scope(command, scope_);
  }

  int run(node_session& session) override {
    ReplaysRequest request;
    request.mutable_scope()->set_node(scope_);
    request.set_id(id_);
    request.set_change(change_);
    const auto heard = session.gather<ReplaysAnswer>("ChangeReplay", request);
    if (!heard)
      return session.fails(heard.error());
    const bool nowhere = std::all_of(heard->answers.begin(), heard->answers.end(),
                                     [](const auto& answer) { return answer.replays().empty(); });
    if (nowhere && heard->lacking.empty())
      return session.fails(
          {errc::not_found, "no node has a replay " + id_ + ": `weir replay list` shows them"});
    show(session, *heard);
    return session.end(heard->lacking);
  }

private:
  std::string change_, id_, scope_;
};

} // namespace

std::unique_ptr<node_command> make_replay_command() {
  return std::make_unique<replay_command>();
}
std::unique_ptr<node_command> make_replay_list_command() {
  return std::make_unique<replay_list_command>();
}
std::unique_ptr<node_command> make_replay_pause_command() {
  return std::make_unique<replay_change_command>("pause");
}
std::unique_ptr<node_command> make_replay_resume_command() {
  return std::make_unique<replay_change_command>("resume");
}
std::unique_ptr<node_command> make_replay_cancel_command() {
  return std::make_unique<replay_change_command>("cancel");
}

} // namespace weir::app
