#include "processors/selecting.hpp"

#include "processors/matching.hpp"

namespace weir::processors {

namespace {

class selecting : public processor {
public:
  explicit selecting(selection chosen) : chosen_(std::move(chosen)) {}

  processors::reach reach() const override { return {items, chosen_.reads(), no_level}; }

  disposition edit_item(context& context) const override {
    return chosen_.wants_scope(context) && chosen_.wants_item(context) ? disposition::keep
                                                                       : disposition::drop;
  }

private:
  selection chosen_;
};

} // namespace

result<processor_ptr> make_selecting(const std::optional<match_config>& include,
                                     const std::optional<match_config>& exclude,
                                     weir::signal kind) {
  auto chosen = selection::compile(include, exclude, kind);
  if (!chosen)
    return tl::unexpected(chosen.error());
  return std::make_shared<const selecting>(std::move(*chosen));
}

} // namespace weir::processors
