#pragma once

#include "ottl/syntax.hpp"

namespace weir::ottl {

enum class token_kind : std::uint8_t {
  end,
  bytes,
  real,
  integer,
  string,
  name, ///< Letters, digits and `_`, but for the words below.
  nil,
  boolean,
  not_,
  and_,
  or_,
  comparison,
  plus_minus,
  times_divide,
  symbol, ///< One of = => ( ) { } [ ] : , .
};

struct token {
  token_kind kind = token_kind::end;
  std::size_t offset = 0;
  std::string_view text; ///< As it stands there.
};

/// Cuts a statement into tokens, the last one of kind `end`.
parsed<std::vector<token>> lex(std::string_view text);

/// The content of a string token: quotes gone, escapes replaced. Escapes are Go's: \a \b \f \n \r
/// \t \v \\ \" \xHH \OOO \uHHHH \UHHHHHHHH.
parsed<std::string> unquote(const token& string);

/// "`foo`", cut when it is long; "the end" for the last token.
std::string describe(const token& found);

} // namespace weir::ottl
