#pragma once

#include "benchmarks/relay/disk.hpp"

#include <grpcpp/channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <memory>
#include <semaphore>

namespace weir::relay {

/// Takes any unary gRPC call as raw bytes and makes the same call at the next server: what this
/// path costs with gRPC C++ and no logic at all. With a disk: zstd -1, RocksDB with fsync, OK, then
/// unpacked and sent on. Without one: OK goes back with the next server's.
class relay_service final : public grpc::CallbackGenericService {
public:
  /// `store` may be null.
  relay_service(const std::shared_ptr<grpc::Channel>& next, disk* store);

  grpc::ServerGenericBidiReactor*
  CreateReactor(grpc::GenericCallbackServerContext* context) override;

private:
  class call;
  struct onward_call;

  void pack_and_store(call* call, const std::string& method, const grpc::ByteBuffer& message);
  void send_stored(const std::string& method, const parcel& stored);

  static constexpr std::ptrdiff_t max_onward_calls =
      64; // the disk waits for the next server beyond

  grpc::GenericStub stub_;
  disk* store_;
  std::counting_semaphore<max_onward_calls> onward_{max_onward_calls};
};

} // namespace weir::relay
