#include "app/config/option_group.hpp"
#include "app/config/tables.hpp"

// The options of the processors `span`, `redaction` and `probabilistic_sampler`.
namespace weir::app {

namespace {

using processors::redaction_hash;
using processors::redaction_summary;
using processors::sampler_mode;
using processors::status_code;

const option_table<processors::to_attributes_config>& to_attributes_options() {
  using c = processors::to_attributes_config;
  static const option_table<c> table{{
      works("rules", &c::rules, {.required = true},
            "Regexes with named groups: what they match in the name becomes attributes, and "
            "`{group}` in the name. Each works on what the one before left."),
      works("break_after_match", &c::break_after_match, "The first rule that matches is the last."),
      works("keep_original_name", &c::keep_original_name, "The name stays as it was."),
  }};
  return table;
}

const option_table<processors::span_name_config>& span_name_options() {
  using c = processors::span_name_config;
  static const option_table<c> table{{
      works("from_attributes", &c::from_attributes,
            "Attributes whose values make the name; it stays where one of them is missing."),
      works("separator", &c::separator, "Stands between them."),
      block("to_attributes", &c::to_attributes, &to_attributes_options,
            "Attributes out of the name; done behind `from_attributes`."),
  }};
  return table;
}

const option_table<processors::span_status_config>& span_status_options() {
  using c = processors::span_status_config;
  static const option_table<c> table{
      {
          choice("code", &c::code,
                 std::vector<named_value<status_code>>{{"Unset", status_code::unset},
                                                       {"Ok", status_code::ok},
                                                       {"Error", status_code::error}},
                 "The status that spans get.", true),
          works("description", &c::description, "Its message; with `Error` alone."),
      },
      c{},
      [](const section& map, const c& status) {
        if (!status.description.empty() && status.code != status_code::error)
          map.error("description", "found one without `code: Error`, expected none");
      }};
  return table;
}

} // namespace

const option_table<processors::span_config>& span_options() {
  using c = processors::span_config;
  static const option_table<c> table{
      {
          block("include", &c::include, &match_options, "Only what matches is edited."),
          block("exclude", &c::exclude, &match_options, "What matches is not edited."),
          list("attributes", &c::attributes, &action_options,
               "Actions as of the `attributes` processor, done first; the Collector has none here.",
               listing::as_above),
          block("name", &c::name, &span_name_options),
          block("status", &c::status, &span_status_options, "Sets the status."),
      },
      c{},
      [](const section& map, const c& config) {
        if (!config.attributes.empty())
          map.warn("attributes", "the Collector has none here: write an `attributes` processor");
        else if (config.name.from_attributes.empty() && !config.name.to_attributes
                 && !config.status)
          map.error("", "found nothing to do, expected `name.from_attributes`, "
                        "`name.to_attributes` or `status`");
      }};
  return table;
}

const option_table<processors::redaction_config>& redaction_options() {
  using c = processors::redaction_config;
  static const option_table<c> table{{
      works("allow_all_keys", &c::allow_all_keys,
            "All keys may stay; else those that are not in `allowed_keys` are removed."),
      works("allowed_keys", &c::allowed_keys, "Keys that may stay."),
      works("ignored_keys", &c::ignored_keys, "Keys that stay, whatever their values."),
      works("ignored_key_patterns", &c::ignored_key_patterns, "The same, by regex."),
      works("blocked_key_patterns", &c::blocked_key_patterns,
            "Regexes of keys whose whole values are masked."),
      works("blocked_values", &c::blocked_values, "Regexes; what they match in a value is masked."),
      works("allowed_values", &c::allowed_values, "Regexes of values that stay all the same."),
      works("redact_all_types", &c::redact_all_types,
            "Numbers and other kinds are looked at as text too."),
      choice("hash_function", &c::hash_function,
             std::vector<named_value<redaction_hash>>{{"", redaction_hash::none},
                                                      {"md5", redaction_hash::md5},
                                                      {"sha1", redaction_hash::sha1},
                                                      {"sha3", redaction_hash::sha3},
                                                      {"hmac-sha256", redaction_hash::hmac_sha256},
                                                      {"hmac-sha512", redaction_hash::hmac_sha512}},
             "What stands in the place of what is masked; empty: `****`."),
      works("hmac_key", &c::hmac_key, {.secret = true},
            "For the hmac functions: at least 32 (64) bytes."),
      choice("summary", &c::summary,
             std::vector<named_value<redaction_summary>>{{"silent", redaction_summary::silent},
                                                         {"info", redaction_summary::info},
                                                         {"debug", redaction_summary::debug}},
             "Attributes `redaction.…` that say what was done: none, counts, or the keys too."),
      refused("url_sanitizer", "URLs are not taken apart; `blocked_values` masks by regex"),
      refused("db_sanitizer", "queries are not taken apart; `blocked_values` masks by regex"),
  }};
  return table;
}

const option_table<processors::probabilistic_sampler_config>& probabilistic_sampler_options() {
  using c = processors::probabilistic_sampler_config;
  static const option_table<c> table{
      {
          works("sampling_percentage", &c::sampling_percentage, {.min = "0"},
                "The share that is kept; from 100 on all."),
          choice(
              "mode", &c::mode,
              std::vector<named_value<sampler_mode>>{{"hash_seed", sampler_mode::hash_seed},
                                                     {"equalizing", sampler_mode::equalizing},
                                                     {"proportional", sampler_mode::proportional}},
              "hash_seed: by a hash of the trace id. The others go by OpenTelemetry's "
              "consistent sampling: equalizing brings everything down to the share, "
              "proportional takes the share of what comes."),
          works("hash_seed", &c::hash_seed, "Different seeds decide independently of each other."),
          works("fail_closed", &c::fail_closed,
                "Items that say nonsense of their sampling are dropped; else kept."),
          works("sampling_precision", &c::sampling_precision, {.min = "1", .max = "14"},
                "Hexadecimal digits of the threshold that is written down."),
          choice("attribute_source", &c::from_record,
                 std::vector<named_value<bool>>{{"traceID", false}, {"record", true}},
                 "Log records: what is hashed."),
          works("from_attribute", &c::from_attribute,
                "Log records: the attribute that is hashed where there is no trace id, or with "
                "`attribute_source: record`."),
          works("sampling_priority", &c::sampling_priority,
                "Log records: an attribute with a percentage of their own."),
      },
      c{},
      [](const section& map, const c& config) {
        constexpr double least = 100.0 / static_cast<double>(std::uint64_t{1} << 56);
        if (config.sampling_percentage > 0 && config.sampling_percentage < least)
          map.error("sampling_percentage", "it is below what 56 bits can say");
      }};
  return table;
}

} // namespace weir::app
