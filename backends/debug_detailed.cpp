#include "backends/debug_buckets.hpp"
#include "backends/debug_text.hpp"
#include "backends/debug_value.hpp"
#include "backends/go_text.hpp"

#include <array>
#include <cmath>
#include <fmt/format.h>

namespace weir::backends {

namespace {

constexpr std::uint32_t old_scopes = 1000;
constexpr std::string_view item_prefix = "     -> ";
constexpr std::string_view deep_prefix = "          -> ";

constexpr std::array<std::string_view, 6> span_kinds = {"Unspecified", "Internal", "Server",
                                                        "Client",      "Producer", "Consumer"};
constexpr std::array<std::string_view, 3> status_codes = {"Unset", "Ok", "Error"};
constexpr std::array<std::string_view, 3> temporalities = {"Unspecified", "Delta", "Cumulative"};
constexpr std::array<std::string_view, 6> severities = {"Trace", "Debug", "Info",
                                                        "Warn",  "Error", "Fatal"};

// "" for a number that has no name.
template <std::size_t N>
std::string_view name_of(const std::array<std::string_view, N>& names, std::uint64_t value) {
  return value < N ? names[value] : std::string_view();
}

std::string severity_name(std::uint64_t number) {
  if (number == 0)
    return "Unspecified";
  if (number > 24)
    return "";
  const auto step = (number - 1) % 4;
  return std::string(severities[(number - 1) / 4]) + (step == 0 ? "" : std::to_string(step + 1));
}

std::string time_text(std::uint64_t unix_ns) {
  std::string text;
  go::append_time(text, unix_ns);
  return text;
}

std::string id_text(std::string_view id) {
  std::string text;
  go::append_id(text, id);
  return text;
}

std::string f_text(double value) {
  std::string text;
  go::append_f(text, value);
  return text;
}

class detailed_writer {
public:
  explicit detailed_writer(weir::signal kind) : kind_(kind) {}

  std::string write(std::string_view message) {
    std::size_t i = 0;
    message_view(message).each(1, [&](message_view r) { resource(i++, r); });
    return std::move(out_);
  }

private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    out_.push_back('\n');
  }

  void span_line(std::string_view label, std::string_view value) {
    line("    {:<15}: {}", label, value);
  }

  void attributes(std::string_view header, message_view message, std::uint32_t field,
                  std::string_view prefix = item_prefix) {
    bool first = true;
    message.each(field, [&](message_view item) {
      if (first)
        line("{}:", header);
      first = false;
      out_.append(prefix).append(item.text(1)).append(": ");
      append_typed_value(out_, value_of(item));
      out_.push_back('\n');
    });
  }

  // -- around the items --

  void resource(std::size_t index, message_view r) {
    const std::string_view name = kind_ == signal::traces    ? "ResourceSpans"
                                  : kind_ == signal::metrics ? "ResourceMetrics"
                                                             : "ResourceLog";
    line("{} #{}", name, index);
    line("Resource SchemaURL: {}", r.text(3));
    attributes("Resource attributes", r.message(1), 1);
    entity_refs(r.message(1));
    std::size_t i = 0;
    r.each(r.has(2) ? 2 : old_scopes, [&](message_view s) { scope(i++, s); });
  }

  void entity_refs(message_view about) {
    std::size_t i = 0;
    about.each(3, [&](message_view ref) {
      if (i == 0)
        line("Resource entity refs:");
      line("{}Entity ref #{}:", item_prefix, i++);
      line("{}Type: {}", deep_prefix, ref.text(2));
      if (const auto schema = ref.text(1); !schema.empty())
        line("{}Schema URL: {}", deep_prefix, schema);
      keys("ID keys", ref, 3);
      keys("Description keys", ref, 4);
    });
  }

  void keys(std::string_view header, message_view ref, std::uint32_t field) {
    bool first = true;
    ref.each(field, [&](message_view key) {
      if (first)
        line("{}{}:", deep_prefix, header);
      first = false;
      line("     {}{}", deep_prefix, key.bytes());
    });
  }

