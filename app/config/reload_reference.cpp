#include "app/config/document.hpp"

#include <algorithm>
#include <fmt/format.h>

// Writes the list in docs/reload.md from the option tables.
namespace weir::app {

namespace {

constexpr std::string_view head =
    R"(<!-- From here on written by `weir print-config --reload` from the option tables in app/config. -->

## Option by option

| options of | a reload takes | a restart is needed for |
| --- | --- | --- |
)";

/// The options that work and are changed by `change`.
std::vector<std::string> paths(const std::vector<reference_row>& rows, change_by change) {
  std::vector<std::string> found;
  for (const auto& row : rows)
    if (row.effect == effect::works && row.change == change)
      found.push_back(fmt::format("`{}`", row.path));
  return found;
}

/// What a cell says of `these` where all the others stand in the cell beside it.
std::string cell(const std::vector<std::string>& these, const std::vector<std::string>& others) {
  if (these.empty() || others.empty())
    return these.empty() ? "" : "all";
  return these.size() > others.size() ? "all else" : fmt::format("{}", fmt::join(these, ", "));
}

std::string line(std::string_view owner, const std::vector<reference_row>& rows) {
  const auto taken = paths(rows, change_by::reload);
  const auto fixed = paths(rows, change_by::restart);
  if (taken.empty() && fixed.empty())
    return {};
  return fmt::format("| {} | {} | {} |\n", owner, cell(taken, fixed), cell(fixed, taken));
}

} // namespace

std::string print_reload_reference() {
  std::string done(head);
  for (const auto& section : component_sections())
    for (const auto& type : section.types)
      done += line(fmt::format("{} `{}`", section.word, type.names[0]), section.rows_of(type));
  done += line("`service`", rows_of(service_options()));
  done += line("`storage`", rows_of(storage_options()));
  done += line("`sampling`", rows_of(sampling_options()));
  done += line("`cluster`", rows_of(cluster_options()));
  done += line("`admin`", rows_of(admin_options()));
  return done;
}

} // namespace weir::app
