#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::ottl {

/// The fields of one row of comma separated values, as Go's encoding/csv reads them (RFC 4180):
/// fields in quotes may hold delimiters and ends of lines. What follows an end of a line outside
/// quotes goes on with the last field. `lazy_quotes`: quotes may stand anywhere. Nothing where
/// there is no row, or where quotes are wrong in a line's first field; where they are wrong later,
/// the rest of that line is left out.
/// @pre is_csv_delimiter(delimiter)
std::optional<std::vector<std::string>> read_csv_row(std::string_view row,
                                                     std::string_view delimiter, bool lazy_quotes);

/// Whether a character can stand between fields: no quote and no end of a line.
bool is_csv_delimiter(std::string_view text) noexcept;

} // namespace weir::ottl
