#include "ottl/parameter_types.hpp"

#include <algorithm>
#include <initializer_list>

namespace weir::ottl {

std::string_view text_of(parameter_type type) noexcept {
  switch (type) {
  case parameter_type::text:
  case parameter_type::text_literal:
    return "a string";
  case parameter_type::integer:
  case parameter_type::integer_literal:
    return "a whole number";
  case parameter_type::real:
  case parameter_type::real_literal:
    return "a real number";
  case parameter_type::boolean:
  case parameter_type::boolean_literal:
    return "true or false";
  case parameter_type::map:
    return "a map";
  case parameter_type::time:
    return "a time";
  case parameter_type::duration:
    return "a duration";
  case parameter_type::target:
    return "a path";
  case parameter_type::map_target:
    return "a path to a map";
  case parameter_type::list:
  case parameter_type::list_literal:
    return "a list";
  case parameter_type::text_list_literal:
    return "a list of strings";
  case parameter_type::real_list_literal:
    return "a list of real numbers";
  case parameter_type::regex:
    return "a string with a regular expression";
  case parameter_type::glob:
    return "a string with a pattern";
  case parameter_type::converter:
    return "the name of a converter";
  case parameter_type::lambda:
    return "a lambda such as `(key, value) => value`";
  default:
    return "a value";
  }
}

bool literal_fits(parameter_type type, const node& given) noexcept {
  const auto one_of = [&](std::initializer_list<node_kind> kinds) {
    return std::find(kinds.begin(), kinds.end(), given.kind) != kinds.end();
  };
  const bool dynamic =
      one_of({node_kind::path, node_kind::call, node_kind::arithmetic, node_kind::negate});
  switch (type) {
  case parameter_type::text:
    return dynamic || one_of({node_kind::string});
  case parameter_type::integer:
    return dynamic || one_of({node_kind::integer});
  case parameter_type::real:
    return dynamic || one_of({node_kind::real});
  case parameter_type::boolean:
    return dynamic || one_of({node_kind::boolean});
  case parameter_type::map:
    return dynamic || one_of({node_kind::map});
  case parameter_type::list:
    return dynamic || one_of({node_kind::list});
  case parameter_type::time:
  case parameter_type::duration:
    return dynamic;
  case parameter_type::target:
  case parameter_type::map_target:
    return one_of({node_kind::path});
  case parameter_type::text_literal:
  case parameter_type::regex:
  case parameter_type::glob:
    return one_of({node_kind::string});
  case parameter_type::integer_literal:
    return one_of({node_kind::integer});
  case parameter_type::boolean_literal:
    return one_of({node_kind::boolean});
  case parameter_type::real_literal:
    return one_of({node_kind::real});
  case parameter_type::list_literal:
  case parameter_type::text_list_literal:
  case parameter_type::real_list_literal:
    return one_of({node_kind::list});
  case parameter_type::converter:
    return one_of({node_kind::enumerator});
  case parameter_type::lambda:
    return one_of({node_kind::lambda});
  default:
    return true;
  }
}

} // namespace weir::ottl
