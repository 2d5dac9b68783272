#include "ottl/token_reader.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::ottl {

const token& token_reader::peek(std::size_t ahead) const {
  return tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
}

const token& token_reader::next() {
  const auto& t = peek();
  next_ = std::min(next_ + 1, tokens_.size() - 1);
  return t;
}

bool token_reader::follows(std::string_view symbol, std::size_t ahead) const {
  return peek(ahead).kind == token_kind::symbol && peek(ahead).text == symbol;
}

bool token_reader::accept(std::string_view symbol) {
  if (failed() || !follows(symbol))
    return false;
  next();
  return true;
}

void token_reader::expect(std::string_view symbol) {
  if (!accept(symbol))
    refuse(peek(), fmt::format("`{}`", symbol));
}

void token_reader::fail_at(std::size_t offset, std::string message) {
  if (!failed_)
    error_ = {offset, std::move(message)};
  failed_ = true;
}

void token_reader::refuse(const token& found, std::string_view expected) {
  fail_at(found.offset, fmt::format("found {}, expected {}", describe(found), expected));
}

} // namespace weir::ottl
