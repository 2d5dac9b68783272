#pragma once

#include "ottl/lexer.hpp"

namespace weir::ottl {

/// A place in the tokens of a statement, which only moves on, and the first error found there.
class token_reader {
public:
  /// @pre `tokens` end with one of kind `end`, and outlive this
  explicit token_reader(const std::vector<token>& tokens) : tokens_(tokens) {}

  /// The token in hand, or one behind it; at last always the end.
  const token& peek(std::size_t ahead = 0) const;
  /// The token in hand, and moves on.
  const token& next();
  bool follows(std::string_view symbol, std::size_t ahead = 0) const;
  /// Moves on where the symbol is in hand; never after an error.
  bool accept(std::string_view symbol);
  /// The same, and an error where it is not.
  void expect(std::string_view symbol);

  bool failed() const noexcept { return failed_; }
  /// Only the first error counts.
  void fail_at(std::size_t offset, std::string message);
  void refuse(const token& found, std::string_view expected);
  const statement_error& error() const noexcept { return error_; }

private:
  const std::vector<token>& tokens_;
  std::size_t next_ = 0;
  statement_error error_;
  bool failed_ = false;
};

} // namespace weir::ottl
