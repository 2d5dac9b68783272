#include "codec/block.hpp"
#include "codec/varint.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

namespace weir::codec {

std::uint32_t traces_block_builder::resource(std::string_view envelope) {
  return resources_.number_of(envelope);
}

std::uint32_t traces_block_builder::scope(std::string_view envelope) {
  return scopes_.number_of(envelope);
}

void traces_block_builder::span(std::uint32_t resource, std::uint32_t scope,
                                std::string_view body) {
  put_varint(resource, table_);
  put_varint(scope, table_);
  put_varint(body.size(), table_);
  bodies_.append(body);
  ++spans_;
}

std::size_t traces_block_builder::spans() const noexcept {
  return spans_;
}

std::size_t traces_block_builder::size() const noexcept {
  return varint_bytes(resources_.count()) + resources_.listed().size()
         + varint_bytes(scopes_.count()) + scopes_.listed().size() + varint_bytes(spans_)
         + table_.size() + bodies_.size();
}

void traces_block_builder::finish(std::string& out) {
  out.reserve(out.size() + size());
  put_varint(resources_.count(), out);
  out.append(resources_.listed());
  put_varint(scopes_.count(), out);
  out.append(scopes_.listed());
  put_varint(spans_, out);
  out.append(table_);
  out.append(bodies_);
  resources_.clear();
  scopes_.clear();
  table_.clear();
  bodies_.clear();
  spans_ = 0;
}

namespace {

// Each listed thing takes at least `each` bytes of body, so that a count that lies is found before
// memory is taken for it.
std::optional<std::size_t> take_count(std::string_view& rest, std::size_t each) {
  std::uint64_t count = 0;
  if (!take_varint(rest, count) || count > rest.size() / each)
    return std::nullopt;
  return static_cast<std::size_t>(count);
}

bool take_envelopes(std::string_view& rest, std::vector<std::string_view>& into) {
  const auto count = take_count(rest, 1);
  if (!count)
    return false;
  into.reserve(*count);
  for (std::size_t i = 0; i < *count; ++i) {
    std::uint64_t length = 0;
    if (!take_varint(rest, length) || length > rest.size())
      return false;
    into.push_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return true;
}

} // namespace

result<traces_block_reader> traces_block_reader::open(std::string_view body) {
  traces_block_reader reader;
  auto rest = body;
  const auto bad = [&](std::string_view what) {
    return fail(errc::corrupt, fmt::format("traces block: {}", what));
  };
  if (!take_envelopes(rest, reader.resources_))
    return bad("the list of resources runs past the end");
  if (!take_envelopes(rest, reader.scopes_))
    return bad("the list of scopes runs past the end");
  const auto count = take_count(rest, 3);
  if (!count)
    return bad("the table of spans runs past the end");
  reader.spans_.reserve(*count);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < *count; ++i) {
    std::uint64_t resource = 0, scope = 0, length = 0;
    if (!take_varint(rest, resource) || !take_varint(rest, scope) || !take_varint(rest, length))
      return bad("the table of spans runs past the end");
    if (resource >= reader.resources_.size() || scope >= reader.scopes_.size())
      return bad("a span names a resource or scope that is not there");
    if (length > body.size() || (total += length) > body.size())
      return bad("the spans run past the end");
    // The length for now; where the bytes begin is known when the table ends.
    reader.spans_.push_back({static_cast<std::uint32_t>(resource),
                             static_cast<std::uint32_t>(scope),
                             std::string_view(body.data(), length)});
  }
  if (total != rest.size())
    return bad("the spans' lengths do not add up");
  for (auto& span : reader.spans_) {
    span.body = rest.substr(0, span.body.size());
    rest.remove_prefix(span.body.size());
  }
  return reader;
}

} // namespace weir::codec
