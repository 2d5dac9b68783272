#include "editing/walker.hpp"

#include "editing/work.hpp"

namespace weir::editing {

namespace wire = otlp::wire;

namespace {

constexpr std::uint32_t owner_number = 1;    // resource of ResourceSpans, scope of ScopeSpans
constexpr std::uint32_t children_number = 2; // scopes, items
constexpr std::uint32_t old_scopes_number = 1000;
constexpr std::uint32_t resources_number = 1; // of the outermost message

constexpr otlp::message_id item_kind_of(weir::signal kind) noexcept {
  switch (kind) {
  case signal::metrics:
    return otlp::message_id::metric;
  case signal::logs:
    return otlp::message_id::log_record;
  default:
    return otlp::message_id::span;
  }
}

// Calls on_field(field, its bytes with the tag).
template <class OnField>
void for_each_whole_field(std::string_view message, OnField&& on_field) {
  wire::field f;
  const char* end = message.data() + message.size();
  for (const char* next = message.data(); next < end;) {
    const char* after = wire::read_field(next, end, f);
    if (after == nullptr)
      return; // never: the bytes were checked
    on_field(static_cast<const wire::field&>(f),
             std::string_view{next, static_cast<std::size_t>(after - next)});
    next = after;
  }
}

bool is_message(const wire::field& f, std::uint32_t number) noexcept {
  return f.number == number && f.type == wire::type::bytes;
}

bool has_scopes(std::string_view body) noexcept {
  wire::reader fields{body};
  while (const auto f = fields.next())
    if (is_message(*f, children_number))
      return true;
  return false;
}

/// Calls a processor; where the work ended in it, says so.
template <class Edit>
auto at_work(const chain::part& part, std::size_t units, Edit&& edit) {
  try {
    work().spend(units);
    return edit(*part.processor);
  } catch (work_ended& ended) {
    ended.worker = ended.worker.empty() ? part.id : part.id + ": " + ended.worker;
    throw;
  }
}

// Opening an item: a look at each field, a byte in eight or so.
constexpr std::size_t opening_work(std::string_view body) noexcept {
  return 50 + body.size() / 8;
}

// Of a metric: its gauge, sum, histogram, exponential histogram or summary.
constexpr std::uint32_t data_numbers[] = {5, 7, 9, 10, 11};

std::uint64_t points_in(std::string_view data) noexcept {
  std::uint64_t n = 0;
  wire::for_each_field(data, [&](const wire::field& p) { n += is_message(p, 1) ? 1 : 0; });
  return n;
}

std::uint64_t points_of(std::string_view metric) noexcept {
  std::uint64_t n = 0;
  wire::for_each_field(metric, [&](const wire::field& f) {
    for (const auto number : data_numbers)
      n += is_message(f, number) ? points_in(f.bytes) : 0;
  });
  return n;
}

std::uint64_t points_of(const item& metric) noexcept {
  std::uint64_t n = 0;
  for (const auto number : data_numbers)
    metric.for_each_bytes(number, [&](std::string_view data) { n += points_in(data); });
  return n;
}

} // namespace

walker::walker(weir::signal kind, context& context, std::span<const chain::part> parts,
               std::span<item_counts> counts, std::vector<std::string_view>& pieces,
               std::vector<const processor*>& active)
    : item_kind_(item_kind_of(kind)), context_(context), parts_(parts), counts_(counts),
      pieces_(pieces), active_(active) {
  for (const auto& part : parts_)
    edits_ = edits_ | part.processor->reach().edits;
}

bool walker::run(std::string_view message) {
  bool changed = false;
  pieces_.clear();
  for_each_whole_field(message, [&](const wire::field& f, std::string_view whole) {
    if (is_message(f, resources_number))
      changed |= resource(whole, f.bytes) != fate::same;
    else
      add(whole);
  });
  return changed;
}

walker::fate walker::resource(std::string_view whole, std::string_view body) {
  frame frame{context_.resource_, pieces_.size()};
  frame.owner.open = false;
  frame.owner.holder = body;
  if (edit_resource(body))
    return fate::gone;
  pieces_.emplace_back();
  const bool new_scopes = has_scopes(body);
  for_each_whole_field(body, [&](const wire::field& f, std::string_view field) {
    if (is_message(f, owner_number)) {
      put_owner(frame, field);
    } else if (is_message(f, children_number)) {
      note(frame, scope(field, f.bytes));
    } else if (!is_message(f, old_scopes_number)) {
      add(field);
    } else {
      // Where there are new ones, nobody reads these: they are not left to lie about on disk.
      frame.touched = true;
      if (!new_scopes)
        note(frame, scope({}, f.bytes));
    }
  });
  return finish(frame, resources_number, whole);
}

walker::fate walker::scope(std::string_view whole, std::string_view body) {
  frame frame{context_.scope_, pieces_.size()};
  pieces_.emplace_back();
  frame.touched = whole.data() == nullptr; // has to be written under its new number
  if ((edits_ & (scopes | items)) == 0) {
    add(body);
    return finish(frame, children_number, whole);
  }
  frame.owner.open = false;
  frame.owner.holder = body;
  if (edit_scope(body)) {
    pieces_.resize(frame.head);
    return fate::gone;
  }
  choose_active();
  context_.beside_.begin_scope();
  for_each_whole_field(body, [&](const wire::field& f, std::string_view field) {
    if (is_message(f, owner_number)) {
      put_owner(frame, field);
    } else if (is_message(f, children_number) && !active_.empty()) {
      const auto item = one_item(f.bytes, 0);
      note(frame, item);
      if (item == fate::same)
        add(field);
    } else {
      frame.children += f.number == children_number ? 1 : 0;
      add(field);
    }
  });
  add_made(frame);
  return finish(frame, children_number, whole);
}

// Only the last part of a walk makes any.
void walker::add_made(frame& frame) {
  auto& made = context_.beside_;
  for (std::size_t i = 0; i < made.size(); ++i) {
    const auto last = parts_.size() - 1;
    const auto body = made.take_up(i);
    counts_[last].made += items_of(body);
    const auto item = one_item(body, last);
    if (item == fate::same)
      add(make_message(children_number, body));
    note(frame, item == fate::gone ? fate::gone : fate::changed);
  }
}

walker::fate walker::one_item(std::string_view body, std::size_t first) {
  auto& view = context_.current_;
  view.open(item_kind_, body);
  in_hand_.reset();
  for (auto i = first; i < active_.size(); ++i) {
    if (active_[i] == nullptr)
      continue;
    const auto part =
        at_work(parts_[i], opening_work(body), [&](auto& p) { return p.edit_item(context_); });
    if (part == disposition::drop) {
      count(i, body, 0);
      return fate::gone;
    }
    if (item_kind_ == otlp::message_id::metric && view.changed())
      count(i, body, points_of(view));
  }
  if (!view.changed())
    return fate::same;
  add(make_message(children_number, view));
  return fate::changed;
}

void walker::count(std::size_t part, std::string_view body, std::uint64_t left) {
  const auto before = in_hand_ ? *in_hand_ : items_of(body);
  if (left < before)
    counts_[part].dropped += before - left;
  else
    counts_[part].made += left - before;
  in_hand_ = left;
}

void walker::put_owner(frame& frame, std::string_view whole) {
  // Kept apart from what stands around it: it is replaced at the end if it changed.
  if (frame.owner_at == 0)
    frame.owner_at = pieces_.size();
  else
    frame.copies.push_back(pieces_.size());
  pieces_.push_back(whole);
  pieces_.emplace_back();
}

void walker::note(frame& frame, fate child) {
  frame.touched |= child != fate::same;
  frame.lost |= child == fate::gone;
  frame.children += child == fate::gone ? 0 : 1;
}

walker::fate walker::finish(frame& frame, std::uint32_t number, std::string_view whole) {
  if (frame.lost && frame.children == 0) {
    pieces_.resize(frame.head);
    return fate::gone;
  }
  if (frame.owner.open && frame.owner.view.changed()) {
    frame.touched = true;
    if (frame.owner_at == 0) {
      frame.owner_at = pieces_.size();
      pieces_.emplace_back();
    }
    pieces_[frame.owner_at] = make_message(owner_number, frame.owner.view);
    for (const auto copy : frame.copies)
      pieces_[copy] = {}; // they are in the view
  }
  if (!frame.touched) {
    pieces_.resize(frame.head);
    add(whole);
    return fate::same;
  }
  std::size_t size = 0;
  for (auto i = frame.head + 1; i < pieces_.size(); ++i)
    size += pieces_[i].size();
  auto* head = context_.memory_.allocate(wire::max_tag_bytes + wire::max_varint_bytes);
  auto* end = wire::put_varint(head, wire::make_tag(number, wire::type::bytes));
  end = wire::put_varint(end, size);
  pieces_[frame.head] = {head, static_cast<std::size_t>(end - head)};
  return fate::changed;
}

bool walker::edit_resource(std::string_view body) {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const auto& part = *parts_[i].processor;
    if ((part.reach().edits & resources) == 0
        || at_work(parts_[i], opening_work(body), [&](auto& p) {
             return p.edit_resource(context_);
           }) == disposition::keep)
      continue;
    counts_[i].dropped += items_in_resource(body);
    return true;
  }
  return false;
}

