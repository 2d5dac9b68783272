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

enum class conversion : std::uint8_t { none, to_string, to_int, to_double };

/// The header that a `from_context` takes its value from, lower-case; "" where it is none.
std::string metadata_key(std::string_view from_context);

/// The attribute actions of the attributes and resource processors, in their order. The results are
/// the Collector's (v0.161), with two differences: of a key that stands twice no copy is left
/// behind, and what is kept stays in its order. Immutable.
class action_list {
public:
  /// errc::invalid_argument where an action misses something or has too much; the number of the
  /// action, from 0, is in `position`.
  static result<action_list> compile(const std::vector<action_config>& actions,
                                     std::size_t& position);

  /// Edits the attributes of `item`.
  void apply(item& item, context& context) const;

private:
  enum class source : std::uint8_t { value, attribute, request };

  struct action {
    action_kind kind{};
    std::string key;
    source value_source = source::value;
    std::string value;     ///< An any, or the name of an attribute or of a value of the request.
    std::string otherwise; ///< An any; empty: none.
    std::optional<regex> pattern;
    conversion target = conversion::none;
    std::uint32_t rule = 0;      ///< The memo's number of its pattern,
    std::uint32_t hash_rule = 0; ///< and of its digest.
  };

  static result<action> compile_one(const action_config& config);
  static result<void> find_source(const action_config& config, action& made);
  static std::optional<std::string_view> source_of(const action& a, const item& item,
                                                   context& context);
  static bool names(const action& a, std::string_view key);
  static std::string_view hashed(const action& a, std::string_view any, arena& memory);
  static void hash(const action& a, item& item);
  static void extract(const action& a, item& item);

  std::vector<action> actions_;
};

/// The any with the SHA-256 of a value, in hexadecimal: of a text's bytes, of one byte of a bool,
/// of eight little-endian bytes of a number; "" of any other kind.
std::string_view hash_value(arena& memory, std::string_view any);

/// A number as Go's ParseFloat reads it.
std::optional<double> parse_real(std::string_view text);

/// The any converted; as it was where it cannot be.
std::string_view convert_value(arena& memory, std::string_view any, conversion conversion);

} // namespace weir::processors
