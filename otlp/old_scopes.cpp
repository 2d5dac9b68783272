#include "otlp/old_scopes.hpp"

#include "otlp/wire.hpp"

namespace weir::otlp {

namespace {

constexpr std::uint32_t resource_number = 1;
constexpr std::uint32_t scopes_number = 2;
constexpr std::uint32_t old_scopes_number = 1000;

// Which lists of scopes a resource has.
struct lists {
  bool now = false;
  bool old = false;
};

lists lists_of(std::string_view resource) {
  lists found;
  wire::for_each_field(resource, [&](const wire::field& f) {
    found.now |= f.number == scopes_number;
    found.old |= f.number == old_scopes_number;
  });
  return found;
}

bool has_old(std::string_view message) {
  bool found = false;
  wire::for_each_field(message, [&](const wire::field& f) {
    found |= f.number == resource_number && lists_of(f.bytes).old;
  });
  return found;
}

// Calls on_field(field, its bytes with tag and length).
template <class OnField>
void for_each_whole_field(std::string_view message, OnField&& on_field) {
  wire::reader fields{message};
  for (const char* next = fields.at(); const auto f = fields.next(); next = fields.at())
    on_field(*f, std::string_view{next, static_cast<std::size_t>(fields.at() - next)});
}

std::string renewed(std::string_view resource, bool keep_old) {
  std::string out;
  for_each_whole_field(resource, [&](const wire::field& f, std::string_view whole) {
    if (f.number != old_scopes_number)
      out.append(whole);
    else if (keep_old)
      wire::append_bytes_field(out, scopes_number, f.bytes);
  });
  return out;
}

} // namespace

bool renew_old_scopes(std::string_view message, std::string& out) {
  if (!has_old(message))
    return false;
  for_each_whole_field(message, [&](const wire::field& f, std::string_view whole) {
    const auto found = f.number == resource_number ? lists_of(f.bytes) : lists{};
    if (found.old)
      wire::append_bytes_field(out, resource_number, renewed(f.bytes, !found.now));
    else
      out.append(whole);
  });
  return true;
}

} // namespace weir::otlp
