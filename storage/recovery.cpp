// What the store (storage/store_impl.hpp) does after damage.
#include "storage/rescue.hpp"
#include "storage/salvage.hpp"
#include "storage/status.hpp"
#include "storage/store_impl.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

#include <fmt/format.h>

namespace weir::storage {

namespace {

// A salvage that ends the process every time must not keep the node from starting for ever.
constexpr unsigned max_attempts = 3;

} // namespace

result<void> store::impl::recover(const std::optional<rescue>& needed,
                                  const std::optional<mark>& expected) {
  if (needed) {
    report.salvaged = true;
    report.damaged_directory = path(needed->directory);
    auto attempt = *needed;
    if (++attempt.attempts <= max_attempts && !settings.broken.skip_salvage) {
      (void)write_rescue(disk, settings.directory, attempt);
      if (auto done = salvage(*this, path(needed->directory), needed->whole).run(expected); !done) {
        // The rest waits for the next start: with room on the disk it goes on.
        log::error("the salvage did not finish: {}", done.error().message);
        if (done.error().code != errc::full)
          return done;
        space.ran_out();
        say(needed);
        return {};
      }
    }
    remove_rescue(disk, settings.directory);
  }
  if (expected && !(needed && needed->whole))
    if (auto ok = compare(*expected); !ok)
      return ok;
  if (auto s = load(); !s.ok())
    return tl::unexpected(to_error(s, "reading the database"));
  say(needed);
  return {};
}

void store::impl::extend_to(const mark& expected) {
  const auto extend = [](queue& queue, const bounds& bounds) {
    if (bounds.next > 0)
      queue.extend(bounds.next - 1);
  };
  extend(*journal, expected.journal);
  for (const auto& [id, bounds] : expected.logs) {
    const auto log = logs.find(id);
    if (log == logs.end())
      continue;
    extend(log->second->blocks, bounds.blocks);
    extend(log->second->letters, bounds.letters);
  }
}

// The database opened without complaint: is it all there? Its end may have been cut off, which
// nothing in it can tell.
result<void> store::impl::compare(const mark& expected) {
  const auto sequence = data->db().GetLatestSequenceNumber();
  auto known = std::map<const queue*, std::uint64_t>();
  for (const auto* queue : queues())
    known[queue] = queue->next;
  extend_to(expected);
  auto heads = rocksdb::WriteBatch();
  for (auto* queue : queues()) {
    if (queue->next == known[queue])
      continue;
    report.records_lost += queue->next - std::max(known[queue], queue->first.load());
    (void)put(heads, "meta", keys::head(queue->prefix), encode(queue->held()));
  }
  if (heads.Count() > 0)
    if (auto s = write(heads, true); !s.ok() && !is_no_space(s))
      return tl::unexpected(to_error(s, "writing head marks"));
  if (sequence < expected.sequence)
    report.text = fmt::format("the database ends {} records before what was synced",
                              expected.sequence - sequence);
  return {};
}

void store::impl::say(const std::optional<rescue>& needed) {
  if (!needed && report.records_lost == 0 && report.text.empty())
    return;
  if (needed)
    report.text = fmt::format(
        "the {} was damaged and is kept in {}: {} entries and {} blocks were read back, "
        "{} are lost",
        needed->whole ? "database" : "write-ahead log", report.damaged_directory,
        report.entries_salvaged, report.blocks_salvaged, report.records_lost);
  else
    report.text += fmt::format("{}{} entries and blocks are lost", report.text.empty() ? "" : "; ",
                               report.records_lost);
  log::error("storage: {}", report.text);
  static auto& salvaged = metrics::storage_salvaged_records.with();
  static auto& lost = metrics::storage_lost_records.with();
  salvaged.Increment(static_cast<double>(report.entries_salvaged + report.blocks_salvaged));
  lost.Increment(static_cast<double>(report.records_lost));
}

void store::set_aside(std::string_view kind, std::uint64_t position, std::string_view bytes) {
  const auto directory = impl_->path("damaged");
  (void)impl_->disk.make_directory(directory);
  const auto name = fmt::format("{}/{}-{}", directory, kind, position);
  if (auto kept = impl_->disk.replace(name, bytes, false);
      !kept && log::permit("storage-set-aside"))
    log::warn("{}", kept.error().message);
}

} // namespace weir::storage
