#include "net/carried_names.hpp"
#include "backends/config.hpp"

namespace weir::backends {

std::vector<std::string> carried_names(const exporter_config& config) {
  return std::visit(
      [](const auto& kind) -> std::vector<std::string> {
        if constexpr (requires { kind.auth; })
          return net::carried_names(kind.auth);
        else
          return {};
      },
      config.kind);
}

} // namespace weir::backends
