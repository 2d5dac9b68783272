#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"

#include <charconv>
#include <fmt/format.h>
#include <initializer_list>
#include <optional>

// Names of spans by the semantic conventions.
// Source: opentelemetry.io/docs/specs/semconv (http, rpc, database, messaging spans)
namespace weir::ottl {

namespace {

using enum parameter_type;

constexpr std::uint8_t spans_only = 1U << static_cast<unsigned>(context_kind::span);
constexpr std::uint32_t name_field = 5;
constexpr std::uint32_t kind_field = 6;
enum kind : std::uint64_t { server = 2, client = 3, producer = 4, consumer = 5 };

/// A span's attributes as the texts that names are made of.
class span_attributes {
public:
  explicit span_attributes(const item& span) : span_(span) {}

  /// The value under the first of these keys that is there.
  std::optional<std::string> text(std::initializer_list<std::string_view> keys) const {
    for (const auto key : keys)
      if (const auto any = span_.get(key)) {
        std::string scratch;
        return std::string(text_of(*any, scratch));
      }
    return std::nullopt;
  }

  bool is_true(std::string_view key) const {
    const auto any = span_.get(key);
    if (!any)
      return false;
    const auto read = otlp::read_value(*any);
    return read.kind == otlp::value_kind::boolean && read.boolean;
  }

  std::string server() const {
    const auto address = text({"server.address"});
    if (!address)
      return {};
    const auto port = text({"server.port"});
    return port ? *address + ":" + *port : *address;
  }

private:
  const item& span_;
};

// Each gives "" where its convention does not say anything.

std::string http_name(const span_attributes& attributes, std::string_view target) {
  const auto method = attributes.text({"http.request.method", "http.method"});
  if (!method)
    return {};
  const auto target_text = attributes.text({target});
  return target_text ? *method + " " + *target_text : *method;
}

std::string rpc_name(const span_attributes& attributes) {
  const auto system = attributes.text({"rpc.system.name", "rpc.system"});
  if (!system)
    return {};
  const auto method = attributes.text({"rpc.method", "rpc.grpc.method"});
  const auto service = attributes.text({"rpc.service", "rpc.grpc.service"});
  if (method && service)
    return *service + "/" + *method;
  return method ? *method : service ? *service + "/*" : *system;
}

std::string database_target(const span_attributes& attributes) {
  const auto space = attributes.text({"db.namespace", "db.name"}).value_or("");
  if (const auto inside = attributes.text({"db.collection.name", "db.stored_procedure.name"}))
    return space.empty() ? *inside : space + "." + *inside;
  return space.empty() ? attributes.server() : space;
}

std::string database_name(const span_attributes& attributes) {
  const auto system = attributes.text({"db.system.name", "db.system"});
  if (!system)
    return {};
  if (const auto summary = attributes.text({"db.query.summary"}))
    return *summary;
  const auto operation = attributes.text({"db.operation.name", "db.operation"}).value_or("");
  const auto target = database_target(attributes);
  if (!operation.empty() && !target.empty())
    return operation + " " + target;
  return !operation.empty() ? operation : !target.empty() ? target : *system;
}

std::string destination(const span_attributes& attributes) {
  if (attributes.is_true("messaging.destination.temporary"))
    return "(temporary)";
  if (attributes.is_true("messaging.destination.anonymous"))
    return "(anonymous)";
  const auto name = attributes.text(
      {"messaging.destination.template", "messaging.destination.name", "messaging.destination"});
  return name ? *name : attributes.server();
}

std::string messaging_name(const span_attributes& attributes) {
  const auto system = attributes.text({"messaging.system"});
  if (!system)
    return {};
  const auto operation = attributes.text({"messaging.operation.name", "messaging.operation"});
  const auto place = destination(attributes);
  if (operation && !place.empty())
    return *operation + " " + place;
  return !place.empty() ? place : operation ? *operation : *system;
}

std::string semantic_name(const item& span) {
  const span_attributes attributes(span);
  std::string name;
  const auto kind = span.number(kind_field);
  if (kind == server || kind == client) {
    name = http_name(attributes, kind == server ? "http.route" : "url.template");
    if (name.empty())
      name = rpc_name(attributes);
    if (name.empty() && kind == client)
      name = database_name(attributes);
  }
  if (name.empty() && kind >= server && kind <= consumer)
    name = messaging_name(attributes);
  return name;
}

bool set_name(evaluation& e, const call_info& c, value&) {
  auto& span = *e.on().span;
  const auto before = span.bytes(name_field);
  const auto name = semantic_name(span);
  if (name.empty() || name == before)
    return true;
  auto& memory = span.memory();
  if (memory.held() + name.size() + before.size() > max_message_bytes)
    return e.fail("the message grew too large");
  if (c.arguments[1].given())
    span.set(e.node(c.arguments[1]).literal.bytes, make_string(memory, before));
  span.set_bytes(name_field, memory.copy(name));
  return true;
}

/// "1.37.0" to "1.40.0", as the Collector knows them.
std::string check_set_name(const program& code, const call_info& c) {
  const auto text = code.expressions[c.arguments[0].expression].literal.bytes;
  unsigned parts[3] = {};
  const char* next = text.data() + (text.starts_with('v') ? 1 : 0);
  const char* end = text.data() + text.size();
  std::size_t count = 0;
  for (; count < 3 && next <= end; ++count) {
    const auto read = std::from_chars(next, end, parts[count]);
    if (read.ec != std::errc{})
      break;
    next = read.ptr + 1;
    if (read.ptr == end) {
      ++count;
      break;
    }
    if (*read.ptr != '.')
      return fmt::format("found the version `{}`, expected one such as `1.37.0`", text);
  }
  const bool known = count > 0 && next == end + 1 && parts[0] == 1 && parts[1] >= 37
                     && (parts[1] < 40 || (parts[1] == 40 && parts[2] == 0));
  if (!known)
    return fmt::format("found the version `{}` of the semantic conventions, expected 1.37.0 to "
                       "1.40.0",
                       text);
  if (c.arguments[1].given() && code.expressions[c.arguments[1].expression].literal.bytes.empty())
    return "found an empty name for the attribute that keeps the name";
  return {};
}

} // namespace

std::span<const function_info> span_functions() {
  static const std::vector<function_info> table{
      {"set_semconv_span_name",
       result_type::nothing,
       {{"semconv_version", text_literal}, {"original_span_name_attribute", text_literal, true}},
       &set_name,
       &check_set_name,
       spans_only},
  };
  return table;
}

} // namespace weir::ottl
