#include "net/server/grpc_protocol.hpp"
#include "tests/net/server/server_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/byte_buffer.h>
#include <set>

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

// Scenario: each of the three services is called, one of them not in any pipeline, and an unknown
// one. Guarantee: the signal is told apart by the method; what nobody takes is UNIMPLEMENTED.
BOOST_AUTO_TEST_CASE(methods_are_signals) {
  server_fixture server({grpc_listener()}, {}, {signal::traces, signal::logs});
  std::vector<signal> seen;
  server.answer_with([&](otlp_request& request) {
    BOOST_TEST(request.over_grpc);
    seen.push_back(request.signal);
    request.reply({});
  });
  client grpc(server);
  BOOST_TEST(grpc.call(grpc_export_path(signal::traces), "a").status.ok());
  BOOST_TEST(grpc.call(grpc_export_path(signal::logs), "b").status.ok());
  BOOST_TEST((seen == std::vector{signal::traces, signal::logs}));
  const auto metrics = grpc.call(grpc_export_path(signal::metrics), "c");
  BOOST_TEST(metrics.status.error_code() == grpc::StatusCode::UNIMPLEMENTED);
  const auto unknown = grpc.call("/some.Service/Method", "d");
  BOOST_TEST(unknown.status.error_code() == grpc::StatusCode::UNIMPLEMENTED);
}

