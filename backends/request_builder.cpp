#include "backends/request_builder.hpp"

#include "backends/otlp_cut.hpp"
#include "otlp/wire.hpp"

#include <algorithm>
#include <numeric>

namespace weir::backends {

namespace {

namespace wire = otlp::wire;

// Measured: spans of a demo shop take a third of their bytes in a block of layout `traces`.
constexpr std::uint64_t traces_layout_growth = 3;

// Field numbers of opentelemetry-proto trace/v1: TracesData.resource_spans,
// ResourceSpans.scope_spans, ScopeSpans.spans.
constexpr std::uint32_t resource_spans_field = 1;
constexpr std::uint32_t scope_spans_field = 2;
constexpr std::uint32_t spans_field = 2;

// A field of these numbers has a tag of one byte.
constexpr std::uint64_t field_bytes(std::uint64_t body) {
  return 1 + wire::varint_size(body) + body;
}

void begin_field(std::string& out, std::uint32_t number, std::uint64_t body) {
  wire::append_tag(out, number, wire::type::bytes);
  wire::append_varint(out, body);
}

} // namespace

std::uint64_t estimated_bytes(const codec::block_header& block) noexcept {
  const std::uint64_t bytes = block.unpacked_bytes;
  return block.layout == codec::block_layout::traces ? bytes * traces_layout_growth : bytes;
}

result<shared_bytes> request_builder::build(std::span<const block_part> parts) {
  const auto whole = [](const block_part& p) { return p.first == 0 && p.last == p.items; };
  if (parts.size() == 1 && parts[0].layout == codec::block_layout::otlp && whole(parts[0]))
    return parts[0].body;
  std::string out;
  std::size_t bytes = 0;
  for (const auto& p : parts)
    bytes += whole(p) ? p.body.size() : p.body.size() * (p.last - p.first) / std::max(1U, p.items);
  out.reserve(bytes + bytes / 8);
  for (const auto& p : parts) {
    const auto added =
        p.layout == codec::block_layout::traces ? add_traces(p, out) : add_otlp(p, out);
    if (!added)
      return tl::unexpected(added.error());
  }
  // The rest of a block mostly comes next; of one that is through nothing is kept.
  if (parts.empty() || parts.back().last >= parts.back().items) {
    reader_.reset();
    opened_ = {};
  }
  return shared_bytes(std::move(out));
}

result<void> request_builder::add_otlp(const block_part& part, std::string& out) {
  if (part.first != 0 || part.last != part.items)
    return cut_items(kind_, part.body.view(), part.first, part.last, out);
  out += part.body.view(); // Messages behind each other are one message.
  return {};
}

// Spans by (resource, scope), in their order within each.
void request_builder::group_spans(const codec::traces_block_reader& block, const block_part& part) {
  groups_.clear();
  group_index_.clear();
  group_of_.resize(part.last - part.first);
  for (auto i = part.first; i < part.last; ++i) {
    const auto resource = block.resource_of(i);
    const auto scope = block.scope_of(i);
    const auto key = std::uint64_t{resource} << 32 | scope;
    const auto [it, is_new] =
        group_index_.try_emplace(key, static_cast<std::uint32_t>(groups_.size()));
    if (is_new)
      groups_.push_back({resource, scope, 0, 0, block.scope(scope).size()});
    auto& g = groups_[it->second];
    ++g.spans;
    g.bytes += field_bytes(block.span_bytes(i));
    group_of_[i - part.first] = it->second;
  }
  sorted_.resize(groups_.size());
  std::iota(sorted_.begin(), sorted_.end(), 0U);
  std::sort(sorted_.begin(), sorted_.end(), [this](std::uint32_t a, std::uint32_t b) {
    return std::pair(groups_[a].resource, groups_[a].scope)
           < std::pair(groups_[b].resource, groups_[b].scope);
  });
  std::uint32_t position = 0;
  for (const auto g : sorted_) {
    groups_[g].next = position;
    position += groups_[g].spans;
  }
  order_.resize(group_of_.size());
  for (std::uint32_t i = 0; i < group_of_.size(); ++i)
    order_[groups_[group_of_[i]].next++] = part.first + i;
}

// Opening looks at all of a block: where it goes out in parts, once for all of them.
result<const codec::traces_block_reader*> request_builder::reader_of(const block_part& part) {
  if (!reader_ || opened_.view().data() != part.body.view().data()) {
    reader_.reset();
    auto made = codec::traces_block_reader::open(part.body.view());
    if (!made)
      return tl::unexpected(made.error());
    reader_ = *std::move(made);
    opened_ = part.body;
  }
  return &*reader_;
}

result<void> request_builder::append_order(const block_part& part,
                                           std::vector<std::uint32_t>& out) {
  if (part.layout != codec::block_layout::traces) {
    for (auto i = part.first; i < part.last; ++i)
      out.push_back(i);
    return {};
  }
  const auto block = reader_of(part);
  if (!block)
    return tl::unexpected(block.error());
  if (part.last > (*block)->spans() || part.first > part.last)
    return fail(errc::corrupt, "the block has fewer spans than its header says");
  group_spans(**block, part);
  out.insert(out.end(), order_.begin(), order_.end());
  return {};
}

result<void> request_builder::add_traces(const block_part& part, std::string& out) {
  const auto opened = reader_of(part);
  if (!opened)
    return tl::unexpected(opened.error());
  const auto* const block = *opened;
  if (part.last > block->spans() || part.first > part.last)
    return fail(errc::corrupt, "the block has fewer spans than its header says");
  group_spans(*block, part);
  auto span = order_.begin();
  for (auto g = sorted_.begin(); g != sorted_.end();) {
    const auto resource = groups_[*g].resource;
    auto end = g;
    std::uint64_t bytes = block->resource(resource).size();
    for (; end != sorted_.end() && groups_[*end].resource == resource; ++end)
      bytes += field_bytes(groups_[*end].bytes);
    begin_field(out, resource_spans_field, bytes);
    out += block->resource(resource);
    for (; g != end; ++g) {
      begin_field(out, scope_spans_field, groups_[*g].bytes);
      out += block->scope(groups_[*g].scope);
      for (std::uint32_t i = 0; i < groups_[*g].spans; ++i, ++span) {
        begin_field(out, spans_field, block->span_bytes(*span));
        block->append_span(*span, out);
      }
    }
  }
  return {};
}

} // namespace weir::backends
