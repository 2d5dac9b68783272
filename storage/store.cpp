#include "storage/sizing.hpp"
#include "storage/status.hpp"
#include "storage/store_impl.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

#include <fmt/format.h>

namespace weir::storage {

namespace {

std::shared_ptr<rocksdb::FileSystem> system_of(const options& options) {
  return options.file_system ? options.file_system : rocksdb::FileSystem::Default();
}

// An environment with another clock.
class clocked_env final : public rocksdb::EnvWrapper {
public:
  clocked_env(std::unique_ptr<rocksdb::Env> base, std::shared_ptr<rocksdb::SystemClock> clock)
      : EnvWrapper(std::move(base)) {
    system_clock_ = std::move(clock);
  }
};

std::unique_ptr<rocksdb::Env> env_of(const options& options,
                                     const std::shared_ptr<wal_files>& wal) {
  auto env = rocksdb::NewCompositeEnv(wal);
  if (!options.clock)
    return env;
  return std::make_unique<clocked_env>(std::move(env), options.clock);
}

} // namespace

store::impl::impl(const options& options)
    : settings(fitted(options)), disk(system_of(options)),
      wal(std::make_shared<wal_files>(system_of(options), path("spare/"))),
      env(env_of(options, wal)), space(settings, disk),
      spilled(disk, path("spill"), settings.memtable_bytes) {}

store::impl::~impl() {
  if (data && !failed) {
    const std::lock_guard guard(maintenance);
    write_mark();
  }
  close_database();
  if (lock) // Else they are another process's.
    spilled.clear();
}

void store::impl::close_database() {
  logs.clear();
  journal.reset();
  data.reset();
}

rocksdb::Status store::impl::open_database() {
  auto status = database::open(settings, path("db"), env.get(), data);
  keep_private(path("db/LOCK"), false); // The one file that RocksDB makes by itself.
  if (status.ok())
    status = load();
  if (!status.ok())
    close_database();
  return status;
}

rocksdb::Status store::impl::load_meta() {
  names.clear();
  erased.clear();
  const auto iterator = std::unique_ptr<rocksdb::Iterator>(
      data->db().NewIterator(rocksdb::ReadOptions(), data->family("meta")));
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    const auto parsed = keys::parse(iterator->key().ToStringView());
    const auto value = iterator->value().ToStringView();
    if (!parsed || value.size() < version_bytes)
      return rocksdb::Status::Corruption("a record of family meta that is none of this format");
    if (parsed->kind == keys::kind::pipeline && value.size() == version_bytes + 4)
      names.emplace(keys::read_u32(value.substr(version_bytes)), parsed->text);
    else if (parsed->kind == keys::kind::erased)
      erased.insert(parsed->number);
  }
  return iterator->status();
}

rocksdb::Status store::impl::load() {
  if (auto s = load_meta(); !s.ok())
    return s;
  journal = std::make_unique<queue>(data->family("journal"), keys::prefix(keys::kind::entry));
  logs.clear();
  for (const auto& [name, family] : data->families()) {
    if (!name.starts_with("dead_letters.")) // The last of a log's families that is made.
      continue;
    const auto number = name.substr(name.find('.') + 1);
    const auto id = static_cast<pipeline_id>(std::strtoul(number.c_str(), nullptr, 10));
    logs.emplace(id, std::make_unique<pipeline_log>(id, data->family("log." + number),
                                                    data->family("index." + number), family));
  }
  for (auto* queue : queues()) {
    auto value = std::string();
    auto floor = bounds();
    auto s = data->db().Get(rocksdb::ReadOptions(), data->family("meta"), keys::head(queue->prefix),
                            &value);
    if (s.ok() && value.size() == version_bytes + 16)
      floor = decode_bounds(std::string_view(value).substr(version_bytes));
    else if (!s.IsNotFound())
      return s.ok() ? rocksdb::Status::Corruption("a head mark of the wrong size") : s;
    if (s = queue->load(data->db(), floor); !s.ok())
      return s;
  }
  for (const auto& [id, log] : logs) {
    const auto iterator = std::unique_ptr<rocksdb::Iterator>(
        data->db().NewIterator(rocksdb::ReadOptions(), log->index));
    iterator->SeekToLast();
    if (!iterator->Valid() && !iterator->status().ok())
      return iterator->status();
    log->last_time = iterator->Valid() ? keys::parse(iterator->key().ToStringView())->time : 0;
  }
  // An exporter without its cursor would begin anew: damage here is for the salvage.
  return scan_cursors(keys::prefix(keys::kind::cursor), [](const auto&, const auto&) {});
}

