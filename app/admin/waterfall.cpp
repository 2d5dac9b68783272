#include "app/admin/waterfall.hpp"

#include "app/admin/text_table.hpp"
#include "core/clock.hpp"
#include "core/quote.hpp"
#include "otlp/features.hpp"
#include "otlp/scan.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <set>

namespace weir::app {

namespace {

// Of the 80 characters of a line: names with their indent, the bar, the duration.
constexpr std::size_t name_width = 42;
constexpr std::size_t bar_width = 26;
constexpr std::size_t duration_width = 10;
constexpr std::size_t most_indent = 20;

struct shown_span {
  std::string id, parent, service, name;
  unix_ns start = 0, end = 0;
  bool failed = false;
};

// Fields of a Span.
constexpr std::uint32_t span_id = 2, parent_id = 4;

shown_span read(std::string_view body, const std::string& service) {
  shown_span span;
  otlp::wire::for_each_field(body, [&](const otlp::wire::field& f) {
    if (f.number == span_id)
      span.id = f.bytes;
    else if (f.number == parent_id)
      span.parent = f.bytes;
  });
  const auto summary = otlp::read_span(body);
  span.service = service;
  span.name = summary.name;
  span.start = summary.start_ns;
  span.end = std::max(summary.start_ns, summary.end_ns);
  span.failed = summary.status_code == 2;
  return span;
}

std::string service_of(const otlp::span_index& index, const otlp::span_group& group,
                       std::string_view message) {
  std::string envelope, service;
  for (auto i = group.first_resource_slice; i < group.first_resource_slice + group.resource_slices;
       ++i)
    envelope += index.slices[i].in(message);
  otlp::read_resource_attributes(envelope, [&](std::string_view key, const otlp::value_ref& value) {
    if (key == "service.name")
      service = value.bytes;
  });
  return service;
}

std::vector<shown_span> spans_of(const std::vector<std::string>& messages) {
  std::vector<shown_span> spans;
  std::set<std::string> known;
  for (const auto& message : messages) {
    otlp::span_index index;
    if (!otlp::index_traces(message, 0, index))
      continue;
    for (const auto& each : index.spans) {
      auto span = read(each.body.in(message), service_of(index, index.groups[each.group], message));
      if (known.insert(span.id).second)
        spans.push_back(std::move(span));
    }
  }
  std::stable_sort(spans.begin(), spans.end(),
                   [](const auto& a, const auto& b) { return a.start < b.start; });
  return spans;
}

/// Lines of the spans, each under its parent.
class drawing {
public:
  explicit drawing(const std::vector<shown_span>& spans) : spans_(spans) {
    std::set<std::string> ids;
    for (const auto& span : spans) {
      ids.insert(span.id);
      first_ = std::min(first_, span.start);
      last_ = std::max(last_, span.end);
    }
    for (std::size_t i = 0; i < spans.size(); ++i)
      children_[ids.contains(spans[i].parent) && spans[i].parent != spans[i].id ? spans[i].parent
                                                                                : ""]
          .push_back(i);
  }

  std::string text() {
    for (const auto root : children_[""])
      draw_tree(root);
    // Spans that are each other's parents: no root leads to them.
    for (std::size_t i = 0; i < spans_.size(); ++i)
      draw_tree(i);
    return text_;
  }

private:
  // Not by recursion: a chain of spans can be as deep as there are spans.
  void draw_tree(std::size_t root) {
    std::vector<std::pair<std::size_t, std::size_t>> open{{root, 0}};
    while (!open.empty()) {
      const auto [number, depth] = open.back();
      open.pop_back();
      if (!drawn_.insert(number).second)
        continue;
      draw(spans_[number], depth);
      const auto found = children_.find(spans_[number].id);
      if (found == children_.end() || spans_[number].id.empty())
        continue;
      for (auto child = found->second.rbegin(); child != found->second.rend(); ++child)
        open.emplace_back(*child, depth + 1);
    }
  }

  void draw(const shown_span& span, std::size_t depth) {
    if (drawn_.size() > max_waterfall_spans)
      return;
    const auto indent = std::min(2 * depth, most_indent);
    auto label = span.service.empty() ? span.name : span.service + " " + span.name;
    label = std::string(indent, ' ')
            + cut_to(without_controls((span.failed ? "! " : "") + label), name_width - indent);
    label.append(name_width - std::min(name_width, width_of(label)), ' ');
    const auto duration = span_text(static_cast<double>(span.end - span.start) / second_ns);
    text_ += fmt::format("{} {} {:>{}}\n", label, bar_of(span), duration, duration_width);
  }

  std::string bar_of(const shown_span& span) const {
    const auto whole = static_cast<double>(std::max<unix_ns>(1, last_ - first_));
    const auto place = [&](unix_ns time) {
      return static_cast<std::size_t>(
          std::floor(static_cast<double>(time - first_) / whole * bar_width));
    };
    const auto begin = std::min(place(span.start), bar_width - 1);
    const auto end = std::clamp(place(span.end), begin + 1, bar_width);
    return std::string(begin, ' ') + std::string(end - begin, span.failed ? '!' : '=')
           + std::string(bar_width - end, ' ');
  }

  const std::vector<shown_span>& spans_;
  std::map<std::string, std::vector<std::size_t>> children_; ///< By the id of the parent.
  std::set<std::size_t> drawn_;
  unix_ns first_ = ~unix_ns{0}, last_ = 0;
  std::string text_;
};

} // namespace

std::string waterfall_of(const std::vector<std::string>& messages) {
  const auto spans = spans_of(messages);
  if (spans.empty())
    return {};
  auto text = drawing(spans).text();
  if (spans.size() > max_waterfall_spans)
    text +=
        fmt::format("... and {} more\n", count_text(spans.size() - max_waterfall_spans, "span"));
  return text;
}

} // namespace weir::app
