#include "processors/carry.hpp"

#include "otlp/carried.hpp"

namespace weir::processors {

namespace {

class carry : public processor {
public:
  explicit carry(std::vector<std::string> names) : names_(std::move(names)) {}

  processors::reach reach() const override { return {resources, no_level, no_level}; }

  disposition edit_resource(context& context) const override {
    auto& value = context.text(0);
    auto& body = context.text(1);
    body.clear();
    for (const auto& name : names_)
      if (context.request().find(name, value))
        otlp::append_carried(body, name, value);
    if (body.empty() || !context.allows_from_request(body.size()))
      context.resource().erase_field(otlp::carried_field);
    else
      context.resource().set_bytes(otlp::carried_field, context.memory().copy(body));
    return disposition::keep;
  }

private:
  std::vector<std::string> names_;
};

} // namespace

processor_ptr make_carry(std::vector<std::string> names) {
  return std::make_shared<const carry>(std::move(names));
}

} // namespace weir::processors
