#include "stages/log_reader.hpp"

#include "backends/otlp_cut.hpp"
#include "codec/traces_block.hpp"

namespace weir::stages {

namespace {

// CPU time that a condition may take for a block, which is 1 MiB as a rule.
constexpr std::chrono::seconds max_pick_time{5};

} // namespace

log_reader::log_reader(std::shared_ptr<const storage::disk> disk, pipeline_id pipeline,
                       weir::signal kind, selection_ptr pick, std::vector<trace_id> traces)
    : disk_(std::move(disk)), pipeline_(pipeline), kind_(kind), pick_(std::move(pick)),
      traces_(traces.begin(), traces.end()), builder_(kind) {}

result<log_reader::packed_block> log_reader::read(log_position position) const {
  auto bytes = disk_->read_block(pipeline_, position);
  if (!bytes)
    return tl::unexpected(bytes.error());
  const auto view = codec::read_block(*bytes);
  if (!view)
    return tl::unexpected(view.error());
  return packed_block{std::move(*bytes), view->header};
}

bool log_reader::may_hold_traces(const log_block& block) const {
  if (traces_.empty() || block.header.layout != codec::block_layout::traces)
    return true;
  const auto reader = codec::traces_block_reader::open(block.body.view());
  if (!reader)
    return true; // Whoever reads it further says what is wrong.
  const trace_id* last = nullptr;
  for (std::size_t i = 0; i < reader->spans(); ++i) {
    const auto& id = reader->trace_of(i);
    if (&id != last && traces_.contains(id))
      return true;
    last = &id;
  }
  return false;
}

result<shared_bytes> log_reader::message_of(const log_block& block) {
  const backends::block_part whole{block.header.layout, block.body, block.header.items, 0,
                                   block.header.items};
  return builder_.build({&whole, 1});
}

result<log_reader::picked_block> log_reader::pick(log_position position,
                                                  const packed_block& packed) {
  const auto view = codec::read_block(packed.bytes);
  if (!view)
    return tl::unexpected(view.error());
  std::string body;
  if (auto done =
          packer_.unpack(view->header.codec, view->payload, view->header.unpacked_bytes, body);
      !done)
    return tl::unexpected(done.error());
  picked_block picked{{position, view->header, shared_bytes(std::move(body))}, 0};
  auto& block = picked.block;
  if (pick_ == nullptr)
    return picked;
  const auto all = block.header.items;
  if (!may_hold_traces(block)) {
    block.header.items = 0;
    picked.left_out = all;
    return picked;
  }
  auto message = message_of(block);
  if (!message)
    return tl::unexpected(message.error());
  std::string edited;
  const auto outcome = pick_->apply(kind_, message->view(), {}, scratch_, edited, max_pick_time);
  if (!outcome.refusal.empty())
    return fail(errc::invalid_argument, outcome.refusal);
  block.body = outcome.changed ? shared_bytes(std::move(edited)) : std::move(*message);
  block.header.layout = codec::block_layout::otlp;
  block.header.unpacked_bytes = static_cast<std::uint32_t>(block.body.size());
  const auto items = backends::count_items(kind_, block.body.view());
  if (!items)
    return tl::unexpected(items.error());
  block.header.items = static_cast<std::uint32_t>(*items);
  picked.left_out = all - std::min(all, block.header.items);
  return picked;
}

} // namespace weir::stages
