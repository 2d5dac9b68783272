#include "app/admin/node_commands.hpp"
#include "app/admin/scope_option.hpp"
#include "app/admin/text_table.hpp"
#include "app/admin/time_text.hpp"
#include "app/admin/waterfall.hpp"
#include "app/config/values.hpp"
#include "core/quote.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <ostream>
#include <set>

namespace weir::app {

namespace {

using admin::v1::TraceNews;

// A block is found by the newest data in it, which may have come that much later.
constexpr unix_ns behind_hint = 120 * static_cast<unix_ns>(second_ns);

std::string range_text(std::uint64_t first, std::uint64_t last) {
  return fmt::format("{} to {}", time_text(first / 1'000'000 * 1'000'000),
                     time_text(last / 1'000'000 * 1'000'000));
}

std::string text_of(const TraceNews& news) {
  const auto head = fmt::format("{}  ", news.speaker().name());
  if (news.has_open())
    return wrapped(head, fmt::format("came in here at {} ({}) and is not settled yet: it waits in "
                                     "the window of its owner",
                                     time_text(news.open().received_unix_ns()), news.pipeline()));
  if (news.has_decision()) {
    const auto& decision = news.decision();
    const auto policy = decision.policy().empty() ? std::string("no policy voted for it")
                                                  : "policy " + decision.policy();
    return wrapped(head, fmt::format("decided here ({}): {}, {}{}", news.pipeline(),
                                     decision.keep() ? "keep" : "drop", policy,
                                     decision.sampling_rate() > 1 ? fmt::format(
                                         ", it stands for {:.6g}", decision.sampling_rate())
                                                                  : ""));
  }
  if (!news.has_in_log())
    return {};
  const auto& place = news.in_log();
  std::string went;
  for (const auto& each : place.exporters())
    went += fmt::format("; {}: {}", each.exporter(), each.state());
  return wrapped(head, fmt::format("{} block {} of {}, with what was received {}{}",
                                   place.sampled() ? "kept, in" : "came in here, in",
                                   place.position(), news.pipeline(),
                                   range_text(place.first_unix_ns(), place.last_unix_ns()), went));
}

std::string cost_of(const TraceNews& news) {
  const auto& search = news.search();
  auto text = fmt::format("looked at {} and {}, {}, in {}", count_text(search.blocks(), "block"),
                          count_text(search.entries(), "open entry"), size_text(search.bytes()),
                          span_text(search.seconds()));
  if (search.since_unix_ns() != 0)
    text += ", back to " + time_text(search.since_unix_ns() / second_ns * second_ns);
  if (!search.whole())
    text += "; there is more, which --max-bytes left out";
  return wrapped(news.speaker().name() + "  ", text);
}

class trace_command final : public node_command {
public:
  void add_options(CLI::App& command) override {
    command.add_option("id", id_, "32 hexadecimal digits")->required()->type_name("TRACE");
    command
        .add_option("--at", at_,
                    "About when it came in: the logs are then read there alone, not from now back "
                    "to their beginning")
        ->type_name("TIME");
    command.add_option("--within", within_, "So long before and after --at")
        ->type_name("DURATION")
        ->capture_default_str();
    command
        .add_option("--max-bytes", max_bytes_,
                    "What each node may read of its logs, as they lie on the disk")
        ->type_name("SIZE")
        ->capture_default_str();
    add_scope(command, scope_);
  }

  int run(node_session& session) override {
    admin::v1::FindTraceRequest request;
    if (const auto problem = fill(request, unix_now()); !problem.empty()) {
      session.err << "Error: " << problem << '\n';
      return wrong_usage;
    }
    gathered<TraceNews> heard;
    const std::function<bool(const TraceNews&)> take = [&](const TraceNews& news) {
      const auto& speaker = news.speaker();
      if (speaker.silent().empty() && speaker.problem().empty())
        heard.answers.push_back(news);
      else
        heard.lacking.push_back(speaker);
      return heard.answers.size() < max_news;
    };
    if (const auto asked = session.hear<TraceNews>("FindTrace", request, take); !asked)
      return session.fails(asked.error());
    if (session.json())
      session.show_json(heard);
    else
      session.out << text_of_all(heard.answers);
    const bool found = std::any_of(heard.answers.begin(), heard.answers.end(),
                                   [](const auto& news) { return !news.has_search(); });
    const auto code = session.end(heard.lacking);
    return code == done && !found ? failed : code;
  }

private:
  static constexpr std::size_t max_news = 10'000; ///< A trace in more places is not looked for on.

  std::string fill(admin::v1::FindTraceRequest& request, unix_ns now) const {
    std::uint64_t bytes = 0;
    if (!parse_size(max_bytes_, bytes) || bytes == 0)
      return "--max-bytes: expected a size, as 4GiB";
    request.mutable_scope()->set_node(scope_);
    request.set_trace_id(id_);
    request.set_max_bytes(bytes);
    if (at_.empty())
      return {};
    const auto middle = parse_time(at_, now, now);
    if (!middle)
      return "--at: " + middle.error().message;
    std::chrono::nanoseconds within{};
    if (!parse_duration(within_, within) || within.count() <= 0)
      return "--within: expected a duration, as 10m";
    const auto span = static_cast<unix_ns>(within.count());
    request.set_begin_unix_ns(*middle - std::min(*middle, span));
    request.set_end_unix_ns(*middle + span + behind_hint);
    return {};
  }

  std::string text_of_all(const std::vector<TraceNews>& all) const {
    std::string places, costs;
    std::vector<std::string> messages;
    for (const auto& news : all) {
      if (news.has_search())
        costs += cost_of(news);
      else
        places += text_of(news);
      if (!news.spans().empty())
        messages.push_back(news.spans());
    }
    auto text =
        places.empty() ? wrapped("", "no node has a trace " + without_controls(id_)) : places;
    if (const auto spans = waterfall_of(messages); !spans.empty())
      text += "\n" + spans;
    text += "\n" + costs;
    if (at_.empty())
      text += wrapped("", "There is no index of traces: --at TIME makes a search of whole logs one "
                          "of some minutes.");
    return text;
  }

  std::string id_, at_, within_ = "10m", max_bytes_ = "4GiB", scope_;
};

} // namespace

std::unique_ptr<node_command> make_trace_command() {
  return std::make_unique<trace_command>();
}

} // namespace weir::app
