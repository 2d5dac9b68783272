#pragma once

#include "otlp/schema.hpp"

#include <cstdint>
#include <random>
#include <string>

namespace weir::otlp::test {

/// Makes random OTLP messages from the schema, in the form a protobuf library would write them:
/// fields by number, each single field once, numbers packed. One seed, one sequence of messages.
class generator {
public:
  explicit generator(std::uint64_t seed) : random_(seed) {}

  /// A message with at most about `size` elements a list and a few levels of nested values.
  std::string message(message_id id, std::uint32_t size = 3);

private:
  void field(const field_info& f, std::uint32_t size, std::uint32_t depth, std::string& out);
  void body(message_id id, std::uint32_t size, std::uint32_t depth, std::string& out);
  void value(const field_info& f, std::uint32_t size, std::uint32_t depth, std::string& out);
  void number(const field_info& f, std::string& out);
  std::string text();
  std::string id(std::size_t size);
  std::uint64_t integer();
  double real();
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  std::mt19937_64 random_;
};

} // namespace weir::otlp::test
