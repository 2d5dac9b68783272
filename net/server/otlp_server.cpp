#include "net/server/otlp_server.hpp"

#include "core/cpus.hpp"
#include "core/log.hpp"
#include "net/server/descriptors.hpp"
#include "net/server/listener.hpp"
#include "net/server/server_auth.hpp"
#include "net/server/tls_server.hpp"

#include <boost/asio/post.hpp>
#include <csignal>
#include <future>

namespace weir::net {

namespace {

/// How often drain() looks whether the last connection has gone.
constexpr std::chrono::milliseconds drain_poll{5};

} // namespace

struct otlp_server::impl {
  std::shared_ptr<server_context> context;
  std::vector<std::unique_ptr<network_thread>> threads;
  std::vector<std::unique_ptr<listener>> listeners;
  std::uint32_t connection_share = 0; ///< Kept for each listener.

  result<void> listen(const otlp_server::receiver& receiver, std::uint32_t index,
                      const otlp_listener_config& config);
  void stop_listening();

  ~impl() {
    stop_listening();
    for (auto& thread : threads)
      thread->stop();
    listeners.clear(); // Their sockets belong to the first thread.
  }
};

result<void> otlp_server::impl::listen(const otlp_server::receiver& receiver, std::uint32_t index,
                                       const otlp_listener_config& config) {
  auto shared =
      std::make_shared<listener_context>(context, receiver, index, config, connection_share);
  const auto& name = shared->name;
  if (config.tls) {
    auto tls = tls_server_context::open(*config.tls, config.grpc ? alpn::h2 : alpn::h2_and_h1);
    if (!tls)
      return fail(tls.error().code, name + ": " + tls.error().message);
    shared->tls = std::move(*tls);
  }
  auto authenticator = make_server_authenticator(config.auth);
  if (!authenticator)
    return fail(authenticator.error().code, name + ": " + authenticator.error().message);
  shared->authenticator = std::move(*authenticator);
  auto acceptor = listen_on(threads.front()->io(), config.endpoint);
  if (!acceptor)
    return fail(acceptor.error().code, name + ": " + acceptor.error().message);
  listeners.push_back(std::make_unique<listener>(std::move(*acceptor), threads, shared));
  log::info("{} listening on {}{}", name, listeners.back()->endpoint(),
            config.tls ? " with TLS" : "");
  return {};
}

namespace {

// No more than there are descriptors for: the store must find one when it needs it.
server_limits bounded_by_descriptors(server_limits limits) {
  const auto possible = connections_with(descriptor_limit());
  if (possible >= limits.max_connections)
    return limits;
  log::warn("{} files may be open (ulimit -n), so at most {} connections are taken instead of "
            "service.limits.max_connections = {}, which needs {} files",
            descriptor_limit(), possible, limits.max_connections,
            descriptors_for(limits.max_connections));
  limits.max_connections = static_cast<std::uint32_t>(possible);
  return limits;
}

std::size_t listeners_of(const std::vector<otlp_server::receiver>& receivers) {
  std::size_t count = 0;
  for (const auto& receiver : receivers)
    count += receiver.config.listeners.size();
  return count;
}

} // namespace

void otlp_server::impl::stop_listening() {
  if (threads.empty() || !threads.front()->running())
    return;
  std::promise<void> stopped;
  boost::asio::post(threads.front()->io(), [&] {
    for (auto& x : listeners)
      x->stop();
    stopped.set_value();
  });
  stopped.get_future().wait();
}

result<std::unique_ptr<otlp_server>> otlp_server::start(std::vector<receiver> receivers,
                                                        const server_limits& configured,
                                                        handler on_requests) {
  std::signal(SIGPIPE, SIG_IGN);
  auto built = std::make_unique<impl>();
  const auto limits = bounded_by_descriptors(configured);
  // Half of all connections is shared out, so that no listener can take those of the others.
  const auto listeners =
      static_cast<std::uint32_t>(std::max<std::size_t>(listeners_of(receivers), 1));
  built->connection_share = limits.max_connections / (2 * listeners);
  built->context = std::make_shared<server_context>(
      limits, limits.max_connections - listeners * built->connection_share, std::move(on_requests));
  const auto count = limits.threads ? limits.threads : usable_cpus();
  for (std::uint32_t i = 0; i < std::max(count, 1u); ++i)
    built->threads.push_back(std::make_unique<network_thread>(built->context));
  for (std::uint32_t i = 0; i < receivers.size(); ++i)
    for (const auto& config : receivers[i].config.listeners)
      if (auto done = built->listen(receivers[i], i, config); !done)
        return tl::unexpected(done.error());
  for (auto& thread : built->threads)
    thread->run();
  for (auto& x : built->listeners)
    x->start();
  return std::unique_ptr<otlp_server>(new otlp_server(std::move(built)));
}

otlp_server::otlp_server(std::unique_ptr<impl> built) : impl_(std::move(built)) {}

otlp_server::~otlp_server() = default;

std::vector<std::string> otlp_server::endpoints() const {
  std::vector<std::string> result;
  for (const auto& x : impl_->listeners)
    result.push_back(x->endpoint());
  return result;
}

std::string otlp_server::refusal() const {
  return impl_->context->accepting() ? std::string{} : impl_->context->refusal();
}

void otlp_server::set_accepting(bool accepting, std::string reason) {
  impl_->context->set_accepting(accepting, std::move(reason));
}

void otlp_server::set_signals(std::uint32_t receiver, const std::vector<weir::signal>& signals) {
  for (const auto& x : impl_->listeners)
    if (x->context().receiver == receiver)
      x->context().take(signals);
}

void otlp_server::drain(std::chrono::milliseconds deadline) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  impl_->context->draining.store(true);
  impl_->stop_listening();
  for (auto& thread : impl_->threads)
    boost::asio::post(thread->io(), [&x = *thread] { x.drain_connections(); });
  while (impl_->context->connections.load() > 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(drain_poll);
}

} // namespace weir::net
