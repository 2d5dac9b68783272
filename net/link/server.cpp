#include "net/link/server.hpp"

#include "net/link/credential_parts.hpp"
#include "net/link/question_desk.hpp"
#include "net/link/session.hpp"

#include <fmt/format.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <weir/cluster/v1/cluster.grpc.pb.h>

namespace weir::net {

namespace {

using proto = cluster::v1::Cluster;

/// A call that is not wanted.
class turned_away final : public server_reactor {
public:
  explicit turned_away(const std::string& reason) {
    Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, reason});
  }
  void OnDone() override { delete this; }
};

/// Bytes in and out: what they mean is net/link/wire.hpp's to say.
class service final : public proto::WithRawCallbackMethod_Control<
                          proto::WithRawCallbackMethod_Data<proto::Service>> {
public:
  explicit service(std::shared_ptr<session_table> table)
      : table_(std::move(table)), questions_(table_) {}

  server_reactor* Control(grpc::CallbackServerContext* context) override {
    if (const auto refusal = table_->enter(session_table::kind::control); !refusal.empty())
      return new turned_away(refusal);
    const auto room = table_->limits().control_queue_bytes;
    const auto control = std::make_shared<control_stream>(room, *context, table_);
    std::make_shared<session>(table_, context->peer())->begin(control);
    return control.get();
  }

  server_reactor* Data(grpc::CallbackServerContext* context) override {
    if (const auto refusal = table_->enter(session_table::kind::data); !refusal.empty())
      return new turned_away(refusal);
    const auto room = table_->limits().data_queue_bytes;
    const auto data = std::make_shared<data_stream>(room, *context, table_);
    data->begin();
    return data.get();
  }

  /// On a thread of its own: it may take as long as it takes.
  grpc::Status Ask(grpc::ServerContext* context, const cluster::v1::Question* asked,
                   grpc::ServerWriter<cluster::v1::Answer>* writer) override {
    return questions_.answer(*context, *asked, *writer);
  }

  question_desk& questions() noexcept { return questions_; }

private:
  const std::shared_ptr<session_table> table_;
  question_desk questions_;
};

void configure(grpc::ServerBuilder& builder, const link_limits& limits) {
  const auto keepalive = static_cast<int>(limits.keepalive.count());
  const auto hello_timeout = static_cast<int>(limits.hello_timeout.count());
  builder.SetMaxReceiveMessageSize(static_cast<int>(largest_message));
  builder.SetMaxSendMessageSize(-1);
  builder.SetResourceQuota(
      grpc::ResourceQuota("links").Resize(limits.memory_bytes).SetMaxThreads(most_questions));
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  for (const auto& [name, value] :
       {std::pair{GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0},
        {GRPC_ARG_ALLOW_REUSEPORT, 0},
        {GRPC_ARG_MAX_CONCURRENT_STREAMS, 8}, // of a connection; a link has two
        {GRPC_ARG_MAX_METADATA_SIZE, 16 << 10},
        {GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, hello_timeout},
        {GRPC_ARG_MAX_CONNECTION_IDLE_MS, hello_timeout},
        {GRPC_ARG_KEEPALIVE_TIME_MS, keepalive},
        {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive},
        {GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0},
        {GRPC_ARG_HTTP2_BDP_PROBE, 0},
        {GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, stream_window},
        {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 100},
        {GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0}})
    builder.AddChannelArgument(name, value);
}

} // namespace

class link_server::implementation {
public:
  implementation(link_limits limits, hello_handler on_hello)
      : table_(std::make_shared<session_table>(limits, std::move(on_hello))), service_(table_) {}
  ~implementation() { stop(); }

  result<void> start(const link_server_config& config) {
    grpc::ServerBuilder builder;
    configure(builder, config.limits);
    int port = 0;
    builder.AddListeningPort(config.listen, config.credentials->grpc().server, &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    if (!server_ || port == 0)
      return fail(errc::io, fmt::format("cannot listen on {}: it is taken, or not this machine's",
                                        config.listen));
    endpoint_ = fmt::format("{}:{}", config.listen.substr(0, config.listen.rfind(':')), port);
    return {};
  }

  void stop() {
    if (!server_)
      return;
    table_->stop();
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
    table_->silence();
    server_.reset();
  }

  const std::string& endpoint() const noexcept { return endpoint_; }
  void answer_by(question_handler handler) { service_.questions().set_handler(std::move(handler)); }

private:
  const std::shared_ptr<session_table> table_;
  service service_;
  std::unique_ptr<grpc::Server> server_;
  std::string endpoint_;
};

result<std::unique_ptr<link_server>> link_server::start(link_server_config config,
                                                        hello_handler on_hello) {
  auto made = std::make_unique<implementation>(config.limits, std::move(on_hello));
  if (auto started = made->start(config); !started)
    return tl::unexpected(std::move(started.error()));
  return std::make_unique<link_server>(std::move(made));
}

link_server::link_server(std::unique_ptr<implementation> made) : implementation_(std::move(made)) {}
link_server::~link_server() = default;

const std::string& link_server::endpoint() const noexcept {
  return implementation_->endpoint();
}

void link_server::answer_by(question_handler handler) {
  implementation_->answer_by(std::move(handler));
}

void link_server::stop() {
  implementation_->stop();
}

} // namespace weir::net
