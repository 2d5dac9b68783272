#include "ottl/csv.hpp"

namespace weir::ottl {

namespace {

class csv_reader {
public:
  csv_reader(std::string_view text, std::string_view delimiter, bool lazy_quotes)
      : rest_(text), delimiter_(delimiter), lazy_(lazy_quotes) {}

  /// The fields of the next line that is not empty, as far as they are well-formed; false: there is
  /// none.
  bool read(std::vector<std::string>& fields) {
    do {
      if (!read_line())
        return false;
    } while (line_.empty() || line_ == "\n");
    left_ = line_;
    bool more = true;
    while (more) {
      std::string field;
      const bool good = left_.starts_with('"') ? quoted(field, more) : plain(field, more);
      if (!good)
        break;
      fields.push_back(std::move(field));
    }
    return true;
  }

private:
  /// A line with its end, which is "\n" also where the text has "\r\n".
  bool read_line() {
    if (rest_.empty())
      return false;
    const auto end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
    if (line_.ends_with('\r'))
      line_.pop_back();
    if (end != std::string_view::npos)
      line_ += '\n';
    return true;
  }

  bool at_end_of_line() const { return left_.empty() || left_ == "\n"; }

  bool plain(std::string& field, bool& more) {
    const auto end = left_.find(delimiter_);
    more = end != left_.npos;
    auto text = left_.substr(0, end);
    if (!more && text.ends_with('\n'))
      text.remove_suffix(1);
    if (!lazy_ && text.find('"') != text.npos)
      return false;
    field = text;
    left_.remove_prefix(more ? end + delimiter_.size() : left_.size());
    return true;
  }

  bool quoted(std::string& field, bool& more) {
    left_.remove_prefix(1);
    more = false;
    while (true) {
      const auto quote = left_.find('"');
      field += left_.substr(0, quote);
      if (quote == left_.npos) {
        if (left_.empty())
          return lazy_; // the text ended inside the quotes
        next_line_of_field();
        continue;
      }
      left_.remove_prefix(quote + 1);
      if (left_.starts_with('"')) {
        field += '"';
        left_.remove_prefix(1);
      } else if (left_.starts_with(delimiter_)) {
        left_.remove_prefix(delimiter_.size());
        more = true;
        return true;
      } else if (at_end_of_line()) {
        return true;
      } else if (lazy_) {
        field += '"';
      } else {
        return false;
      }
    }
  }

  void next_line_of_field() {
    if (!read_line())
      line_.clear();
    left_ = line_;
  }

  std::string_view rest_;
  std::string line_;
  std::string_view left_; ///< Of the line.
  std::string_view delimiter_;
  bool lazy_;
};

} // namespace

std::optional<std::vector<std::string>> read_csv_row(std::string_view row,
                                                     std::string_view delimiter, bool lazy_quotes) {
  csv_reader reader(row, delimiter, lazy_quotes);
  std::vector<std::string> joined;
  std::vector<std::string> fields;
  while (reader.read(fields)) {
    if (fields.empty())
      return std::nullopt;
    auto first = fields.begin();
    if (!joined.empty())
      joined.back().append("\n").append(*first++);
    joined.insert(joined.end(), std::make_move_iterator(first),
                  std::make_move_iterator(fields.end()));
    fields.clear();
  }
  if (joined.empty())
    return std::nullopt;
  return joined;
}

bool is_csv_delimiter(std::string_view text) noexcept {
  constexpr std::string_view replacement_character = "\ufffd";
  return text != "\"" && text != "\n" && text != "\r" && text != std::string_view("\0", 1)
         && text != replacement_character;
}

} // namespace weir::ottl
