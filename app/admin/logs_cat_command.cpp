#include "app/admin/log_options.hpp"
#include "app/admin/node_commands.hpp"
#include "app/admin/scope_option.hpp"
#include "otlp/json.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

namespace weir::app {

namespace {

using admin::v1::LogPiece;

weir::signal signal_called(const std::string& name) {
  for (const auto kind : {signal::metrics, signal::logs})
    if (to_string(kind) == name)
      return kind;
  return signal::traces;
}

// OTLP/JSON, a message a line: what the `file` exporter writes and the Collector's otlpjsonfile
// receiver reads.
class logs_cat_command final : public node_command {
public:
  void add_options(CLI::App& command) override {
    add_log_options(command, log_);
    add_scope(command, scope_);
  }

  int run(node_session& session) override {
    const auto selection = selection_of(log_, unix_now());
    if (!selection) {
      session.err << "Error: " << selection.error().message << '\n';
      return wrong_usage;
    }
    admin::v1::ReadLogRequest request;
    request.mutable_scope()->set_node(scope_);
    *request.mutable_selection() = *selection;
    std::vector<admin::v1::Speaker> lacking;
    std::string line;
    const std::function<bool(const LogPiece&)> print = [&](const LogPiece& piece) {
      const auto& speaker = piece.speaker();
      if (!speaker.silent().empty() || !speaker.problem().empty()) {
        lacking.push_back(speaker);
        return true;
      }
      line.clear();
      if (otlp::to_json(signal_called(piece.signal()), piece.message(), line))
        session.out << line << '\n';
      return session.out.good(); // Not when whoever reads has had enough.
    };
    if (const auto heard = session.hear<LogPiece>("ReadLog", request, print); !heard)
      return session.fails(heard.error());
    session.out << std::flush;
    return session.end(lacking);
  }

private:
  log_options log_;
  std::string scope_;
};

} // namespace

std::unique_ptr<node_command> make_logs_cat_command() {
  return std::make_unique<logs_cat_command>();
}

} // namespace weir::app
