#include "app/config/document.hpp"

#include <fmt/format.h>

// Writes docs/configuration.md from the option tables.
namespace weir::app {

namespace {

constexpr std::string_view head = R"(# Configuration

<!-- Written by `weir print-config --reference` from the option tables in app/config; do not edit. -->

A node reads one YAML file in the form of the OpenTelemetry Collector's, with the blocks `storage`,
`sampling`, `cluster` and `admin` of its own. What is not in the tables below is an error that names it.

- **Types.** Numbers and truth values stand without quotes, texts that look like them in quotes.
  Whole numbers may be written `50_000`, `0x1F`, `0o17`, `017`, `0b11`, `1e3`, as YAML has them in the
  Collector, also where a value has no type of its own. Words of a list count in any case.
  Durations are written `1h30m`, `5s`, `200ms`, `7d`; sizes `10GiB`, `256KiB`, `10GB` or as a number of bytes;
  a list of texts may also be one text with commas. An empty value means the default.
- **Environment.** `${env:X}` or `${X}` stands for a variable, `${env:X:-text}` for `text` where it is
  not set, `$$` for a `$`. A reference that is a whole value has the type of what it stands for, and is
  the text itself where an option is a text, such as a header.
- **Sections** that are there only when their key is (a protocol, `tls`, `cors`, `auth`, `keepalive`,
  `sending_queue.batch`) may say `enabled: false`.
- **Ids.** A component's key is its type, or `type/name` where there are several of one type.
- **Changes.** *Change by* says what makes another value count: a `reload` of the running node
  (docs/reload.md), or a `restart` alone. A reload that would need a restart changes nothing, and names
  the options.
- **Bounds of the file.** At most 1 MiB, 64 levels deep, 100,000 values once aliases are expanded. Merge
  keys (`<<`) work; of several documents the first is read.

Options marked *no effect* are accepted, and said once at start with the reason. Options marked *error*
are known, but Weir does not have them.
)";

std::string escaped(std::string_view text) {
  std::string done;
  for (const char c : text)
    done += c == '|' ? std::string("\\|") : std::string(1, c);
  return done;
}

std::string meaning(const reference_row& row) {
  const auto text = escaped(row.text);
  switch (row.effect) {
  case effect::works:
    return text;
  case effect::none:
    return "*no effect*: " + text;
  case effect::refused:
    return (row.type.empty() ? "*error*: " : "anything else is an *error*: ") + text;
  }
  return text;
}

std::string_view change(const reference_row& row) {
  if (row.effect != effect::works)
    return "";
  return row.change == change_by::reload ? "reload" : "restart";
}

std::string code(const std::string& text) {
  return text.empty() ? std::string{} : fmt::format("`{}`", text);
}

std::string table(const std::vector<reference_row>& rows) {
  if (rows.empty())
    return "It has no options.\n";
  std::string done =
      "| option | type | default | change by | meaning |\n| --- | --- | --- | --- | --- |\n";
  for (const auto& row : rows)
    done += fmt::format("| {} | {} | {} | {} | {} |\n", code(row.path), escaped(row.type),
                        code(row.fallback), change(row), meaning(row));
  return done;
}

std::string names(const component_type& type) {
  std::string done;
  for (const auto name : type.names)
    done += (done.empty() ? "" : ", ") + code(std::string(name));
  return done;
}

template <class T>
std::string block(std::string_view name, std::string_view text, const option_table<T>& options) {
  return fmt::format("\n## {}\n\n{}\n\n{}", name, text, table(rows_of(options)));
}

std::string components(const component_section& section) {
  auto done = fmt::format("\n## {}\n", section.key);
  for (const auto& type : section.types) {
    const auto rows = section.rows_of(type);
    done += fmt::format("\n### {}\n\n{}\n", names(type), type.text);
    if (!rows.empty())
      done += "\n" + table(rows);
  }
  if (!section.not_yet.empty())
    done += fmt::format("\nNot there yet: {}.\n", any_of(section.not_yet));
  return done;
}

} // namespace

std::string print_reference() {
  std::string done(head);
  for (const auto& section : component_sections())
    done += components(section);
  done +=
      block("service", "What is started, and how the node tells about itself.", service_options());
  done += block("storage", "What the node keeps on disk.", storage_options());
  done +=
      block("sampling", "Limits of all `tail_sampling` processors together.", sampling_options());
  done += block("cluster",
                "A node that is one of several. Without the key it is alone, and nothing listens.",
                cluster_options());
  done += block("admin", "What the command line asks a running node through.", admin_options());
  return done;
}

} // namespace weir::app