store::store() = default;
store::~store() = default;

result<std::unique_ptr<store>> store::open(const options& options) {
  auto opened = std::unique_ptr<store>(new store);
  opened->impl_ = std::make_unique<impl>(options);
  if (auto ok = opened->impl_->open(); !ok)
    return tl::unexpected(ok.error());
  opened->maintain();
  return opened;
}

const recovery_report& store::recovery() const noexcept {
  return impl_->report;
}
node_id store::node() const noexcept {
  return impl_->self.node;
}
epoch store::epoch() const noexcept {
  return impl_->epoch;
}

result<pipeline_id> store::pipeline(std::string_view name) {
  const std::unique_lock guard(impl_->mutex);
  auto next = pipeline_id{1};
  for (const auto& [id, known] : impl_->names) {
    if (known == name)
      return id;
    next = id + 1;
  }
  // A log whose name was lost keeps its number.
  if (!impl_->logs.empty())
    next = std::max(next, impl_->logs.rbegin()->first + 1);
  auto value = std::string();
  keys::append_u32(value, next);
  auto record = rocksdb::WriteBatch();
  (void)impl_->put(record, "meta", keys::pipeline(name), value);
  if (auto s = impl_->write(record, true); !s.ok())
    return tl::unexpected(to_error(s, "writing a pipeline's number"));
  impl_->names.emplace(next, name);
  return next;
}

std::map<pipeline_id, std::string> store::pipelines() const {
  const std::shared_lock guard(impl_->mutex);
  return impl_->names;
}

result<void> store::impl::open_log(pipeline_id pipeline) {
  const std::unique_lock guard(mutex);
  if (logs.contains(pipeline))
    return {};
  for (const auto* family : {"log", "index", "dead_letters"})
    if (auto s = data->add_family(settings, fmt::format("{}.{}", family, pipeline)); !s.ok())
      return tl::unexpected(to_error(s, "making a log"));
  const auto family = [&](const char* name) {
    return data->family(fmt::format("{}.{}", name, pipeline));
  };
  logs.emplace(pipeline, std::make_unique<pipeline_log>(pipeline, family("log"), family("index"),
                                                        family("dead_letters")));
  return {};
}

result<void> store::open_log(pipeline_id pipeline) {
  return impl_->open_log(pipeline);
}

result<void> store::commit(batch&& batch, bool sync) {
  return impl_->commit(batch, sync);
}

result<std::uint64_t> store::spill(std::string_view bytes) {
  return impl_->spill(bytes);
}
result<std::string> store::read_spilled(std::uint64_t place) const {
  return impl_->spilled.read(place);
}
void store::drop_spilled(std::uint64_t place) {
  impl_->spilled.drop(place);
}

std::map<std::string, std::uint64_t> store::usage() const {
  return impl_->space.usage();
}
bool store::accepts_data() const noexcept {
  return !impl_->failed && impl_->space.accepts_data();
}
std::optional<error> store::failure() const {
  if (!impl_->failed)
    return {};
  const std::lock_guard guard(impl_->failure_mutex);
  return error{errc::fatal, impl_->why_failed};
}
room store::room() const {
  return impl_->space.room();
}
result<void> store::set_max_bytes(std::uint64_t bytes) {
  return impl_->space.set_max_bytes(bytes);
}
void store::maintain() {
  impl_->maintain();
}

} // namespace weir::storage
