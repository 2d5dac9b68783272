#include "net/client/client_packing.hpp"

#include "core/cpus.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <string>

namespace weir::net {

namespace {

int effective_level(codec::encoding method, int level) {
  const bool deflates = method == codec::encoding::gzip || method == codec::encoding::zlib;
  if (level <= 0) // The Collector's -1 (the default) and -2 (Huffman's code alone), too.
    return deflates ? 1 : 0;
  return level;
}

} // namespace

client_packing::client_packing(codec::encoding method, int level)
    : encoding_(method), level_(effective_level(method, level)) {
  if (method != codec::encoding::identity)
    threads_ = std::make_unique<boost::asio::thread_pool>(usable_cpus());
}

client_packing::~client_packing() {
  join();
}

void client_packing::pack(shared_bytes body, on_packed then) {
  if (threads_ == nullptr)
    return then(std::move(body), false);
  boost::asio::post(*threads_, [this, body = std::move(body), then = std::move(then)]() mutable {
    std::string packed;
    if (const auto done = codec::encode(encoding_, body.view(), level_, packed); done)
      then(shared_bytes(std::move(packed)), true);
    else
      then(std::move(body), false);
  });
}

void client_packing::join() {
  if (threads_)
    threads_->join();
}

} // namespace weir::net
