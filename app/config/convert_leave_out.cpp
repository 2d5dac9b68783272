#include "app/config/convert.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

// Takes what Weir does not know out of a converted configuration.
namespace weir::app {

namespace {

constexpr int max_rounds = 50;

/// A place in a tree: the value, and what it stands in.
struct spot {
  yaml_value* parent = nullptr;
  std::size_t index = 0; ///< Into the parent's items or entries.
  std::string path;

  yaml_value& value() const {
    return parent->is_map() ? parent->entries[index].value : parent->items[index];
  }
};

/// Finds what a diagnostic's path names: "a.b.c[1].d". Keys may hold dots themselves.
std::optional<spot> locate(yaml_value& root, std::string_view path) {
  std::optional<spot> found;
  auto* node = &root;
  std::string walked;
  while (!path.empty()) {
    if (path[0] == '[' && node->is_list()) {
      const auto end = path.find(']');
      const auto index = static_cast<std::size_t>(std::atoll(std::string(path.substr(1)).c_str()));
      if (end == path.npos || index >= node->items.size())
        return std::nullopt;
      walked += path.substr(0, end + 1);
      found = spot{node, index, walked};
      path.remove_prefix(end + 1);
    } else {
      if (path[0] == '.')
        path.remove_prefix(1);
      // The longest key that fits: ids may have dots in them.
      std::size_t best = node->entries.size();
      for (std::size_t i = 0; i < node->entries.size(); ++i) {
        const auto& key = node->entries[i].key;
        const auto next = path.substr(std::min(key.size(), path.size()));
        if (path.starts_with(key) && (next.empty() || next[0] == '.' || next[0] == '[')
            && (best == node->entries.size() || key.size() > node->entries[best].key.size()))
          best = i;
      }
      if (best == node->entries.size())
        return std::nullopt;
      const auto& key = node->entries[best].key;
      walked += walked.empty() ? key : "." + key;
      path.remove_prefix(key.size());
      found = spot{node, best, walked};
    }
    node = &found->value();
  }
  return found;
}

/// A policy without its type or a value would be another one: it goes as a whole.
std::string_view whole_policy(std::string_view path) {
  const auto policies = path.find(".policies[");
  return policies == path.npos ? path : path.substr(0, path.find(']', policies) + 1);
}

/// The pipeline that has nothing left to take in, or to send to, where that is what the error is
/// about; else "".
std::string_view empty_pipeline(std::string_view path) {
  const auto last = path.rfind('.');
  const bool lists_ids = path.ends_with(".receivers") || path.ends_with(".exporters");
  return path.starts_with("service.pipelines.") && lists_ids ? path.substr(0, last)
                                                             : std::string_view{};
}

bool holds_reference(const yaml_value& value) {
  return value.is_scalar() && value.text.find("${") != std::string::npos;
}

void erase(const spot& found) {
  if (found.parent->is_map())
    found.parent->entries.erase(found.parent->entries.begin()
                                + static_cast<std::ptrdiff_t>(found.index));
  else
    found.parent->items.erase(found.parent->items.begin()
                              + static_cast<std::ptrdiff_t>(found.index));
}

/// What a configuration is nothing without: wrong there, nothing helps.
bool indispensable(std::string_view path) {
  return path == "service" || path == "service.pipelines" || path == "receivers"
         || path == "exporters";
}

/// Whether an error is about an id whose component was left out before: no news.
bool names_one_of(const std::set<std::string>& gone, const diagnostic& error) {
  const auto open = error.message.find('`');
  const auto close = error.message.find('`', open + 1);
  if (!error.path.starts_with("service.") || close == std::string::npos
      || error.message.find("which is not in") == std::string::npos)
    return false;
  const auto id = error.message.substr(open + 1, close - open - 1);
  return std::any_of(gone.begin(), gone.end(),
                     [&](const std::string& path) { return path.ends_with("." + id); });
}

/// What is wrong with the tree as it would be printed.
diagnostics wrong_with(const yaml_value& tree, const environment& env) {
  const config_source printed{"converted", print_yaml(tree)};
  auto loaded = load_config(std::span(&printed, 1), env);
  return loaded ? diagnostics{} : std::move(loaded.error());
}

} // namespace

diagnostics leave_out(yaml_value& tree, const environment& env, std::vector<std::string>& lost) {
  std::set<std::string> gone;
  for (int round = 0;; ++round) {
    auto wrong = wrong_with(tree, env);
    // What a variable will say cannot be known here.
    std::erase_if(wrong.errors, [&](const diagnostic& d) {
      const auto found = locate(tree, d.path);
      return found && holds_reference(found->value());
    });
    if (wrong.ok() || round == max_rounds)
      return wrong;
    // From behind, so that places in lists stay what they are.
    bool changed = false;
    std::set<std::string> done;
    std::reverse(wrong.errors.begin(), wrong.errors.end());
    for (const auto& error : wrong.errors) {
      const auto pipeline = empty_pipeline(error.path);
      const auto found = locate(tree, pipeline.empty() ? whole_policy(error.path) : pipeline);
      if (!found || indispensable(found->path) || !done.insert(found->path).second)
        continue;
      gone.insert(found->path);
      if (!pipeline.empty())
        lost.push_back(fmt::format("{}: nothing is left in {}, so there is no such pipeline",
                                   pipeline, quoted(error.path.substr(pipeline.size() + 1))));
      else if (!names_one_of(gone, error))
        lost.push_back(fmt::format("{}: {}", error.path, error.message));
      erase(*found);
      changed = true;
      if (found->parent->is_list())
        break; // the places behind it have moved
    }
    if (!changed) {
      std::reverse(wrong.errors.begin(), wrong.errors.end());
      return wrong;
    }
  }
}

} // namespace weir::app
