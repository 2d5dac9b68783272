#include "storage/batch.hpp"

#include <iterator>

namespace weir::storage {

namespace {

shared_bytes copy(std::string_view bytes) {
  return shared_bytes(std::string(bytes));
}

} // namespace

std::string encode(const log_place& place) {
  auto value = std::string();
  keys::append_u64(value, place.position);
  keys::append_u32(value, place.item);
  return value;
}

log_place decode_cursor(std::string_view value) {
  return {keys::read_u64(value), keys::read_u32(value.substr(8))};
}

void batch::add(operation operation) {
  bytes_ += operation.key.size() + operation.value.size();
  operations_.push_back(std::move(operation));
}

void batch::put_entry(journal_position position, std::string_view entry) {
  put_entry(position, copy(entry));
}

void batch::put_entry(journal_position position, shared_bytes entry) {
  add({keys::kind::entry, 0, position, 0, keys::entry(position), std::move(entry)});
}

void batch::erase_entry(journal_position position) {
  add({keys::kind::erased, 0, position, 0, keys::erased(position), {}});
}

void batch::put_progress(const entry_id& id, std::string_view progress) {
  add({keys::kind::progress, 0, id.sequence, 0, keys::progress(id), copy(progress)});
}

void batch::put_settled(const entry_id& id, std::string_view record) {
  add({keys::kind::settled, 0, id.sequence, 0, keys::settled(id), copy(record)});
}

void batch::put_decisions(pipeline_id pipeline, std::uint64_t chunk, std::string_view decisions) {
  add({keys::kind::decisions, pipeline, chunk, 0, keys::decisions(pipeline, chunk),
       copy(decisions)});
}

void batch::append_block(pipeline_id pipeline, log_position position, unix_ns last_time,
                         std::string_view block) {
  append_block(pipeline, position, last_time, copy(block));
}

void batch::append_block(pipeline_id pipeline, log_position position, unix_ns last_time,
                         shared_bytes block) {
  add({keys::kind::block, pipeline, position, last_time, keys::block(pipeline, position),
       std::move(block)});
}

void batch::put_cursor(std::string_view exporter, pipeline_id pipeline, const log_place& place) {
  add({keys::kind::cursor, pipeline, place.position, 0, keys::cursor(pipeline, exporter),
       shared_bytes(encode(place))});
}

void batch::put_dead_letter(pipeline_id pipeline, log_position position, std::string_view letter) {
  add({keys::kind::letter, pipeline, position, 0, keys::letter(pipeline, position), copy(letter)});
}

void batch::put_meta(std::string_view key, std::string_view value) {
  add({keys::kind::meta, 0, 0, 0, keys::meta(key), copy(value)});
}

void batch::append(batch&& other) {
  auto& more = other.operations_;
  if (operations_.empty())
    operations_ = std::move(more);
  else
    operations_.insert(operations_.end(), std::make_move_iterator(more.begin()),
                       std::make_move_iterator(more.end()));
  bytes_ += std::exchange(other.bytes_, 0);
  more.clear();
}

} // namespace weir::storage