bool walker::edit_scope(std::string_view body) {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const auto& part = *parts_[i].processor;
    if ((part.reach().edits & scopes) == 0 || at_work(parts_[i], 50, [&](auto& p) {
                                                return p.edit_scope(context_);
                                              }) == disposition::keep)
      continue;
    counts_[i].dropped += items_in_scope(body);
    return true;
  }
  return false;
}

void walker::choose_active() {
  bool any = false;
  active_.clear();
  for (const auto& part : parts_) {
    const bool wanted = (part.processor->reach().edits & items) != 0
                        && at_work(part, 50, [&](auto& p) { return p.wants_items(context_); });
    active_.push_back(wanted ? part.processor.get() : nullptr);
    any |= wanted;
  }
  if (!any)
    active_.clear();
}

std::uint64_t walker::items_of(std::string_view body) const {
  return item_kind_ == otlp::message_id::metric ? points_of(body) : 1;
}

std::uint64_t walker::items_in_scope(std::string_view body) const {
  std::uint64_t n = 0;
  wire::for_each_field(body, [&](const wire::field& f) {
    if (is_message(f, children_number))
      n += items_of(f.bytes);
  });
  return n;
}

std::uint64_t walker::items_in_resource(std::string_view body) const {
  std::uint64_t n = 0;
  const bool new_scopes = has_scopes(body);
  wire::for_each_field(body, [&](const wire::field& f) {
    if (is_message(f, new_scopes ? children_number : old_scopes_number))
      n += items_in_scope(f.bytes);
  });
  return n;
}

// Pieces that lie behind each other in memory become one.
void walker::add(std::string_view piece) {
  if (!pieces_.empty() && pieces_.back().data() != nullptr
      && pieces_.back().data() + pieces_.back().size() == piece.data())
    pieces_.back() = {pieces_.back().data(), pieces_.back().size() + piece.size()};
  else
    pieces_.push_back(piece);
}

std::string_view walker::make_message(std::uint32_t number, const item& item) {
  const auto size = item.size();
  const auto tag = wire::make_tag(number, wire::type::bytes);
  const auto all = wire::varint_size(tag) + wire::varint_size(size) + size;
  auto* room = context_.memory_.allocate(all);
  item.write_to(wire::put_varint(wire::put_varint(room, tag), size));
  return {room, all};
}

std::string_view walker::make_message(std::uint32_t number, std::string_view body) {
  const auto tag = wire::make_tag(number, wire::type::bytes);
  const auto all = wire::varint_size(tag) + wire::varint_size(body.size()) + body.size();
  auto* room = context_.memory_.allocate(all);
  std::memcpy(wire::put_varint(wire::put_varint(room, tag), body.size()), body.data(), body.size());
  return {room, all};
}

} // namespace weir::editing
