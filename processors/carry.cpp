#include "processors/carry.hpp"

#include "otlp/carried.hpp"

namespace weir::processors {

namespace {

class carry : public processor {
public:
  explicit carry(std::vector<std::string> names) : names_(std::move(names)) {}

  processors::reach reach() const override { return {resources, no_level, no_level}; }

  verdict edit_resource(context& at) const override {
    auto& value = at.text(0);
    auto& body = at.text(1);
    body.clear();
    for (const auto& name : names_)
      if (at.request().find(name, value))
        otlp::append_carried(body, name, value);
    if (body.empty() || !at.allows_from_request(body.size()))
      at.resource().erase_field(otlp::carried_field);
    else
      at.resource().set_bytes(otlp::carried_field, at.memory().copy(body));
    return verdict::keep;
  }

private:
  std::vector<std::string> names_;
};

} // namespace

processor_ptr make_carry(std::vector<std::string> names) {
  return std::make_shared<const carry>(std::move(names));
}

} // namespace weir::processors
