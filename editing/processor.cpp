#include "editing/processor.hpp"

#include <fmt/format.h>

namespace weir::editing {

bool request_context::find(std::string_view name, std::string& value) const {
  constexpr std::string_view auth_names = "auth.";
  constexpr std::string_view metadata_names = "metadata.";
  value.clear();
  if (name == "client.address") {
    value = client_address;
    return true;
  }
  const bool by_auth = name.starts_with(auth_names);
  name.remove_prefix((by_auth ? auth_names : metadata_names).size());
  bool found = false;
  for (const auto& [key, text] : by_auth ? auth : metadata) {
    if (key != name)
      continue;
    if (found)
      value += ';';
    value += text;
    found = true;
  }
  return found;
}

bool context::allows_from_request(std::size_t bytes) {
  from_request_ += bytes;
  if (from_request_ <= max_bytes_from_request)
    return true;
  refuse(fmt::format("headers of the request are put into so many items that they would take more "
                     "than {} bytes",
                     max_bytes_from_request));
  return false;
}

// It may stand behind what it holds for. Where it stands more than once, the messages merge, as
// protobuf has it.
item& context::open(lazy_item& lazy, otlp::message_id message) {
  std::string_view body;
  otlp::wire::for_each_field(lazy.holder, [&](const otlp::wire::field& f) {
    if (f.number != 1 || f.type != otlp::wire::type::bytes)
      return;
    if (body.empty()) {
      body = f.bytes;
      return;
    }
    auto* both = memory_.allocate(body.size() + f.bytes.size());
    std::memcpy(both, body.data(), body.size());
    std::memcpy(both + body.size(), f.bytes.data(), f.bytes.size());
    body = {both, body.size() + f.bytes.size()};
  });
  lazy.view.open(message, body);
  lazy.open = true;
  return lazy.view;
}

item& context::child(std::size_t number) {
  while (children_.size() <= number)
    children_.push_back(std::make_unique<item>(memory_));
  return *children_[number];
}

std::string& context::text(std::size_t number) {
  while (texts_.size() <= number)
    texts_.push_back(std::make_unique<std::string>());
  return *texts_[number];
}

metric_data data_of(const item& item) noexcept {
  using enum otlp::message_id;
  constexpr metric_data kinds[] = {
      {5, gauge, number_data_point},
      {7, sum, number_data_point},
      {9, histogram, histogram_data_point},
      {10, exponential_histogram, exponential_histogram_data_point},
      {11, summary, summary_data_point},
  };
  for (const auto& kind : kinds)
    if (item.has_field(kind.number))
      return kind;
  return {};
}

} // namespace weir::editing
