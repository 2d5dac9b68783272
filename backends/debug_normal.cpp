#include "backends/debug_text.hpp"

#include "backends/debug_buckets.hpp"
#include "backends/debug_value.hpp"
#include "backends/go_text.hpp"
#include "otlp/json_text.hpp"

#include <cmath>
#include <fmt/format.h>

namespace weir::backends {

namespace {

// Field numbers: opentelemetry-proto, as in otlp/schema.cpp.
constexpr std::uint32_t old_scopes = 1000;

// The children of a resource: scopes, or those of the form before proto 0.15 in their place.
template <class On>
void each_scope(message_view resource, On&& call) {
  resource.each(resource.has(2) ? 2 : old_scopes, call);
}

class normal_writer {
public:
  explicit normal_writer(weir::signal kind) : kind_(kind) {}

  std::string write(std::string_view message) {
    std::size_t i = 0;
    message_view(message).each(1, [&](message_view r) { resource(i++, r); });
    return std::move(out_);
  }

private:
  std::string_view level_name() const {
    return kind_ == signal::traces ? "Traces" : kind_ == signal::metrics ? "Metrics" : "Log";
  }

  void resource(std::size_t index, message_view r) {
    fmt::format_to(std::back_inserter(out_), "Resource{} #{}", level_name(), index);
    if (const auto schema = r.text(3); !schema.empty())
      fmt::format_to(std::back_inserter(out_), " [{}]", schema);
    attributes(r.message(1), 1, " ", true);
    out_.push_back('\n');
    std::size_t i = 0;
    each_scope(r, [&](message_view s) { scope(i++, s); });
  }

  void scope(std::size_t index, message_view s) {
    const auto about = s.message(1);
    fmt::format_to(std::back_inserter(out_), "Scope{} #{}", level_name(), index);
    std::string details(about.text(1));
    if (const auto version = about.text(2); !version.empty())
      details.append("@").append(version);
    if (const auto schema = s.text(3); !schema.empty())
      details.append(details.empty() ? "[" : " [").append(schema).append("]");
    if (!details.empty())
      out_.append(" ").append(details);
    attributes(about, 3, " ", true);
    out_.push_back('\n');
    s.each(2, [&](message_view item) {
      if (kind_ == signal::traces)
        span(item);
      else if (kind_ == signal::logs)
        log_record(item);
      else
        metric(item);
    });
  }

  // "k=v" of a repeated KeyValue; `before_first`: a separator stands before the first, too.
  void attributes(message_view message, std::uint32_t field, std::string_view separator,
                  bool before_first) {
    bool first = !before_first;
    message.each(field, [&](message_view item) {
      if (!first)
        out_ += separator;
      first = false;
      out_.append(item.text(1)).push_back('=');
      append_value(out_, value_of(item));
    });
  }

  void span(message_view s) {
    out_.append(s.text(5)).push_back(' ');
    go::append_id(out_, s.text(1));
    out_.push_back(' ');
    go::append_id(out_, s.text(2));
    attributes(s, 9, " ", true);
    out_.push_back('\n');
  }

  void log_record(message_view record) {
    append_value(out_, record.message(5));
    out_.push_back(' ');
    attributes(record, 6, " ", false);
    out_.push_back('\n');
  }

  // Calls `value` for each data point, behind its name and attributes.
  template <class Value>
  void points(std::string_view name, message_view data, std::uint32_t attributes_field,
              Value&& value) {
    data.each(1, [&](message_view point) {
      out_.append(name).push_back('{');
      attributes(point, attributes_field, ",", false);
      out_ += "} ";
      value(point);
      out_.push_back('\n');
    });
  }

  void metric(message_view m) {
    const auto name = m.text(1);
    m.each_field([&](const otlp::wire::field& f) {
      const message_view data(f.bytes);
      if (f.number == 5 || f.number == 7)
        points(name, data, 7, [&](message_view p) { number_value(p); });
      else if (f.number == 9)
        points(name, data, 9, [&](message_view p) { histogram_value(p); });
      else if (f.number == 10)
        points(name, data, 1, [&](message_view p) { exponential_value(p); });
      else if (f.number == 11)
        points(name, data, 7, [&](message_view p) { summary_value(p); });
    });
  }

  void number_value(message_view p) {
    if (const auto whole = p.find(6))
      otlp::append_integer(static_cast<std::int64_t>(whole->value), out_);
    else if (const auto real = p.find(4))
      go::append_v(out_, real->real());
  }

  void optional_value(message_view p, std::string_view name, std::uint32_t field) {
    if (const auto f = p.find(field)) {
      out_ += name;
      go::append_v(out_, f->real());
    }
  }

  void histogram_value(message_view p) {
    fmt::format_to(std::back_inserter(out_), "count={}", p.number(4));
    optional_value(p, " sum=", 5);
    optional_value(p, " min=", 11);
    optional_value(p, " max=", 12);
    std::vector<double> bounds;
    p.each_number(7, true,
                  [&](std::uint64_t bits) { bounds.push_back(std::bit_cast<double>(bits)); });
    std::size_t i = 0;
    p.each_number(6, true, [&](std::uint64_t count) {
      out_.push_back(' ');
      if (i < bounds.size()) {
        out_ += "le";
        go::append_v(out_, bounds[i]);
        out_.push_back('=');
      }
      otlp::append_integer(count, out_);
      ++i;
    });
  }

  void bucket(double bound, std::uint64_t count) {
    out_ += " le";
    go::append_v(out_, bound);
    fmt::format_to(std::back_inserter(out_), "={}", count);
  }

  void exponential_value(message_view p) {
    fmt::format_to(std::back_inserter(out_), "count={}", p.number(4));
    optional_value(p, " sum=", 5);
    optional_value(p, " min=", 12);
    optional_value(p, " max=", 13);
    const auto buckets = read_exponential(p);
    for (auto i = buckets.negative.size(); i-- > 0;)
      bucket(-std::exp((buckets.negative_offset + static_cast<double>(i)) * buckets.factor),
             buckets.negative[i]);
    if (buckets.zero_count != 0)
      fmt::format_to(std::back_inserter(out_), " zero={}", buckets.zero_count);
    for (std::size_t i = 0; i < buckets.positive.size(); ++i)
      bucket(std::exp((buckets.positive_offset + static_cast<double>(i) + 1) * buckets.factor),
             buckets.positive[i]);
  }

  void summary_value(message_view p) {
    fmt::format_to(std::back_inserter(out_), "count={} sum=", p.number(4));
    go::append_f(out_, p.real(5));
    p.each(6, [&](message_view quantile) {
      out_ += " q";
      go::append_v(out_, quantile.real(1));
      out_.push_back('=');
      go::append_v(out_, quantile.real(2));
    });
  }

  weir::signal kind_;
  std::string out_;
};

} // namespace

std::string normal_text(weir::signal kind, std::string_view message) {
  return normal_writer(kind).write(message);
}

} // namespace weir::backends
