#include "backends/factory.hpp"

#include "backends/counted_sender.hpp"
#include "backends/debug.hpp"
#include "backends/file.hpp"
#include "backends/nop.hpp"
#include "backends/otlp_grpc.hpp"
#include "backends/otlp_http.hpp"

namespace weir::backends {

namespace {

using made = result<std::unique_ptr<sender>>;

made make(const exporter_config& config, const otlp_grpc_config& c) {
  return make_otlp_grpc_sender(config.id, c, config.retry);
}
made make(const exporter_config& config, const otlp_http_config& c) {
  return make_otlp_http_sender(config.id, c, config.retry);
}
made make(const exporter_config& config, const debug_config& c) {
  return make_debug_sender(config.id, c);
}
made make(const exporter_config& config, const file_config& c) {
  return make_file_sender(config.id, c);
}
made make(const exporter_config&, const nop_config&) {
  return make_nop_sender();
}

} // namespace

result<std::unique_ptr<sender>> make_sender(const exporter_config& config) {
  auto out = std::visit([&](const auto& kind) { return make(config, kind); }, config.kind);
  if (!out)
    return fail(out.error().code, "exporter " + config.id + ": " + out.error().message);
  return make_counted_sender(config.id, std::move(*out));
}

} // namespace weir::backends
