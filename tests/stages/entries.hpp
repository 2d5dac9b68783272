#pragma once

#include "spans.hpp"
#include "stages/messages.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <string>

namespace weir::stages {

/// An entry of pipeline 1 with these spans, as the intake hands it over.
inline std::shared_ptr<durable_entry> entry_of(const entry_id& id, journal_position position,
                                               std::string message, const moment& received) {
  auto entry = std::make_shared<durable_entry>();
  BOOST_REQUIRE(otlp::index_traces(message, 0, entry->index));
  entry->header.id = id;
  entry->header.pipeline = 1;
  entry->header.spans = static_cast<std::uint32_t>(entry->index.spans.size());
  entry->header.slots = static_cast<std::uint32_t>(entry->index.traces.size());
  entry->header.codec = codec::codec_id::none;
  entry->header.unpacked_bytes = static_cast<std::uint32_t>(message.size());
  entry->header.packed_bytes = entry->header.unpacked_bytes;
  entry->header.first_received = entry->header.last_received = received.wall;
  entry->position = position;
  entry->received = received.steady;
  entry->settled = cluster::slot_set(entry->header.slots);
  entry->packed = shared_bytes(message);
  entry->unpacked = std::move(message);
  return entry;
}

/// The same as it stands in the journal.
inline std::string journal_bytes(const durable_entry& entry) {
  std::string bytes;
  codec::write_entry(entry.header, entry.packed.view(), bytes);
  return bytes;
}

} // namespace weir::stages
