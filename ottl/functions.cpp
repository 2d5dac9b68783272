#include "ottl/functions.hpp"

#include <unordered_map>

namespace weir::ottl {

namespace {

using function_map = std::unordered_map<std::string_view, const function_info*>;

const function_map& all() {
  static const auto functions = [] {
    function_map made;
    for (const auto part :
         {editor_functions(),      map_key_functions(),     map_text_functions(),
          map_merging_functions(), text_functions(),        number_functions(),
          time_functions(),        calendar_functions(),    case_functions(),
          code_functions(),        hash_functions(),        network_functions(),
          row_functions(),         grok_functions(),        user_agent_functions(),
          xml_functions(),         xml_value_functions(),   metric_functions(),
          made_metric_functions(), aggregation_functions(), bucket_functions(),
          list_functions(),        lambda_functions(),      span_functions()})
      for (const auto& f : part)
        made.emplace(f.name, &f);
    return made;
  }();
  return functions;
}

} // namespace

const function_info* find_function(std::string_view name) noexcept {
  const auto found = all().find(name);
  return found == all().end() ? nullptr : found->second;
}

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names;
  for (const auto& [name, info] : all())
    names.push_back(name);
  return names;
}

} // namespace weir::ottl
