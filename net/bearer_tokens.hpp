#pragma once

#include "core/clock.hpp"
#include "core/error.hpp"
#include "net/config.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace weir::net {

/// The tokens of a `bearertokenauth`, and how they stand in its header: behind the scheme and a
/// blank, or alone without one. They are given or in a file, a token a line; the file is looked at
/// again once a second, and when it cannot be read, is empty or has what no header may hold, the
/// last good tokens stay. Any thread.
class bearer_tokens {
public:
  /// errc::io: the file cannot be read, with the system's reason; errc::invalid_argument: there is
  /// no token, or one in the file that no header may hold.
  static result<std::shared_ptr<bearer_tokens>> open(const bearer_auth_config& config);

  /// What a client says: the header's value with the first of the tokens.
  std::string credentials(steady_ns now);

  /// Whether a client said one of the tokens; the time it takes does not tell which.
  bool accept(std::string_view credentials, steady_ns now);

private:
  using token_list = std::shared_ptr<const std::vector<std::string>>;

  static result<token_list> read(const std::string& file);

  /// Never null, never empty.
  token_list tokens(steady_ns now);

  std::string prefix_; ///< Of the header's value.
  std::string file_;   ///< "": the tokens were given.
  std::mutex mutex_;
  token_list current_;
  steady_ns looked_at_ = 0;
};

} // namespace weir::net
