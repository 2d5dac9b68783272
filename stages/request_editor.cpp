#include "stages/request_editor.hpp"

#include "otlp/rewrite.hpp"

namespace weir::stages {

editor& request_editor::editor_of(const std::shared_ptr<const editing::chain>& chain,
                                  weir::signal kind) {
  if (const auto known = editors_.find(chain.get()); known != editors_.end())
    return known->second;
  if (editors_.size() >= max_chains)
    editors_.clear();
  return editors_.try_emplace(chain.get(), chain, kind).first->second;
}

// Fills in what the check says; false: nothing is left to edit. Bad spans are left out of
// `message`.
bool request_editor::check(weir::signal kind, std::string_view request, edited_request& made) {
  if (kind != signal::traces) {
    const auto items = otlp::check_items(kind, request, limits_);
    if (!items)
      made.malformed = items.error();
    made.items = items.value_or(0);
    return made.items > 0;
  }
  index_.clear();
  const auto scanned = otlp::scan_traces(request, 0, limits_, index_);
  if (!scanned) {
    made.malformed = scanned.error();
    return false;
  }
  made.rejected = *scanned;
  made.items = index_.spans.size();
  if (made.rejected.total() == 0)
    return made.items > 0;
  rewrite_whole(request, index_, made.message.emplace());
  return made.items > 0;
}

edited_request request_editor::edit(const std::shared_ptr<const editing::chain>& chain,
                                    weir::signal kind, std::string_view request,
                                    const editing::request_context& origin,
                                    std::chrono::nanoseconds time) {
  edited_request made;
  if (check(kind, request, made) && chain)
    apply(chain, kind, made.message ? std::string_view(*made.message) : request, origin, time,
          made);
  return made;
}

edited_request request_editor::edit_made(const std::shared_ptr<const editing::chain>& chain,
                                         weir::signal kind, std::string message,
                                         std::uint64_t items,
                                         const editing::request_context& origin,
                                         std::chrono::nanoseconds time) {
  edited_request made;
  made.items = items;
  made.message = std::move(message);
  if (chain)
    apply(chain, kind, *made.message, origin, time, made);
  return made;
}

void request_editor::apply(const std::shared_ptr<const editing::chain>& chain, weir::signal kind,
                           std::string_view message, const editing::request_context& origin,
                           std::chrono::nanoseconds time, edited_request& made) {
  auto& editor = editor_of(chain, kind);
  if (!editor.apply(message, made.items, origin, time))
    return;
  made.ended = editor.ended();
  made.refusal = editor.refusal();
  made.message.emplace();
  if (made.refusal.empty()) {
    made.removed = editor.removed();
    made.made = editor.made();
    made.message->swap(editor.result());
  } else {
    made.removed = made.items;
  }
}

} // namespace weir::stages
