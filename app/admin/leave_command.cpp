#include "app/admin/node_commands.hpp"
#include "app/admin/render_status.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

namespace weir::app {

namespace {

using admin::v1::LeaveProgress;

std::string text_of(const LeaveProgress& progress) {
  return render_leave({.node = progress.node(),
                       .state = progress.state(),
                       .share = progress.share(),
                       .open_slots = progress.open_slots(),
                       .unsent_slots = progress.unsent_slots(),
                       .done = progress.done()});
}

class leave_command final : public node_command {
public:
  void add_options(CLI::App& command) override {
    command.add_option("node", node_, "Its name or id; absent: the node that is asked")
        ->type_name("NODE");
    command.add_flag("--watch", watch_, "Shows how far it is until it has left");
  }

  int run(node_session& session) override {
    std::string shown;
    bool left = false;
    const std::function<bool(const LeaveProgress&)> show = [&](const LeaveProgress& progress) {
      const auto text = session.json() ? json_of(progress, false) + "\n" : text_of(progress);
      if (text != shown) {
        session.out << text << std::flush;
        shown = text;
      }
      left = progress.done() && progress.state() == "left";
      return watch_;
    };
    admin::v1::LeaveRequest request;
    request.set_node(node_);
    const auto told = session.hear<LeaveProgress>("Leave", request, show);
    if (!told)
      return session.fails(told.error());
    if (watch_)
      return left ? done : not_available;
    if (!session.json() && !left)
      session.out << "it was told to leave: `weir leave --watch` and `weir status` show how far it "
                     "is\n";
    return done;
  }

private:
  std::string node_;
  bool watch_ = false;
};

} // namespace

std::unique_ptr<node_command> make_leave_command() {
  return std::make_unique<leave_command>();
}

} // namespace weir::app
