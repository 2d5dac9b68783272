#pragma once

#include "core/error.hpp"
#include "editing/regex.hpp"
#include "processors/config.hpp"
#include "processors/processor.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::processors {

/// What was done to the attributes of one item, for the summary.
struct redaction_tally {
  struct list {
    std::uint64_t count = 0;
    std::vector<std::string> keys; ///< With `summary: debug` alone.
  };
  list redacted, masked, allowed, ignored;
};

/// The rules of the redaction processor, as the Collector has them (v0.161). Immutable.
class redactor {
public:
  static result<redactor> compile(const redaction_config& config);

  /// What is to happen to an attribute or an entry of a map, by its key.
  enum class key_rule : std::uint8_t { look_at_value, ignore, remove, mask };
  key_rule rule_of(std::string_view key) const;
  bool masks_key(std::string_view key) const;

  bool allows(std::string_view value) const;
  bool all_types() const noexcept { return all_types_; }

  /// The whole value masked. In `scratch`.
  std::string_view mask(std::string_view value, std::string& scratch) const;
  /// What of it is blocked masked; the value itself where nothing is.
  std::string_view mask_blocked(std::string_view value, std::string& scratch,
                                std::string& other) const;

  void note(redaction_tally::list& tally, std::string_view key) const;
  /// Writes the summary into the attributes; `prefix`: "redaction." or "redaction.body.".
  void summarise(redaction_tally& tally, std::string_view prefix, item& item) const;

private:
  static result<std::vector<regex>> compile(const std::vector<std::string>& patterns,
                                            std::string_view option);
  void summarise_one(redaction_tally::list& tally, std::string_view prefix, std::string_view name,
                     bool with_keys, item& item) const;
  void replace(const regex& pattern, std::string_view value, std::string& out) const;
  void append_mask(std::string& out, std::string_view match) const;

  bool allow_all_ = false;
  bool all_types_ = false;
  std::vector<std::string> allowed_keys_; ///< Sorted.
  std::vector<std::string> ignored_keys_; ///< Sorted.
  std::vector<regex> ignored_patterns_;
  std::vector<regex> blocked_keys_;
  std::vector<regex> blocked_values_;
  std::vector<regex> allowed_values_;
  std::vector<regex> everything_; ///< One: ".*".
  redaction_hash hash_ = redaction_hash::none;
  std::string hmac_key_;
  redaction_summary summary_ = redaction_summary::silent;
};

} // namespace weir::processors
