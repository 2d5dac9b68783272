// How values of ottl/value.hpp compare.
#include "editing/key_index.hpp"
#include "editing/work.hpp"
#include "ottl/value.hpp"

#include <vector>

namespace weir::ottl {

namespace wire = otlp::wire;

namespace {

template <class T>
bool ordered(const T& a, const T& b, operation op) noexcept {
  switch (op) {
  case operation::equal:
    return a == b;
  case operation::not_equal:
    return a != b;
  case operation::less:
    return a < b;
  case operation::less_equal:
    return a <= b;
  case operation::greater:
    return a > b;
  case operation::greater_equal:
    return a >= b;
  default:
    return false;
  }
}

bool equal(const value& a, const value& b, int depth);

// What comes in is bounded in depth (otlp::scan_limits); what is made here can be deeper by one
// level a statement, so the bound is checked again.
constexpr int max_compared_depth = 128;

bool equal_lists(std::string_view a, std::string_view b, int depth) {
  if (a == b)
    return true;
  wire::reader left(a);
  wire::reader right(b);
  while (true) {
    const auto x = left.next();
    const auto y = right.next();
    if (!x || !y)
      return !x && !y;
    if (!equal(from_wire(x->bytes), from_wire(y->bytes), depth + 1))
      return false;
  }
}

/// The pairs of a map; many are found by an index.
class map_view {
public:
  explicit map_view(std::string_view map) : map_(map), size_(map_size(map)) {
    work().note(map.size() / 4);
    if (size_ <= few)
      return;
    entries_.reserve(size_);
    for_each_entry(map, [&](std::string_view key, std::string_view any) {
      keys_.add(key, static_cast<std::uint32_t>(entries_.size()));
      entries_.push_back({key, any});
    });
  }

  std::size_t size() const noexcept { return size_; }

  std::optional<value> at(std::string_view key) const {
    if (size_ <= few)
      return map_at(map_, key);
    std::optional<value> found;
    keys_.find(key, [&](std::uint32_t i) {
      if (entries_[i].key != key)
        return true;
      found = from_wire(entries_[i].any);
      return false;
    });
    return found;
  }

private:
  static constexpr std::size_t few = 32;

  std::string_view map_;
  std::size_t size_;
  std::vector<map_entry> entries_;
  key_index keys_;
};

bool equal_maps(std::string_view a, std::string_view b, int depth) {
  if (a == b)
    return true;
  const map_view other(b);
  if (map_size(a) != other.size())
    return false;
  bool same = true;
  for_each_entry(a, [&](std::string_view key, std::string_view any_value) {
    if (!same)
      return;
    const auto found = other.at(key);
    same = found && equal(from_wire(any_value), *found, depth + 1);
  });
  return same;
}

/// Of values inside lists and maps: there an integer is no real.
bool equal(const value& a, const value& b, int depth) {
  if (a.type != b.type || depth > max_compared_depth)
    return false;
  switch (a.type) {
  case value_type::list:
    return equal_lists(a.bytes, b.bytes, depth);
  case value_type::map:
    return equal_maps(a.bytes, b.bytes, depth);
  default:
    return compare(a, b, operation::equal);
  }
}

bool compare_same(const value& a, const value& b, operation op) {
  switch (a.type) {
  case value_type::nil:
    return op == operation::equal || op == operation::less_equal || op == operation::greater_equal;
  case value_type::boolean:
    return ordered<int>(a.boolean ? 1 : 0, b.boolean ? 1 : 0, op);
  case value_type::integer:
  case value_type::time:
  case value_type::duration:
    return ordered(a.integer, b.integer, op);
  case value_type::real:
    return ordered(a.real, b.real, op);
  case value_type::string:
  case value_type::bytes:
    return ordered(a.bytes, b.bytes, op);
  case value_type::trace_id:
  case value_type::span_id:
    return op == operation::equal ? a.bytes == b.bytes
                                  : op == operation::not_equal && a.bytes != b.bytes;
  case value_type::list:
  case value_type::map:
    return op == operation::equal ? equal(a, b, 0) : op == operation::not_equal && !equal(a, b, 0);
  case value_type::items:
    return op == operation::not_equal;
  }
  return false;
}

} // namespace

bool compare(const value& left, const value& right, operation op) {
  if (left.type == right.type)
    return compare_same(left, right, op);
  if (left.is(value_type::integer) && right.is(value_type::real))
    return ordered(static_cast<double>(left.integer), right.real, op);
  if (left.is(value_type::real) && right.is(value_type::integer))
    return ordered(left.real, static_cast<double>(right.integer), op);
  return op == operation::not_equal;
}

} // namespace weir::ottl
