#pragma once

#include "core/clock.hpp"
#include "core/error.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace weir::net {

/// Tokens, given or in a file, a token a line; the file is looked at again once a second, and when
/// it cannot be read, is empty or has what no header may hold, the last good tokens stay. Any
/// thread.
class token_source {
public:
  using tokens = std::shared_ptr<const std::vector<std::string>>;

  explicit token_source(std::vector<std::string> given)
      : current_(std::make_shared<const std::vector<std::string>>(std::move(given))) {}

  /// errc::io: the file cannot be read, with the system's reason; errc::invalid_argument: it has no
  /// token, or one that no header may hold.
  static result<std::shared_ptr<token_source>> open(const std::string& file);

  /// Never null, never empty where a file was opened.
  tokens now(steady_ns due);

private:
  std::mutex mutex_;
  std::string file_; ///< "": the tokens were given.
  tokens current_;
  steady_ns looked_at_ = 0;
};

} // namespace weir::net
