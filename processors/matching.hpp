#pragma once

#include "core/error.hpp"
#include "editing/regex.hpp"
#include "processors/config.hpp"
#include "processors/processor.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::processors {

/// Texts to match, all as they are or all as regexes. Empty: everything matches.
class text_filter {
public:
  static result<text_filter> compile(const std::vector<std::string>& texts, bool regexp);

  bool empty() const noexcept { return texts_.empty() && patterns_.empty(); }
  bool matches(std::string_view text) const;

private:
  std::vector<std::string> texts_;
  std::vector<regex> patterns_;
};

/// One of `include` and `exclude`, compiled for a signal. Immutable.
class matcher {
public:
  /// errc::invalid_argument where there are no criteria, ones of another signal, or bad regexes.
  static result<matcher> compile(const match_config& config, weir::signal kind);

  /// What can be said of all items of a scope: services, resources, libraries.
  bool matches_scope(context& context) const;
  /// What cannot.
  bool matches_item(context& context) const;
  bool asks_items() const noexcept { return asks_items_; }

  level reads() const noexcept { return reads_; }

private:
  struct attribute_filter {
    std::string key;
    std::string any; ///< To be equal; empty: see the others.
    std::optional<regex> pattern;
  };
  struct library_filter {
    text_filter name;
    std::optional<text_filter> version;
  };

  static result<std::vector<attribute_filter>> compile(const std::vector<match_attribute>& wanted,
                                                       bool regexp);
  result<void> compile_texts(const match_config& config);
  result<void> compile_libraries(const match_config& config);
  static bool matches(const std::vector<attribute_filter>& wanted, const item& item,
                      context& context);
  bool matches_severity(std::uint64_t number) const noexcept;

  text_filter services_;
  text_filter span_names_;
  text_filter span_kinds_;
  text_filter log_bodies_;
  text_filter log_severity_texts_;
  text_filter metric_names_;
  std::optional<match_severity> severity_;
  std::vector<attribute_filter> attributes_;
  std::vector<attribute_filter> resources_;
  std::vector<library_filter> libraries_;
  weir::signal kind_{};
  bool asks_items_ = false;
  level reads_ = no_level;
};

/// Which items a processor works on: those that `include` matches and `exclude` does not.
class selection {
public:
  static result<selection> compile(const std::optional<match_config>& include,
                                   const std::optional<match_config>& exclude, weir::signal kind);

  /// Whether any item of the scope may be chosen.
  bool wants_scope(context& context) const;
  bool wants_item(context& context) const;
  level reads() const noexcept;

private:
  std::optional<matcher> include_;
  std::optional<matcher> exclude_;
};

} // namespace weir::processors
