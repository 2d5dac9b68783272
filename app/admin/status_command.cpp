#include "app/admin/messages.hpp"
#include "app/admin/node_commands.hpp"
#include "app/admin/render_status.hpp"

#include <ostream>

namespace weir::app {

namespace {

class status_command final : public node_command {
  int run(node_session& session) override {
    const auto answer =
        session.ask<admin::v1::StatusResponse>("Status", admin::v1::StatusRequest());
    if (!answer)
      return session.fails(answer.error());
    session.out << (session.json() ? json_of(*answer, true) : render_status(from_message(*answer)));
    return done;
  }
};

class members_command final : public node_command {
  int run(node_session& session) override {
    const auto answer =
        session.ask<admin::v1::MembersResponse>("Members", admin::v1::MembersRequest());
    if (!answer)
      return session.fails(answer.error());
    const auto view =
        answer->has_cluster() ? std::optional(from_message(answer->cluster())) : std::nullopt;
    session.out << (session.json() ? json_of(*answer, true)
                                   : render_members(view ? &*view : nullptr));
    return done;
  }
};

} // namespace

std::unique_ptr<node_command> make_status_command() {
  return std::make_unique<status_command>();
}

std::unique_ptr<node_command> make_members_command() {
  return std::make_unique<members_command>();
}

} // namespace weir::app
