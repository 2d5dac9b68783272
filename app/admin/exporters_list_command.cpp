#include "app/admin/node_commands.hpp"
#include "app/admin/scope_option.hpp"
#include "app/admin/text_table.hpp"
#include "core/quote.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

namespace weir::app {

namespace {

using admin::v1::ExportersAnswer;

std::string table_of(const std::vector<ExportersAnswer>& answers) {
  text_table table({{"NODE", side::left, true},
                    {"PIPELINE", side::left, true},
                    {"EXPORTER", side::left, true},
                    {"STATE"},
                    {"WAITING", side::right},
                    {"OLDEST", side::right},
                    {"REASON", side::left, true}});
  for (const auto& answer : answers)
    for (const auto& each : answer.exporters())
      table.add({answer.speaker().name(), each.pipeline(), each.exporter(), each.health(),
                 count_text(each.waiting_items()),
                 each.waiting_items() == 0 ? "-" : span_text(each.oldest_waiting_seconds()),
                 each.reason()});
  return table.empty() ? "no exporters\n" : table.text();
}

class exporters_list_command final : public node_command {
public:
  void add_options(CLI::App& command) override { add_scope(command, scope_); }

  int run(node_session& session) override {
    admin::v1::ExportersRequest request;
    request.mutable_scope()->set_node(scope_);
    const auto heard = session.gather<ExportersAnswer>("Exporters", request);
    if (!heard)
      return session.fails(heard.error());
    if (session.json())
      session.show_json(*heard);
    else
      session.out << table_of(heard->answers);
    return session.end(heard->lacking);
  }

private:
  std::string scope_;
};

} // namespace

std::unique_ptr<node_command> make_exporters_list_command() {
  return std::make_unique<exporters_list_command>();
}

} // namespace weir::app
