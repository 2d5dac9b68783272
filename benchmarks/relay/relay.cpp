#include "benchmarks/relay/relay.hpp"

#include <cstdio>
#include <zstd.h>

namespace weir::relay {

namespace {

/// A thread's zstd contexts.
struct packers {
  ZSTD_CCtx* pack = ZSTD_createCCtx();
  ZSTD_DCtx* unpack = ZSTD_createDCtx();
  ~packers() {
    ZSTD_freeCCtx(pack);
    ZSTD_freeDCtx(unpack);
  }
};
thread_local packers own;

std::string packed(const grpc::ByteBuffer& message) {
  std::vector<grpc::Slice> slices;
  (void)message.Dump(&slices);
  std::string out(ZSTD_compressBound(message.Length()), '\0');
  ZSTD_CCtx_reset(own.pack, ZSTD_reset_session_only);
  ZSTD_CCtx_setParameter(own.pack, ZSTD_c_compressionLevel, -1);
  ZSTD_CCtx_setPledgedSrcSize(own.pack, message.Length());
  auto target = ZSTD_outBuffer{out.data(), out.size(), 0};
  for (std::size_t i = 0; i < slices.size(); ++i) {
    auto source = ZSTD_inBuffer{slices[i].begin(), slices[i].size(), 0};
    ZSTD_compressStream2(own.pack, &target, &source,
                         i + 1 == slices.size() ? ZSTD_e_end : ZSTD_e_continue);
  }
  out.resize(target.pos);
  return out;
}

grpc::ByteBuffer unpacked(const parcel& stored) {
  grpc_slice raw = grpc_slice_malloc(stored.unpacked_bytes);
  ZSTD_decompressDCtx(own.unpack, GRPC_SLICE_START_PTR(raw), stored.unpacked_bytes,
                      stored.packed.data(), stored.packed.size());
  const grpc::Slice slice(raw, grpc::Slice::STEAL_REF);
  return {&slice, 1};
}

} // namespace

struct relay_service::onward_call {
  grpc::ClientContext context;
  grpc::ByteBuffer request, response;
};

/// One call at the relay's own server.
class relay_service::call final : public grpc::ServerGenericBidiReactor {
public:
  call(relay_service& owner, const std::string& method) : owner_(owner), method_(method) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok)
      return Finish({grpc::StatusCode::INTERNAL, "no message"});
    if (owner_.store_ != nullptr)
      return owner_.pack_and_store(this, method_, request_);
    auto onward = std::make_shared<onward_call>();
    owner_.stub_.UnaryCall(
        &onward->context, method_, {}, &request_, &response_,
        [this, onward](const grpc::Status& status) { status.ok() ? succeed() : Finish(status); });
  }

  void OnDone() override { delete this; }

  void succeed() { StartWriteAndFinish(&response_, {}, grpc::Status::OK); }

private:
  relay_service& owner_;
  std::string method_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_{nullptr, 0}; // an empty Export…Response
};

relay_service::relay_service(const std::shared_ptr<grpc::Channel>& next, disk* store)
    : stub_(next), store_(store) {}

grpc::ServerGenericBidiReactor*
relay_service::CreateReactor(grpc::GenericCallbackServerContext* context) {
  return new call(*this, context->method());
}

void relay_service::pack_and_store(call* call, const std::string& method,
                                   const grpc::ByteBuffer& message) {
  store_->put({packed(message), message.Length(), [call] { call->succeed(); },
               [this, method](parcel&& stored) { send_stored(method, stored); }});
}

void relay_service::send_stored(const std::string& method, const parcel& stored) {
  onward_.acquire();
  auto* const onward = new onward_call{{}, unpacked(stored), {}};
  stub_.UnaryCall(&onward->context, method, {}, &onward->request, &onward->response,
                  [this, onward](const grpc::Status& status) {
                    if (!status.ok())
                      std::fprintf(stderr, "weir-relay: %s\n", status.error_message().c_str());
                    delete onward;
                    onward_.release();
                  });
}

} // namespace weir::relay
