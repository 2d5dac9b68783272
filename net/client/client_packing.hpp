#pragma once

#include "codec/encoding.hpp"
#include "core/bytes.hpp"

#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>

namespace weir::net {

/// Packs request bodies on threads of its own, one a core, so that a network thread never does.
class client_packing {
public:
  /// `level` 0 and below: gzip and deflate at their fastest (on spans twice as fast as their usual
  /// level, for a fifth more bytes), the others at their default.
  client_packing(codec::encoding encoding, int level);
  ~client_packing(); ///< join()

  /// Gets the body and whether it is packed: it is not where that failed.
  using on_packed = std::function<void(shared_bytes body, bool packed)>;

  /// Calls `then` once: at once where nothing is to be packed, else later on another thread.
  void pack(shared_bytes body, on_packed then);

  /// Returns when all that was given is packed. Nothing may be given from then on.
  void join();

private:
  codec::encoding encoding_;
  int level_;
  std::unique_ptr<boost::asio::thread_pool> threads_; ///< Null: nothing is packed.
};

} // namespace weir::net
