#pragma once

#include "ottl/evaluation.hpp"

namespace weir::ottl {

/// A key whose value is known.
struct resolved_key {
  bool is_text = true;
  std::string_view text;
  std::int64_t place = 0;
};

/// An enum's number: 32 bits with a sign. A negative one has ten bytes on the wire.
inline std::int64_t enumerated(std::uint64_t number) noexcept {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(number));
}
inline std::uint64_t enumerated_on_wire(std::int64_t number) noexcept {
  return static_cast<std::uint64_t>(enumerated(static_cast<std::uint64_t>(number)));
}

/// Reads and writes one path of the items of an evaluation.
class path_access {
public:
  /// Places that a list may be filled up to with nil to write behind its end.
  static constexpr std::int64_t max_filled = 1024;

  path_access(evaluation& e, const resolved_path& path) : e_(e), path_(path), info_(*path.info) {}

  bool get(value& out);
  bool set(const value& v);
  /// The same with a literal's bytes, which need no copy.
  bool set_literal(const expression& literal);

  static bool resolve(evaluation& e, const key& k, resolved_key& out);

private:
  item& on() const noexcept { return *e_.subject_.at(info_.context); }

  bool first_key(resolved_key& out) { return resolve(e_, e_.p_.keys[path_.keys.first], out); }
  bool set_scalar(const value& v);
  bool set_text(std::string_view text);
  bool check_type(const value& v);

  // -- path_access_maps.cpp --
  bool get_attributes(value& out);
  bool get_cache(value& out);
  bool get_body(value& out);
  bool get_body_text(value& out);
  /// What the keys behind the first so many lead to, instead of `v`.
  bool get_keys(value& v, std::uint32_t skipped);
  bool set_attributes(const value& v);
  bool set_body(const value& v);
  bool set_cache(const value& v);
  /// `current` with what those keys lead to replaced by `v`. Nothing there: a map or a list is
  /// made, as the key wants it.
  bool set_in(const value& current, std::uint32_t skipped, const value& v, value& out);

  // -- path_access_spans.cpp --
  bool get_id(value& out);
  bool get_id_text(value& out);
  bool set_id(const value& v);
  bool get_trace_state(value& out);
  bool set_trace_state(const value& v);
  bool get_kind(value& out);
  bool set_kind(const value& v);
  bool get_status(value& out);
  bool set_status(const value& v);

  // -- path_access_metrics.cpp --
  bool get_metric(value& out);
  bool set_metric(const value& v);
  bool get_point(value& out);
  bool get_buckets(value& out);
  bool set_point(const value& v);

  /// A value's any, and a text, in memory that lives until the message is written.
  bool store(const value& v, std::string_view& any);
  bool store_text(std::string_view text, std::string_view& stored);
  bool has_room(std::size_t size);
  /// The workspace's text, copied to where it stays until the item is done.
  bool finish_text(value& out);

  evaluation& e_;
  const resolved_path& path_;
  const path_info& info_;
};

} // namespace weir::ottl
