#include "net/grpc_protocol.hpp"
#include "tests/net/server_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/byte_buffer.h>

using namespace weir;
using namespace weir::net;
using namespace weir::net::tests;

namespace {

struct outcome {
  grpc::Status status;
  std::string body;
  std::multimap<std::string, std::string> trailers;
};

std::string bytes_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string out;
  if (buffer.Valid() && buffer.Dump(&slices).ok())
    for (const auto& s : slices)
      out.append(reinterpret_cast<const char*>(s.begin()), s.size());
  return out;
}

/// gRPC C++ as the client.
class client {
public:
  explicit client(const server_fixture& server)
      : stub_(grpc::CreateCustomChannel(server.endpoints[0], grpc::InsecureChannelCredentials(),
                                        arguments())) {}

  outcome call(std::string_view path, const std::string& body,
               const std::function<void(grpc::ClientContext&)>& prepare = {}) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + patience);
    if (prepare)
      prepare(context);
    grpc::Slice slice(body);
    grpc::ByteBuffer request(&slice, 1), response;
    grpc::CompletionQueue queue;
    outcome result;
    auto call = stub_.PrepareUnaryCall(&context, std::string(path), request, &queue);
    call->StartCall();
    call->Finish(&response, &result.status, this);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    result.body = bytes_of(response);
    for (const auto& [key, value] : context.GetServerTrailingMetadata())
      result.trailers.emplace(std::string(key.data(), key.size()),
                              std::string(value.data(), value.size()));
    return result;
  }

  outcome export_traces(const std::string& body,
                        const std::function<void(grpc::ClientContext&)>& prepare = {}) {
    return call(grpc_export_path(signal::traces), body, prepare);
  }

private:
  static grpc::ChannelArguments arguments() {
    grpc::ChannelArguments args;
    args.SetMaxSendMessageSize(-1);
    // Tests run side by side: no subchannel of another test.
    args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return args;
  }

  grpc::GenericStub stub_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(grpc_interop_test)

// Scenario: a client exports bytes of every size around frames and windows. Guarantee: intake gets
// exactly these bytes; an answer without anything to say has an empty message.
BOOST_AUTO_TEST_CASE(bytes_arrive_as_they_were_sent) {
  server_fixture server({grpc_listener()});
  client grpc(server);
  std::vector<std::string> sent;
  for (const std::size_t size : {0u, 1u, 16'379u, 16'384u, 134'000u, 4u << 20}) {
    std::string body(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
      body[i] = static_cast<char>(i * 31 + i / 251);
    const auto result = grpc.export_traces(body);
    BOOST_TEST(result.status.ok(), result.status.error_message());
    BOOST_TEST(result.body.empty());
    sent.push_back(std::move(body));
  }
  BOOST_TEST((server.bodies() == sent));
}

BOOST_AUTO_TEST_SUITE_END()
