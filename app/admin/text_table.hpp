#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Tables and values as people read them on a terminal.
namespace weir::app {

/// As wide as every terminal is.
inline constexpr std::size_t screen_width = 80;

enum class side : std::uint8_t { left, right };

struct text_column {
  std::string title;
  side aligned = side::left;
  bool shrinks = false; ///< Where a line would be too wide, this column's texts are cut.
};

/// Rows of texts under titles, in lines of at most `screen_width` characters as long as the columns
/// that do not shrink leave room. A column that is empty in all rows is left out. Control characters
/// are shown, not sent. Pure.
class text_table {
public:
  explicit text_table(std::vector<text_column> columns) : columns_(std::move(columns)) {}

  /// @pre as many as there are columns
  void add(std::vector<std::string> cells);
  bool empty() const noexcept { return rows_.empty(); }

  /// With a title line, each line behind `indent` blanks.
  std::string text(std::size_t indent = 0) const;

private:
  std::vector<std::size_t> widths(std::size_t room) const;
  std::string line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths,
                   std::size_t indent) const;

  std::vector<text_column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// How many characters a text has on a line, its bytes being UTF-8.
std::size_t width_of(std::string_view text);
/// The text, or its beginning and `…`.
std::string cut_to(std::string_view text, std::size_t width);
/// A paragraph in lines of at most `screen_width`: the first behind `head`, the others as far in.
/// Words that are longer stay whole.
std::string wrapped(std::string_view head, std::string_view text);

/// "1,234,567"
std::string count_text(std::uint64_t count);
/// "1,234 traces", "1 trace"
std::string count_text(std::uint64_t count, std::string_view word);
/// "512 B", "1.5 MiB"
std::string size_text(std::uint64_t bytes);
/// "0.4 ms", "12 s", "3 min", "2.5 h", "4 days"; the sign of what is below 0 is left out.
std::string span_text(double seconds);
/// "33.4 %"
std::string share_text(double share);

} // namespace weir::app
