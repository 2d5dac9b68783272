#include "app/config/yaml.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <sstream>
#include <stdexcept>
#include <unordered_map>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace weir::app {

namespace {

constexpr std::string_view text_tag = "tag:yaml.org,2002:str";

place place_in(std::uint32_t source, const YAML::Mark& mark) {
  if (mark.is_null())
    return {.source = source};
  return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1),
          source};
}

/// Ends the parse; never leaves parse_yaml().
struct refusal : std::runtime_error {
  refusal(place position, const std::string& problem)
      : std::runtime_error(problem), position(position) {}
  place position;
};

struct size_of_value {
  std::size_t values = 1;
  std::size_t bytes = 0;
  std::size_t depth = 0;
};

size_of_value measure(const yaml_value& value) {
  size_of_value total{1, value.text.size(), 0};
  const auto add = [&](const yaml_value& child) {
    const auto size = measure(child);
    total.values += size.values;
    total.bytes += size.bytes;
    total.depth = std::max(total.depth, size.depth + 1);
  };
  for (const auto& item : value.items)
    add(item);
  for (const auto& entry : value.entries) {
    add(entry.value);
    total.bytes += entry.key.size();
  }
  return total;
}

/// Builds the tree of one document.
class builder final : public YAML::EventHandler {
public:
  builder(const std::string& text, diagnostics& out, const yaml_limits& limits,
          std::uint32_t source)
      : text_(text), out_(out), limits_(limits), source_(source) {}

