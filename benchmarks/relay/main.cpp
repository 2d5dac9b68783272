#include "benchmarks/relay/relay.hpp"

#include <CLI/CLI.hpp>
#include <csignal>
#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

// The ceiling of the machine for a durable OTLP/gRPC path made of gRPC C++, zstd and RocksDB.
namespace {

struct options {
  std::string listen = "127.0.0.1:0";
  std::string next;
  std::string store;
  int gather_ms = 5;
};

int serve(const options& chosen) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  std::unique_ptr<weir::relay::disk> store;
  if (!chosen.store.empty()) {
    auto opened =
        weir::relay::disk::open(chosen.store, std::chrono::milliseconds(chosen.gather_ms));
    if (!opened) {
      fmt::print(stderr, "weir-relay: {}\n", opened.error().message);
      return 1;
    }
    store = std::move(*opened);
  }
  weir::relay::relay_service service(
      grpc::CreateChannel(chosen.next, grpc::InsecureChannelCredentials()), store.get());
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(chosen.listen, grpc::InsecureServerCredentials(), &port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(64 << 20);
  builder.RegisterCallbackGenericService(&service);
  const auto server = builder.BuildAndStart();
  if (!server)
    return 1;
  fmt::print("listening on {}:{}\n", chosen.listen.substr(0, chosen.listen.rfind(':')), port);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
  store.reset();
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app("Takes OTLP/gRPC in and sends it on, without any logic", "weir-relay");
  options chosen;
  app.add_option("--listen", chosen.listen, "host:port; port 0 is any free one")
      ->capture_default_str();
  app.add_option("--next", chosen.next, "host:port to send on to")->required();
  app.add_option("--store", chosen.store,
                 "Directory of the database; without it nothing is stored");
  app.add_option("--gather", chosen.gather_ms, "How long a group waits before its fsync, in ms")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return serve(chosen);
}
