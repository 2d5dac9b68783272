#pragma once

#include <string>

namespace weir::net {

/// Whoever asks a node something for a person, over its admin API or through another node: for as long
/// as it is answered.
class asker {
public:
  virtual ~asker() = default;

  /// An answer. Waits for one who is slow. False: it has gone, and nothing more needs to be said. The
  /// thread that answers.
  virtual bool tell(const std::string& answer) = 0;

  // Any thread:
  virtual bool gone() const = 0;
  /// It has gone from now on: tell() does not wait any more.
  virtual void send_away() = 0;
  /// Where it asks from, for a log. Bytes that it may have chosen.
  virtual std::string peer() const = 0;
};

} // namespace weir::net
