#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What the file says of the processors. Names and defaults are the Collector's.
namespace weir::processors {

/// A value of any type, as the body of an AnyValue message; empty: not given.
struct any_value {
  std::string bytes;

  bool empty() const noexcept { return bytes.empty(); }
};

enum class action_kind : std::uint8_t { insert, update, upsert, remove, hash, extract, convert };
enum class conversion : std::uint8_t { none, to_string, to_int, to_double };

/// One of `attributes.actions`, `resource.attributes`.
struct action_config {
  std::string key;
  action_kind action = action_kind::insert;
  any_value value;
  any_value default_value; ///< Where the source has none.
  std::string pattern;
  std::string from_attribute;
  std::string from_context; ///< "metadata.x", "auth.x", "client.address", "x" = "metadata.x"
  conversion converted_type = conversion::none;
};

struct match_attribute {
  std::string key;
  any_value value; ///< Not given: any value.
};

struct match_library {
  std::string name;
  std::optional<std::string> version;
};

struct match_severity {
  std::uint32_t min = 0;
  bool match_undefined = false;
};

/// `include`, `exclude`: all criteria that are given have to hold.
struct match_config {
  bool regexp = false; ///< `match_type`
  std::vector<std::string> services;
  std::vector<std::string> span_names;
  std::vector<std::string> span_kinds;
  std::vector<std::string> log_bodies;
  std::vector<std::string> log_severity_texts;
  std::optional<match_severity> log_severity_number;
  std::vector<std::string> metric_names;
  std::vector<match_attribute> attributes;
  std::vector<match_attribute> resources;
  std::vector<match_library> libraries;
};

struct attributes_config {
  std::optional<match_config> include;
  std::optional<match_config> exclude;
  std::vector<action_config> actions;
};

struct resource_config {
  std::vector<action_config> attributes;
};

} // namespace weir::processors
