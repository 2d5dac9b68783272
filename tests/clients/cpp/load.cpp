// A client of gRPC C++ as its exporters use it: one call after the other, which fails at once while
// there is no connection, and nothing that looks at the connection between calls (../README.md).
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <string>
#include <thread>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

constexpr int spans_per_request = 10;
constexpr auto call_timeout = std::chrono::seconds(10);

void append_varint(std::string& out, std::uint64_t value) {
  for (; value > 0x7f; value >>= 7)
    out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

std::string field(int number, const std::string& bytes) {
  std::string out;
  append_varint(out, static_cast<std::uint64_t>(number) << 3 | 2);
  append_varint(out, bytes.size());
  return out + bytes;
}

std::string big_endian(std::uint64_t value) {
  std::string out;
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> shift));
  return out;
}

std::string fixed64(int number, std::uint64_t value) {
  std::string out;
  append_varint(out, static_cast<std::uint64_t>(number) << 3 | 1);
  for (int shift = 0; shift < 64; shift += 8)
    out.push_back(static_cast<char>(value >> shift));
  return out;
}

// Span ids run on from `first` + 1; the spans are one trace.
std::string request(std::uint64_t client, std::uint64_t first) {
  const auto now =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count());
  std::string spans;
  for (std::uint64_t i = 1; i <= spans_per_request; ++i)
    spans += field(2, field(1, big_endian(client) + big_endian(first + 1))
                          + field(2, big_endian(client << 40 | (first + i))) + field(5, "load")
                          + fixed64(7, now) + fixed64(8, now + 1'000'000));
  return field(1, field(2, spans));
}

bool call(grpc::GenericStub& stub, const std::string& message) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + call_timeout);
  grpc::CompletionQueue queue;
  const grpc::Slice slice(message);
  const grpc::ByteBuffer body(&slice, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  auto reader = stub.PrepareUnaryCall(
      &context, "/opentelemetry.proto.collector.trace.v1.TraceService/Export", body, &queue);
  reader->StartCall();
  reader->Finish(&response, &status, &queue);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return ok && status.ok();
}

} // namespace

// load HOST:PORT ACKED CLIENT SECONDS RATE
int main(int count, char** arguments) {
  if (count != 6)
    return 2;
  const std::uint64_t client = std::strtoull(arguments[3], nullptr, 10);
  const auto ends = clock_type::now() + std::chrono::seconds(std::atoi(arguments[4]));
  const auto period =
      std::chrono::nanoseconds(1'000'000'000LL * spans_per_request / std::atoi(arguments[5]));
  grpc::GenericStub stub(grpc::CreateChannel(arguments[1], grpc::InsecureChannelCredentials()));
  std::ofstream acked(arguments[2]);
  std::uint64_t offered = 0, acknowledged = 0;
  auto next = clock_type::now();
  while (next < ends) {
    std::this_thread::sleep_until(next);
    const auto first = offered;
    const bool taken = call(stub, request(client, first));
    for (std::uint64_t i = 1; taken && i <= spans_per_request; ++i)
      acked << std::hex << (client << 40 | (first + i)) << '\n';
    acked.flush();
    acknowledged += taken ? spans_per_request : 0;
    // What was due while a call waited was offered as well.
    for (const auto now = clock_type::now(); next <= now || offered == first; next += period)
      offered += spans_per_request;
  }
  std::printf("{\"offered\": %llu, \"acknowledged\": %llu}\n",
              static_cast<unsigned long long>(offered),
              static_cast<unsigned long long>(acknowledged));
}