// Scenario: the client packs with gzip. Guarantee: intake gets the unpacked bytes.
BOOST_AUTO_TEST_CASE(gzip_is_unpacked) {
  server_fixture server({grpc_listener()});
  client grpc(server);
  const std::string body(300'000, 'x');
  const auto result = grpc.export_traces(body, [](grpc::ClientContext& context) {
    context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  });
  BOOST_TEST(result.status.ok(), result.status.error_message());
  BOOST_TEST((server.bodies() == std::vector{body}));
}

// Scenario: intake refuses for now. Guarantee: UNAVAILABLE with the delay in both trailers, which
// is what makes clients of all languages try again; the text arrives whole.
BOOST_AUTO_TEST_CASE(unavailable_carries_retry_info_twice) {
  server_fixture server({grpc_listener()});
  server.answer_with({.code = otlp_reply::status::unavailable,
                      .message = "disk 100% full: Gr\xc3\xbc\xc3\x9f"
                                 "e",
                      .retry_after = std::chrono::milliseconds(2500)});
  client grpc(server);
  const auto result = grpc.export_traces("a");
  BOOST_TEST(result.status.error_code() == grpc::StatusCode::UNAVAILABLE);
  BOOST_TEST(result.status.error_message()
             == "disk 100% full: Gr\xc3\xbc\xc3\x9f"
                "e");
  // RetryInfo{retry_delay: {seconds: 2, nanos: 500000000}}
  const std::string info("\x0a\x08\x08\x02\x10\x80\xca\xb5\xee\x01", 10);
  const auto plain = result.trailers.find("google.rpc.retryinfo-bin");
  BOOST_REQUIRE((plain != result.trailers.end()));
  BOOST_TEST(plain->second == info);
  const auto details = result.status.error_details();
  BOOST_TEST(details.starts_with("\x08\x0e\x12"));
  BOOST_TEST(details.find("type.googleapis.com/google.rpc.RetryInfo") != std::string::npos);
  BOOST_TEST(details.ends_with(info));
}

// Scenario: intake answers in each other way. Guarantee: gRPC's code for it, and no RetryInfo,
// which would make a client send again what will never be taken.
BOOST_AUTO_TEST_CASE(permanent_answers_carry_no_retry_info) {
  using status = otlp_reply::status;
  server_fixture server({grpc_listener()});
  client grpc(server);
  const std::vector<std::pair<status, grpc::StatusCode>> cases = {
      {status::invalid, grpc::StatusCode::INVALID_ARGUMENT},
      {status::too_large, grpc::StatusCode::RESOURCE_EXHAUSTED},
      {status::internal, grpc::StatusCode::INTERNAL}};
  for (const auto& [ours, theirs] : cases) {
    server.answer_with({.code = ours, .message = "no"});
    const auto result = grpc.export_traces("a");
    BOOST_TEST(result.status.error_code() == theirs);
    BOOST_TEST(result.status.error_message() == "no");
    BOOST_TEST(result.trailers.count("google.rpc.retryinfo-bin") == 0u);
    BOOST_TEST(result.trailers.count("grpc-status-details-bin") == 0u);
  }
}

// Scenario: some spans were rejected; or only a warning is to be said. Guarantee: OK with
// partial_success, its numbers and text.
BOOST_AUTO_TEST_CASE(partial_success_is_in_the_body) {
  server_fixture server({grpc_listener()});
  client grpc(server);
  server.answer_with({.rejected = 3, .message = "bad id"});
  BOOST_TEST(grpc.export_traces("a").body
             == "\x0a\x0a\x08\x03\x12\x06"
                "bad id");
  server.answer_with({.message = "old"});
  BOOST_TEST(grpc.export_traces("a").body
             == "\x0a\x05\x12\x03"
                "old");
}

// Scenario: a message over the limit, packed or not. Guarantee: RESOURCE_EXHAUSTED without
// RetryInfo, nothing reaches intake, and the connection goes on.
BOOST_AUTO_TEST_CASE(a_message_over_the_limit_is_refused) {
  auto listener = grpc_listener();
  listener.max_message_bytes = 100'000;
  server_fixture server({listener});
  client grpc(server);
  const std::string body(100'001, 'x');
  for (const auto method : {GRPC_COMPRESS_NONE, GRPC_COMPRESS_GZIP}) {
    const auto result = grpc.export_traces(
        body, [&](grpc::ClientContext& context) { context.set_compression_algorithm(method); });
    BOOST_TEST(result.status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
    BOOST_TEST(result.trailers.count("google.rpc.retryinfo-bin") == 0u);
  }
  BOOST_TEST(server.bodies().empty());
  BOOST_TEST(grpc.export_traces("a").status.ok());
}

// Scenario: a call's time is over while intake still works on it. Guarantee: the client hears
// DEADLINE_EXCEEDED, and the late answer disturbs nothing.
BOOST_AUTO_TEST_CASE(a_late_answer_disturbs_nothing) {
  server_fixture server({grpc_listener()});
  server.hold();
  client grpc(server);
  const auto result = grpc.export_traces("a", [](grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(150));
  });
  BOOST_TEST(result.status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
  server.next().reply({});
  server.answer_with(otlp_reply{});
  BOOST_TEST(grpc.export_traces("b").status.ok());
}

// Scenario: a receiver with include_metadata and an authenticator; a client with wrong and right
// tokens and a few headers. Guarantee: headers that somebody asks for reach intake by lower-case
// name, others and the token do not; without the right token the answer is UNAUTHENTICATED.
BOOST_AUTO_TEST_CASE(headers_reach_intake_and_the_authenticator) {
  auto listener = grpc_listener();
  listener.include_metadata = true;
  listener.metadata_keys = {"x-tenant", "x-other"};
  listener.auth = bearer_auth_config{.tokens = {"1", "2"}};
  server_fixture server({listener}, {}, {signal::traces});
  client grpc(server);
  BOOST_TEST(grpc.export_traces("a").status.error_code() == grpc::StatusCode::UNAUTHENTICATED);
  const auto made = [&](const char* token) {
    return grpc.export_traces("a", [token](grpc::ClientContext& context) {
      context.AddMetadata("authorization", token);
      context.AddMetadata("x-tenant", "blue");
      context.AddMetadata("x-secret", "red");
    });
  };
  for (const char* wrong : {"", "Bearer", "Bearer 12", "bearer 1", "Basic 1", "1"})
    BOOST_TEST(made(wrong).status.error_code() == grpc::StatusCode::UNAUTHENTICATED);
  BOOST_TEST(server.bodies().empty());
  BOOST_TEST(made("Bearer 2").status.ok());
  const std::vector<std::pair<std::string, std::string>> wanted = {{"x-tenant", "blue"}};
  BOOST_TEST((server.last_metadata() == wanted));
  BOOST_TEST(server.last_client_address() == "127.0.0.1");
}

// Scenario: connections live for 100 ms at most while a client calls without pause. Guarantee: the
// client moves to new connections and no call fails.
BOOST_AUTO_TEST_CASE(max_connection_age_loses_no_call) {
  auto listener = grpc_listener();
  listener.keepalive.max_connection_age = std::chrono::milliseconds(100);
  listener.keepalive.max_connection_age_grace = std::chrono::seconds(5);
  server_fixture server({listener});
  client grpc(server);
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(900);
  std::set<std::string> failures;
  std::size_t calls = 0;
  for (; std::chrono::steady_clock::now() < until; ++calls)
    if (const auto result = grpc.export_traces("a"); !result.status.ok())
      failures.insert(result.status.error_message());
  for (const auto& why : failures)
    BOOST_TEST_ERROR(why);
  BOOST_TEST(server.bodies().size() == calls);
}

BOOST_AUTO_TEST_SUITE_END()
