#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

namespace weir::app {

/// What `weir status`, `members` and `leave` are told.
struct admin_arguments {
  std::string endpoint = "127.0.0.1:13134";
  std::string token = {}, token_file = {};
  bool tls = false; ///< So it is where one of the files is given.
  std::string ca_file = {}, cert_file = {}, key_file = {}, server_name = {};
  std::string output = "table"; ///< table, json
  bool watch = false;           ///< Until it has left.
  std::string node = {};        ///< "" = the one that is asked.
};

/// Asks a running node, shows its answer. Returns the exit code.
int admin_command(std::string_view command, const admin_arguments& given, std::ostream& out,
                  std::ostream& err);

} // namespace weir::app
