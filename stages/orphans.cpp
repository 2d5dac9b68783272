#include "stages/orphans.hpp"

#include "codec/little_endian.hpp"
#include "stages/ledger.hpp"

#include <ctime>
#include <fmt/format.h>

namespace weir::stages {

namespace {

// A debt as it was when its exporter went. Format version 2: version u8 | below u64 | from u64 |
// items u64 | since u64 (unix ns), little endian; version 1 ends before `since`.
struct debt {
  log_position below = 0;
  log_position begin = 0;
  std::uint64_t items = 0;
  unix_ns since = 0; ///< 0: nobody knows.
};

constexpr char version = 2;
constexpr std::size_t debt_bytes = 32;
constexpr std::size_t older_debt_bytes = 24;

std::string debt_key(pipeline_id pipeline, const std::string& exporter) {
  return fmt::format("orphan/{}/{}", pipeline, exporter);
}

std::string encode(const debt& owed) {
  std::string out(1 + debt_bytes, version);
  codec::field_writer fields(out.data() + 1);
  fields.put(owed.below);
  fields.put(owed.begin);
  fields.put(owed.items);
  fields.put(owed.since);
  return out;
}

result<std::optional<debt>> read_debt(const storage::disk& store, pipeline_id pipeline,
                                      const std::string& exporter) {
  const auto value = store.meta(debt_key(pipeline, exporter));
  if (!value)
    return tl::unexpected(value.error());
  const auto size = *value ? (*value)->size() : 0;
  if (size != 1 + debt_bytes && size != 1 + older_debt_bytes)
    return std::optional<debt>();
  codec::field_reader fields(std::string_view(**value).substr(1));
  debt owed;
  owed.below = fields.read<std::uint64_t>();
  owed.begin = fields.read<std::uint64_t>();
  owed.items = fields.read<std::uint64_t>();
  if (size == 1 + debt_bytes)
    owed.since = fields.read<std::uint64_t>();
  return std::optional(owed);
}

std::uint64_t undelivered(const storage::disk& store, const std::string& pipeline,
                          const std::string& exporter) {
  const auto logged = ledger_page::look(store, ledger_key(pipeline, "log"), log_counts);
  const auto ended = ledger_page::look(store, ledger_key(pipeline, exporter), exporter_counts);
  if (!logged || !ended || (*logged)[appended_items] < exporter_ended(*ended))
    return 0;
  return (*logged)[appended_items] - exporter_ended(*ended);
}

// A clock that was set back ends nothing.
bool is_over(const debt& owed, unix_ns now, std::int64_t retention_ns) {
  return owed.since != 0 && now >= owed.since
         && now - owed.since >= static_cast<unix_ns>(retention_ns);
}

bool is_configured(const configured_exporters& now, pipeline_id pipeline,
                   const std::string& exporter) {
  const auto found = now.find(pipeline);
  return found != now.end() && found->second.contains(exporter);
}

} // namespace

void note_orphans(const storage::disk& store, const configured_exporters& now, unix_ns time,
                  storage::batch& notes) {
  for (const auto& [id, name] : store.pipelines()) {
    const auto cursors = store.cursors(id);
    if (!cursors)
      continue;
    for (const auto& [exporter, place] : *cursors) {
      const auto known = read_debt(store, id, exporter);
      if (!known)
        continue;
      if (is_configured(now, id, exporter)) {
        if (*known)
          notes.put_meta(debt_key(id, exporter), {});
      } else if (!*known) {
        notes.put_meta(debt_key(id, exporter),
                       encode(debt{store.log(id).next, place.position,
                                   undelivered(store, name, exporter), time}));
      } else if ((*known)->since == 0) {
        auto dated = **known;
        dated.since = time;
        notes.put_meta(debt_key(id, exporter), encode(dated));
      }
    }
  }
}

result<bool> is_forgotten(const storage::disk& store, pipeline_id pipeline,
                          const std::string& exporter, unix_ns now, std::int64_t retention_ns) {
  const auto owed = read_debt(store, pipeline, exporter);
  if (!owed)
    return tl::unexpected(owed.error());
  return *owed && is_over(**owed, now, retention_ns);
}

result<std::optional<log_position>> owed_below(const storage::disk& store, pipeline_id pipeline,
                                               const std::string& exporter) {
  const auto owed = read_debt(store, pipeline, exporter);
  if (!owed)
    return tl::unexpected(owed.error());
  return *owed ? std::optional((*owed)->below) : std::nullopt;
}

result<std::vector<orphan>> find_orphans(const storage::disk& store,
                                         const configured_exporters& now, unix_ns time,
                                         std::int64_t retention_ns) {
  std::vector<orphan> found;
  for (const auto& [id, name] : store.pipelines()) {
    const auto cursors = store.cursors(id);
    if (!cursors)
      return tl::unexpected(cursors.error());
    for (const auto& [exporter, place] : *cursors) {
      if (is_configured(now, id, exporter))
        continue;
      const auto owed = read_debt(store, id, exporter);
      if (!owed)
        return tl::unexpected(owed.error());
      const auto first = std::max(store.log(id).first, place.position);
      if (!*owed || first >= (*owed)->below)
        continue;
      const auto blocks = (*owed)->below - first;
      const auto all = std::max(blocks, (*owed)->below - std::min((*owed)->below, (*owed)->begin));
      found.push_back(
          {id, name, exporter, first, (*owed)->below, ((*owed)->items * blocks + all - 1) / all,
           (*owed)->since == 0 ? 0 : (*owed)->since + static_cast<unix_ns>(retention_ns),
           is_over(**owed, time, retention_ns)});
    }
  }
  return found;
}

std::string describe(const orphan& lost) {
  auto until = std::string("storage.cursor_retention is over");
  if (lost.until > 0) {
    const auto seconds = static_cast<std::time_t>(lost.until / second_ns);
    auto parts = std::tm();
    gmtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    until = text;
  }
  return fmt::format("exporter {} of pipeline {} is not configured any more: {} items in {} blocks "
                     "were not delivered to it and stay until {}, or until the room is needed; "
                     "configured again under these names, it goes on where it was, and `weir "
                     "exporters adopt` hands them to another one",
                     lost.exporter, lost.pipeline_name, lost.items, lost.below - lost.first, until);
}

} // namespace weir::stages
