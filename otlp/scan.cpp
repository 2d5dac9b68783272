#include "otlp/scan.hpp"

#include "otlp/check.hpp"
#include "otlp/wire.hpp"

namespace weir::otlp {

namespace {

using wire::type;

constexpr auto field_1 = wire::make_tag(1, type::bytes);
constexpr auto field_2 = wire::make_tag(2, type::bytes);
constexpr auto field_old_scopes = wire::make_tag(1000, type::bytes);

// A number of messages inside which a span lies: TracesData, ResourceSpans, ScopeSpans.
constexpr std::uint32_t resource_depth = 1;
constexpr std::uint32_t scope_depth = 2;
constexpr std::uint32_t span_depth = 3;

bool all_zero(std::string_view id) noexcept {
  for (char c : id)
    if (c != 0)
      return false;
  return true;
}

// The trace id of a span that was accepted once: it stands there once, nearly always first.
bool read_trace_id(std::string_view body, trace_id& id) noexcept {
  if (body.size() >= 18 && body[0] == static_cast<char>(field_1) && body[1] == 16) [[likely]] {
    id = trace_id::from(body.substr(2, 16));
    return true;
  }
  wire::reader fields{body};
  while (auto f = fields.next())
    if (f->number == 1 && f->bytes.size() == 16) {
      id = trace_id::from(f->bytes);
      return true;
    }
  return false;
}

} // namespace

// Walks over TracesData > ResourceSpans > ScopeSpans > Span and fills an index. With a checker it
// looks at everything, and leaves out what it rejects; without, only at what the index needs.
class span_walker {
public:
  span_walker(std::string_view message, std::uint32_t base, span_index& index, checker* check,
              const scan_limits& limits) noexcept
      : message_(message), base_(base), index_(index), check_(check), limits_(limits) {}

