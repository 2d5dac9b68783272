// The counting half of otlp/check.hpp.
#include "otlp/check.hpp"
#include "otlp/wire.hpp"

namespace weir::otlp {

namespace {

// Adds the elements of field `number`, of the deprecated field 1000 where there are none of those.
template <class OnElement>
void each(std::string_view message, std::uint32_t number, OnElement&& on_element) {
  bool found = false;
  wire::reader present{message};
  while (auto f = present.next())
    if (f->number == number && f->type == wire::type::bytes) {
      found = true;
      on_element(f->bytes);
    }
  if (found || number != 2)
    return;
  wire::reader old{message};
  while (auto f = old.next())
    if (f->number == 1000 && f->type == wire::type::bytes)
      on_element(f->bytes);
}

std::uint64_t points_of_metric(std::string_view metric) {
  std::uint64_t count = 0;
  wire::reader fields{metric};
  while (auto f = fields.next()) {
    const auto* known = info(message_id::metric).find(f->number);
    if (known != nullptr && known->in_oneof)
      each(f->bytes, 1, [&](std::string_view) { ++count; });
  }
  return count;
}

// Data points or log records of a message whose form was checked.
std::uint64_t count_items(signal kind, std::string_view message) {
  std::uint64_t count = 0;
  each(message, 1, [&](std::string_view resource) {
    each(resource, 2, [&](std::string_view scope) {
      wire::reader items{scope};
      while (auto f = items.next())
        if (f->number == 2)
          count += kind == signal::metrics ? points_of_metric(f->bytes) : 1;
    });
  });
  return count;
}

} // namespace

tl::expected<std::uint64_t, parse_error> check_items(signal kind, std::string_view message,
                                                     const scan_limits& limits) {
  checker check{limits};
  const auto root = root_of(kind);
  if (message.size() > wire::max_length)
    check.fail(fault_kind::message_too_large, message.data());
  else
    check.check(root, message, 0);
  if (check.fault() != fault_kind::none || check.value() != value_fault::none)
    return tl::unexpected(explain(check, root, message));
  return count_items(kind, message);
}

} // namespace weir::otlp
