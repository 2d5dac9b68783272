#pragma once

#include "ottl/evaluation.hpp"

namespace weir::ottl {

/// A key whose value is known.
struct resolved_key {
  bool is_text = true;
  std::string_view text;
  std::int64_t place = 0;
};

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
  bool get_attributes(value& out);
  bool get_keys(value& v, std::uint32_t source);
  bool get_point(value& out);
  bool get_metric(value& out);
  bool set_attributes(const value& v);
  bool set_body(const value& v);
  bool set_cache(const value& v);
  bool set_in(const value& current, std::uint32_t source, const value& v, value& out);
  bool set_scalar(const value& v);
  bool set_point(const value& v);
  bool set_metric(const value& v);
  bool set_status(std::uint32_t field, const value& v);
  bool set_id(const value& v);
  bool set_trace_state(const value& v);
  bool set_kind(const value& v);
  bool check_type(const value& v);

  /// A value's any, and a text, in memory that lives until the message is written.
  bool store(const value& v, std::string_view& any);
  bool store_text(std::string_view text, std::string_view& stored);
  bool has_room(std::size_t size);

  evaluation& e_;
  const resolved_path& path_;
  const path_info& info_;
};

} // namespace weir::ottl