  /// False on malformed bytes: the checker, where there is one, knows why.
  bool run() {
    if (message_.size() > 0xffff'ffffU - base_)
      return refuse(fault_kind::message_too_large, message_.data());
    return fields(
        message_, [this](std::uint32_t tag, std::string_view whole, std::string_view body) {
          return tag == field_1 ? resource_spans(body) : known(message_id::traces_data, whole, 0);
        });
  }

  const rejected_spans& rejected() const noexcept { return rejected_; }

private:
  // Calls on_field(tag, the field with its tag, its content where it is length-delimited).
  template <class OnField>
  bool fields(std::string_view body, OnField&& on_field) {
    const char* end = body.data() + body.size();
    for (const char* p = body.data(); p < end;) {
      wire::field f;
      const char* after = wire::read_field(p, end, f);
      if (after == nullptr)
        return malformed(p, end); // never true: the checker reads as read_field does
      const auto tag = wire::make_tag(f.number, f.type);
      if (!on_field(tag, std::string_view{p, static_cast<std::size_t>(after - p)}, f.bytes))
        return false;
      p = after;
    }
    return true;
  }

  bool resource_spans(std::string_view body) {
    const auto begin = index_.position();
    index_.resource_envelope_.clear();
    index_.old_scopes_.clear();
    bool has_scopes = false;
    const auto on_field = [&](std::uint32_t tag, std::string_view whole, std::string_view content) {
      if (tag == field_2) {
        has_scopes = true;
        return scope_spans(content);
      }
      if (tag == field_old_scopes) {
        index_.old_scopes_.push_back(slice_of(content));
        return true;
      }
      append(index_.resource_envelope_, whole);
      return known(message_id::resource_spans, whole, resource_depth);
    };
    if (!fields(body, on_field) || !old_scopes(has_scopes))
      return false;
    const auto first = static_cast<std::uint32_t>(index_.slices.size());
    const auto& envelope = index_.resource_envelope_;
    if (too_large(envelope, begin))
      return true;
    if (index_.groups.size() > begin.groups)
      index_.slices.insert(index_.slices.end(), envelope.begin(), envelope.end());
    for (auto g = begin.groups; g < index_.groups.size(); ++g) {
      index_.groups[g].first_resource_slice = first;
      index_.groups[g].resource_slices = static_cast<std::uint32_t>(envelope.size());
    }
    return true;
  }

  // instrumentation_library_spans: taken where there are no scope_spans, else checked and
  // forgotten.
  bool old_scopes(bool has_scopes) {
    for (std::size_t i = 0; i < index_.old_scopes_.size(); ++i) {
      auto body = index_.old_scopes_[i];
      body.offset -= base_;
      if (!has_scopes) {
        if (!scope_spans(body.in(message_)))
          return false;
      } else if (check_ != nullptr) {
        if (!check_->check(message_id::scope_spans, body.in(message_), scope_depth))
          return false;
        check_->forget();
      }
    }
    return true;
  }

  bool scope_spans(std::string_view body) {
    const auto begin = index_.position();
    index_.scope_envelope_.clear();
    const auto on_field = [&](std::uint32_t tag, std::string_view whole, std::string_view content) {
      if (tag == field_2)
        return span(content);
      append(index_.scope_envelope_, whole);
      return known(message_id::scope_spans, whole, scope_depth);
    };
    if (!fields(body, on_field))
      return false;
    const auto& envelope = index_.scope_envelope_;
    if (index_.spans.size() == begin.spans || too_large(envelope, begin))
      return true;
    index_.groups.push_back({0, 0, static_cast<std::uint32_t>(index_.slices.size()),
                             static_cast<std::uint32_t>(envelope.size())});
    index_.slices.insert(index_.slices.end(), envelope.begin(), envelope.end());
    return true;
  }

  // Whether an envelope is over its limit: then what was indexed inside it since `begin` goes.
  bool too_large(const std::vector<slice>& envelope, const span_index::mark& begin) {
    if (check_ == nullptr)
      return false;
    std::uint64_t bytes = 0;
    for (const auto& s : envelope)
      bytes += s.length;
    if (bytes <= limits_.max_envelope_bytes)
      return false;
    rejected_.large_envelope += static_cast<std::uint32_t>(index_.spans.size() - begin.spans);
    index_.roll_back(begin);
    return true;
  }

  bool span(std::string_view body) {
    trace_id id;
    if (check_ == nullptr) {
      if (!read_trace_id(body, id))
        return false;
    } else {
      bool accepted = false;
      if (!accept(body, id, accepted))
        return false;
      if (!accepted)
        return true;
    }
    const auto group = static_cast<std::uint32_t>(index_.groups.size());
    index_.spans.push_back({slice_of(body), group, index_.slot_of(id)});
    return true;
  }

  // Checks a span; false when its form is bad.
  bool accept(std::string_view body, trace_id& id, bool& accepted) {
    if (body.size() > limits_.max_span_bytes) {
      ++rejected_.too_large;
      return true;
    }
    check_->forget();
    if (!check_->check(message_id::span, body, span_depth))
      return false;
    const auto bad_value = check_->value();
    const auto ids = check_->ids();
    check_->forget();
    if (ids.trace.size() != 16 || ids.twice || all_zero(ids.trace)
        || bad_value == value_fault::trace_id_length) {
      ++rejected_.bad_trace_id;
    } else if (ids.span.size() != 8 || all_zero(ids.span)
               || bad_value == value_fault::span_id_length) {
      ++rejected_.bad_span_id;
    } else if (bad_value == value_fault::utf8) {
      ++rejected_.bad_utf8;
    } else {
      id = trace_id::from(ids.trace);
      accepted = true;
    }
    return true;
  }

  // Checks one field of an envelope, tag and all.
  bool known(message_id message, std::string_view whole, std::uint32_t depth) {
    return check_ == nullptr
           || (check_->check(message, whole, depth) && check_->value() == value_fault::none);
  }

  void append(std::vector<slice>& envelope, std::string_view field) {
    const auto s = slice_of(field);
    if (!envelope.empty() && envelope.back().offset + envelope.back().length == s.offset)
      envelope.back().length += s.length;
    else
      envelope.push_back(s);
  }

  slice slice_of(std::string_view part) const noexcept {
    return {base_ + static_cast<std::uint32_t>(part.data() - message_.data()),
            static_cast<std::uint32_t>(part.size())};
  }

  // Lets the checker find what is wrong with the form of the field at `p`.
  bool malformed(const char* p, const char* end) {
    return check_ != nullptr
           && check_->check(message_id::none, {p, static_cast<std::size_t>(end - p)}, 0);
  }

  bool refuse(fault_kind kind, const char* next) {
    return check_ != nullptr && check_->fail(kind, next);
  }

  std::string_view message_;
  std::uint32_t base_;
  span_index& index_;
  checker* check_;
  const scan_limits& limits_;
  rejected_spans rejected_;
};

tl::expected<rejected_spans, parse_error> scan_traces(std::string_view message, std::uint32_t base,
                                                      const scan_limits& limits,
                                                      span_index& index) {
  const auto mark = index.position();
  checker check{limits};
  span_walker walker{message, base, index, &check, limits};
  if (walker.run())
    return walker.rejected();
  index.roll_back(mark);
  return tl::unexpected(explain(check, message_id::traces_data, message));
}

bool index_traces(std::string_view message, std::uint32_t base, span_index& index) {
  static constexpr scan_limits none{};
  const auto mark = index.position();
  if (span_walker{message, base, index, nullptr, none}.run())
    return true;
  index.roll_back(mark);
  return false;
}

} // namespace weir::otlp