  std::optional<yaml_value> root;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    place_value({.position = place_of(mark)}, anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    check_tag(mark, tag);
    place_value({.type = yaml_value::kind::scalar,
                 .plain = tag == "?",
                 .quote = tag == "?" ? '\0' : quote_at(mark),
                 .position = place_of(mark),
                 .text = text},
                anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw refusal(place_of(mark), "an alias stands inside the value that it names");
    if (stack_.size() + found->second.size.depth > limits_.max_depth)
      too_deep(place_of(mark));
    count(found->second.size, place_of(mark));
    auto copy = found->second.value;
    copy.position = place_of(mark);
    insert(std::move(copy));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(yaml_value::kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(yaml_value::kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

private:
  struct frame {
    yaml_value value;
    YAML::anchor_t anchor = YAML::NullAnchor;
    std::optional<yaml_entry> pending{};            // of a map: its value comes next
    std::unordered_map<std::string, place> known{}; // of a map: the keys so far
    bool merging = false;                           // the pending key is `<<`
    std::vector<yaml_value> merged{};               // maps behind `<<`; what comes first counts
  };
  struct anchored {
    yaml_value value;
    size_of_value size;
  };

  place place_of(const YAML::Mark& mark) const { return place_in(source_, mark); }

  char quote_at(const YAML::Mark& mark) const {
    const auto index = static_cast<std::size_t>(std::max(mark.pos, 0));
    const char c = index < text_.size() ? text_[index] : '\0';
    return c == '\'' || c == '"' ? c : '\0';
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!" && tag != text_tag)
      throw refusal(place_of(mark),
                    fmt::format("found the YAML tag {}, expected a plain value", quoted(tag)));
  }

  [[noreturn]] void too_deep(place position) const {
    throw refusal(position, fmt::format("lists and maps stand in each other more than {} deep",
                                        limits_.max_depth));
  }

  void count(const size_of_value& size, place position) {
    values_ += size.values;
    bytes_ += size.bytes;
    if (values_ > limits_.max_values || bytes_ > limits_.max_bytes)
      throw refusal(position,
                    fmt::format("the file is too large once its aliases are expanded: more "
                                "than {} values or {} bytes",
                                limits_.max_values, limits_.max_bytes));
  }

  void open(yaml_value::kind type, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    check_tag(mark, tag);
    if (stack_.size() == limits_.max_depth)
      too_deep(place_of(mark));
    count({}, place_of(mark));
    stack_.push_back({.value = {.type = type, .position = place_of(mark)}, .anchor = anchor});
  }

  void close() {
    auto done = std::move(stack_.back());
    stack_.pop_back();
    put_merged_in(done);
    if (done.anchor != YAML::NullAnchor)
      anchors_.insert_or_assign(done.anchor, anchored{done.value, measure(done.value)});
    insert(std::move(done.value));
  }

  void place_value(yaml_value&& value, YAML::anchor_t anchor) {
    count({1, value.text.size(), 0}, value.position);
    if (anchor != YAML::NullAnchor)
      anchors_.insert_or_assign(anchor, anchored{value, measure(value)});
    insert(std::move(value));
  }

  void insert(yaml_value&& value) {
    if (stack_.empty())
      root = std::move(value);
    else if (auto& top = stack_.back(); top.value.is_list())
      top.value.items.push_back(std::move(value));
    else if (!top.pending)
      take_key(top, std::move(value));
    else
      take_value(top, std::move(value));
  }

  static void take_key(frame& top, yaml_value&& key) {
    if (!key.is_scalar())
      throw refusal(key.position, fmt::format("found {} as a key, expected text", describe(key)));
    top.merging = key.plain && key.text == "<<";
    top.pending = yaml_entry{std::move(key.text), key.position, {}};
  }

  void take_value(frame& top, yaml_value&& value) {
    auto entry = std::move(*top.pending);
    top.pending.reset();
    const auto [known, is_new] = top.known.try_emplace(entry.key, entry.position);
    if (!is_new) {
      out_.error(entry.position, entry.key,
                 fmt::format("the key is given twice; first on line {}", known->second.line));
      return;
    }
    if (top.merging)
      return take_merged(top, std::move(value));
    entry.value = std::move(value);
    top.value.entries.push_back(std::move(entry));
  }

  /// What stands behind `<<`: a map, or a list of them.
  static void take_merged(frame& top, yaml_value&& value) {
    const auto take = [&top](yaml_value&& map) {
      if (!map.is_map())
        throw refusal(map.position,
                      fmt::format("found {} behind the merge key `<<`, expected a map "
                                  "or a list of maps",
                                  describe(map)));
      top.merged.push_back(std::move(map));
    };
    if (!value.is_list())
      return take(std::move(value));
    for (auto& item : value.items)
      take(std::move(item));
  }

  /// A map's own keys go before those it merges in.
  static void put_merged_in(frame& done) {
    for (auto& map : done.merged)
      for (auto& entry : map.entries)
        if (done.known.try_emplace(entry.key, entry.position).second)
          done.value.entries.push_back(std::move(entry));
  }

  const std::string& text_;
  diagnostics& out_;
  const yaml_limits& limits_;
  std::uint32_t source_;
  std::vector<frame> stack_;
  std::map<YAML::anchor_t, anchored> anchors_;
  std::size_t values_ = 0;
  std::size_t bytes_ = 0;
};

/// The tab that indents the line at `position` or the one before: what yaml-cpp says about it helps
/// nobody.
std::optional<place> indenting_tab(const std::string& text, place position) {
  std::istringstream lines(text);
  std::string line;
  for (std::uint32_t n = 1; n <= position.line && std::getline(lines, line); ++n) {
    const auto first = line.find_first_not_of(' ');
    if (n + 1 >= position.line && first != std::string::npos && line[first] == '\t')
      return place{n, static_cast<std::uint32_t>(first + 1), position.source};
  }
  return std::nullopt;
}

void report(const YAML::Exception& problem, const std::string& text, std::uint32_t source,
            diagnostics& out) {
  const auto position = place_in(source, problem.mark);
  if (const auto tab = indenting_tab(text, position))
    out.error(*tab, "", "found a tab, expected spaces: YAML is indented by spaces alone");
  else
    out.error(position, "", "not YAML: " + problem.msg);
}

} // namespace

const yaml_entry* yaml_value::find(std::string_view key) const noexcept {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [key](const yaml_entry& e) { return e.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

namespace {

/// The documents of a text, up to `most` of them, and whether all went well.
bool parse(const std::string& text, diagnostics& out, const yaml_limits& limits,
           std::uint32_t source, std::size_t most, std::vector<yaml_value>& documents) {
  if (text.size() > limits.max_text) {
    out.error(
        {.source = source}, "",
        fmt::format("the file has {} bytes, expected at most {}", text.size(), limits.max_text));
    return false;
  }
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    while (documents.size() < most) {
      builder next(text, out, limits, source);
      if (!parser.HandleNextDocument(next))
        return true;
      documents.push_back(next.root ? std::move(*next.root)
                                    : yaml_value{.position = {.source = source}});
    }
    return true;
  } catch (const refusal& problem) {
    out.error(problem.position, "", problem.what());
  } catch (const YAML::Exception& problem) {
    report(problem, text, source, out);
  }
  return false;
}

/// Where a second document begins whose content is not read; nullopt: there is none.
std::optional<place> second_document(const std::string& text, const yaml_limits& limits,
                                     std::uint32_t source) {
  diagnostics found;
  std::vector<yaml_value> documents;
  if (!parse(text, found, limits, source, 2, documents))
    return found.errors.empty() ? place{.source = source} : found.errors[0].position;
  if (documents.size() < 2 || documents[1].is_null())
    return std::nullopt;
  return documents[1].position;
}

} // namespace

std::optional<yaml_value> parse_yaml(const std::string& text, diagnostics& out,
                                     const yaml_limits& limits, std::uint32_t source) {
  std::vector<yaml_value> documents;
  const auto errors_before = out.errors.size();
  if (!parse(text, out, limits, source, 1, documents))
    return std::nullopt;
  if (documents.empty())
    return yaml_value{.position = {.source = source}};
  if (text.find("\n---") != std::string::npos && out.errors.size() == errors_before)
    if (const auto second = second_document(text, limits, source))
      out.warn(*second, "", "found a second YAML document: it is not read, the first one counts");
  return std::move(documents.front());
}

std::vector<yaml_value> parse_yaml_documents(const std::string& text, diagnostics& out,
                                             std::uint32_t source) {
  constexpr std::size_t most = 1000;
  std::vector<yaml_value> documents;
  parse(text, out, yaml_limits{}, source, most, documents);
  std::erase_if(documents, [](const auto& document) { return document.is_null(); });
  return documents;
}

std::string describe(const yaml_value& value) {
  switch (value.type) {
  case yaml_value::kind::null:
    return "nothing";
  case yaml_value::kind::list:
    return "a list";
  case yaml_value::kind::map:
    return "a map";
  case yaml_value::kind::scalar:
    break;
  }
  const auto shown = quoted(value.text);
  if (!value.plain)
    return "the text " + shown;
  switch (type_of(value.text)) {
  case scalar_type::null:
    return "nothing";
  case scalar_type::boolean:
    return "the truth value " + shown;
  case scalar_type::integer:
  case scalar_type::number:
    return "the number " + shown;
  case scalar_type::text:
    break;
  }
  return "the text " + shown;
}

} // namespace weir::app