  void scope(std::size_t index, message_view s) {
    const std::string_view name = kind_ == signal::traces    ? "ScopeSpans"
                                  : kind_ == signal::metrics ? "ScopeMetrics"
                                                             : "ScopeLogs";
    const auto about = s.message(1);
    line("{} #{}", name, index);
    line("{} SchemaURL: {}", name, s.text(3));
    line("InstrumentationScope {} {}", about.text(1), about.text(2));
    attributes("InstrumentationScope attributes", about, 3);
    std::size_t i = 0;
    s.each(2, [&](message_view item) {
      if (kind_ == signal::traces)
        span(i++, item);
      else if (kind_ == signal::metrics)
        metric(i++, item);
      else
        log_record(i++, item);
    });
  }

  // -- traces --

  void span(std::size_t index, message_view s) {
    line("Span #{}", index);
    span_line("Trace ID", id_text(s.text(1)));
    span_line("Parent ID", id_text(s.text(4)));
    span_line("ID", id_text(s.text(2)));
    span_line("Name", s.text(5));
    span_line("Kind", name_of(span_kinds, s.number(6)));
    if (const auto state = s.text(3); !state.empty())
      span_line("TraceState", state);
    span_line("Start time", time_text(s.number(7)));
    span_line("End time", time_text(s.number(8)));
    const auto status = s.message(15);
    span_line("Status code", name_of(status_codes, status.number(3)));
    span_line("Status message", status.text(2));
    span_line("DroppedAttributesCount", std::to_string(s.number(10)));
    span_line("DroppedEventsCount", std::to_string(s.number(12)));
    span_line("DroppedLinksCount", std::to_string(s.number(14)));
    attributes("Attributes", s, 9);
    events(s);
    links(s);
  }

  void events(message_view s) {
    std::size_t i = 0;
    s.each(11, [&](message_view e) {
      if (i == 0)
        line("Events:");
      line("SpanEvent #{}", i++);
      line("{}Name: {}", item_prefix, e.text(2));
      line("{}Timestamp: {}", item_prefix, time_text(e.number(1)));
      line("{}DroppedAttributesCount: {}", item_prefix, e.number(4));
      attributes("     -> Attributes:", e, 3, deep_prefix);
    });
  }

  void links(message_view s) {
    std::size_t i = 0;
    s.each(13, [&](message_view l) {
      if (i == 0)
        line("Links:");
      line("SpanLink #{}", i++);
      line("{}Trace ID: {}", item_prefix, id_text(l.text(1)));
      line("{}ID: {}", item_prefix, id_text(l.text(2)));
      line("{}TraceState: {}", item_prefix, l.text(3));
      line("{}DroppedAttributesCount: {}", item_prefix, l.number(5));
      attributes("     -> Attributes:", l, 4, deep_prefix);
    });
  }

  // -- logs --

  void log_record(std::size_t index, message_view r) {
    line("LogRecord #{}", index);
    line("ObservedTimestamp: {}", time_text(r.number(11)));
    line("Timestamp: {}", time_text(r.number(1)));
    line("SeverityText: {}", r.text(3));
    const auto severity = static_cast<std::int32_t>(r.number(2));
    line("SeverityNumber: {}({})", severity_name(r.number(2)), severity);
    if (const auto name = r.text(12); !name.empty())
      line("EventName: {}", name);
    out_ += "Body: ";
    append_typed_value(out_, r.message(5));
    out_.push_back('\n');
    attributes("Attributes", r, 6);
    line("Trace ID: {}", id_text(r.text(9)));
    line("Span ID: {}", id_text(r.text(10)));
    line("Flags: {}", r.number(8));
  }

  // -- metrics --

  void metric(std::size_t index, message_view m) {
    constexpr std::array<std::string_view, 12> types = {
        "", "", "", "", "", "Gauge", "", "Sum", "", "Histogram", "ExponentialHistogram", "Summary"};
    otlp::wire::field data;
    m.each_field([&](const otlp::wire::field& f) {
      if (f.number < types.size() && !types[f.number].empty())
        data = f;
    });
    line("Metric #{}", index);
    line("Descriptor:");
    line("{}Name: {}", item_prefix, m.text(1));
    line("{}Description: {}", item_prefix, m.text(2));
    line("{}Unit: {}", item_prefix, m.text(3));
    line("{}DataType: {}", item_prefix, data.number == 0 ? "Empty" : types[data.number]);
    attributes("     -> Metadata", m, 12, deep_prefix);
    points(data.number, message_view(data.bytes));
  }

