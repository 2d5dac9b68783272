#pragma once

#include "net/link/credentials.hpp"
#include "net/link/question.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::net {

/// A question to several other nodes at once, over a connection of its own to each. An answer of each
/// waits at most; the next is read when that was taken. One thread.
class inquiry {
public:
  /// What a node said.
  struct heard {
    std::size_t node = 0;                   ///< An index into the addresses.
    std::optional<std::string> answer = {}; ///< Nothing: it has said all, or nothing more comes.
    std::string trouble =
        {}; ///< Why it did not say all, a sentence, bytes of the other node; "" = it did.
  };

  /// Begins at once. `patience`: until its last answer; nothing: as long as it is there.
  inquiry(const std::vector<std::string>& addresses,
          std::shared_ptr<const link_credentials> credentials, const question& asked,
          std::optional<std::chrono::milliseconds> patience);
  /// Gives up what is still asked.
  ~inquiry();
  inquiry(const inquiry&) = delete;
  inquiry& operator=(const inquiry&) = delete;

  /// Whether next() will not wait.
  bool wait(std::chrono::milliseconds at_most);
  /// The next that one of them said; waits for it. Nothing: all have ended.
  std::optional<heard> next();

private:
  class call;
  struct answers;
  std::shared_ptr<answers> answers_;
  std::vector<std::shared_ptr<call>> calls_;
};

} // namespace weir::net
