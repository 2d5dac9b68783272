#include "app/admin/hands.hpp"
#include "app/admin/messages.hpp"
#include "app/admin/node_look.hpp"

namespace weir::app {

namespace {

result<admin::v1::ExportersAnswer> exporters(const node_place&,
                                             const admin::v1::ExportersRequest&) {
  admin::v1::ExportersAnswer answer;
  for (const auto& each : logs_of(exporter_board::instance().all(), unix_now()))
    *answer.add_exporters() = to_message(each);
  return answer;
}

} // namespace

hand exporters_hand() {
  return make_hand<admin::v1::ExportersRequest, admin::v1::ExportersAnswer>({.name = "Exporters"},
                                                                            exporters);
}

} // namespace weir::app