  void points(std::uint32_t type, message_view data) {
    if (type == 7)
      line("{}IsMonotonic: {}", item_prefix, data.number(3) != 0);
    if (type == 7 || type == 9 || type == 10)
      line("{}AggregationTemporality: {}", item_prefix, name_of(temporalities, data.number(2)));
    const std::string_view name = type == 9    ? "HistogramDataPoints"
                                  : type == 10 ? "ExponentialHistogramDataPoints"
                                  : type == 11 ? "SummaryDataPoints"
                                               : "NumberDataPoints";
    std::size_t i = 0;
    data.each(1, [&](message_view p) {
      line("{} #{}", name, i++);
      attributes("Data point attributes", p, type == 9 ? 9 : type == 10 ? 1 : 7);
      line("StartTimestamp: {}", time_text(p.number(2)));
      line("Timestamp: {}", time_text(p.number(3)));
      if (type == 9)
        histogram(p);
      else if (type == 10)
        exponential(p);
      else if (type == 11)
        summary(p);
      else
        number(p);
    });
  }

  void number(message_view p) {
    if (const auto whole = p.find(6))
      line("Value: {}", static_cast<std::int64_t>(whole->value));
    else if (const auto real = p.find(4))
      line("Value: {}", f_text(real->real()));
    exemplars(p, 5);
  }

  void optional_line(std::string_view name, message_view p, std::uint32_t field) {
    if (const auto f = p.find(field))
      line("{}: {}", name, f_text(f->real()));
  }

  void histogram(message_view p) {
    line("Count: {}", p.number(4));
    optional_line("Sum", p, 5);
    optional_line("Min", p, 11);
    optional_line("Max", p, 12);
    std::size_t i = 0;
    p.each_number(7, true, [&](std::uint64_t bits) {
      line("ExplicitBounds #{}: {}", i++, f_text(std::bit_cast<double>(bits)));
    });
    i = 0;
    p.each_number(6, true,
                  [&](std::uint64_t count) { line("Buckets #{}, Count: {}", i++, count); });
    exemplars(p, 8);
  }

  void exponential(message_view p) {
    line("Count: {}", p.number(4));
    optional_line("Sum", p, 5);
    optional_line("Min", p, 12);
    optional_line("Max", p, 13);
    const auto b = read_exponential(p);
    for (auto i = b.negative.size(); i-- > 0;) {
      const auto index = b.negative_offset + static_cast<double>(i);
      line("Bucket [{}, {}), Count: {}", f_text(-std::exp((index + 1) * b.factor)),
           f_text(-std::exp(index * b.factor)), b.negative[i]);
    }
    if (b.zero_count != 0)
      line("Bucket [0, 0], Count: {}", b.zero_count);
    for (std::size_t i = 0; i < b.positive.size(); ++i) {
      const auto index = b.positive_offset + static_cast<double>(i);
      line("Bucket ({}, {}], Count: {}", f_text(std::exp(index * b.factor)),
           f_text(std::exp((index + 1) * b.factor)), b.positive[i]);
    }
    exemplars(p, 11);
  }

  void summary(message_view p) {
    line("Count: {}", p.number(4));
    line("Sum: {}", f_text(p.real(5)));
    std::size_t i = 0;
    p.each(6, [&](message_view q) {
      line("QuantileValue #{}: Quantile {}, Value {}", i++, f_text(q.real(1)), f_text(q.real(2)));
    });
  }

  void exemplars(message_view p, std::uint32_t field) {
    std::size_t i = 0;
    p.each(field, [&](message_view e) {
      if (i == 0)
        line("Exemplars:");
      line("Exemplar #{}", i++);
      line("{}Trace ID: {}", item_prefix, id_text(e.text(5)));
      line("{}Span ID: {}", item_prefix, id_text(e.text(4)));
      line("{}Timestamp: {}", item_prefix, time_text(e.number(2)));
      if (const auto whole = e.find(6))
        line("{}Value: {}", item_prefix, static_cast<std::int64_t>(whole->value));
      else if (const auto real = e.find(3))
        line("{}Value: {}", item_prefix, f_text(real->real()));
      attributes("     -> FilteredAttributes", e, 7, deep_prefix);
    });
  }

  weir::signal kind_;
  std::string out_;
};

} // namespace

std::string detailed_text(weir::signal kind, std::string_view message) {
  return detailed_writer(kind).write(message);
}

} // namespace weir::backends
