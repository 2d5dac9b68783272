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
/// One of `attributes.actions`, `resource.attributes`.
struct action_config {
  std::string key;
  action_kind action = action_kind::insert;
  any_value value;
  any_value default_value; ///< Where the source has none.
  std::string pattern;
  std::string from_attribute;
  std::string from_context;   ///< "metadata.x", "auth.x", "client.address", "x" = "metadata.x"
  std::string converted_type; ///< "int", "double", "string"; "": not given.
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

/// `span.name.to_attributes`
struct to_attributes_config {
  std::vector<std::string> rules;
  bool break_after_match = false;
  bool keep_original_name = false;
};

/// `span.name`
struct span_name_config {
  std::vector<std::string> from_attributes;
  std::string separator;
  std::optional<to_attributes_config> to_attributes;
};

enum class status_code : std::uint8_t { unset, ok, error };

/// `span.status`
struct span_status_config {
  status_code code = status_code::unset;
  std::string description;
};

struct span_config {
  std::vector<action_config> attributes; ///< Done first; the Collector has none.
  std::optional<match_config> include;
  std::optional<match_config> exclude;
  span_name_config name;
  std::optional<span_status_config> status;
};

enum class redaction_summary : std::uint8_t { silent, info, debug };
enum class redaction_hash : std::uint8_t { none, md5, sha1, sha3, hmac_sha256, hmac_sha512 };

struct redaction_config {
  bool allow_all_keys = false;
  std::vector<std::string> allowed_keys;
  std::vector<std::string> ignored_keys;
  std::vector<std::string> ignored_key_patterns;
  std::vector<std::string> blocked_key_patterns;
  std::vector<std::string> blocked_values;
  std::vector<std::string> allowed_values;
  bool redact_all_types = false;
  redaction_hash hash_function = redaction_hash::none;
  std::string hmac_key;
  redaction_summary summary = redaction_summary::silent;
};

enum class sampler_mode : std::uint8_t { hash_seed, equalizing, proportional };

struct probabilistic_sampler_config {
  double sampling_percentage = 0;
  sampler_mode mode = sampler_mode::hash_seed;
  std::uint32_t hash_seed = 0;
  bool fail_closed = true;
  int sampling_precision = 4; ///< Hexadecimal digits of a threshold, 1 to 14.
  bool from_record = false;   ///< `attribute_source: record`; log records alone.
  std::string from_attribute;
  std::string sampling_priority;
};

} // namespace weir::processors
