#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::ottl {

/// A URL in its parts, as Go's net/url takes it apart. Texts are unescaped but for `query`,
/// `opaque` and the two that say how path and fragment were written.
struct url {
  std::string scheme; ///< In lower case.
  std::string opaque; ///< What follows the scheme where that is no path: `mailto:...`.
  bool has_user = false;
  std::string user;
  std::optional<std::string> password;
  std::string host; ///< With its port.
  bool omits_host = false;
  std::string path;
  std::string path_as_written;
  bool ends_with_question_mark = false;
  std::string query;
  std::string fragment;
  std::string fragment_as_written;

  std::string_view host_name() const noexcept;
  std::string_view port() const noexcept; ///< Digits, or "".
  std::string user_info() const;
  std::string written() const; ///< All of it, escaped where it has to be.
};

/// Nothing where it is malformed.
std::optional<url> read_url(std::string_view text);

/// Parameters of a query, in the order of their first mention; nothing where it is malformed or has
/// more than 10,000.
using query_parameters = std::vector<std::pair<std::string, std::vector<std::string>>>;
std::optional<query_parameters> read_query(std::string_view query);

} // namespace weir::ottl
