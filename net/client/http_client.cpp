#include "net/client/http_client.hpp"

#include "net/client/client_auth.hpp"
#include "net/client/client_packing.hpp"
#include "net/client/http_client_transfer.hpp"
#include "net/client/proxies.hpp"
#include "net/client/tls_client.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace weir::net {

namespace {

constexpr long kept_connections = 100;
constexpr int poll_ms = 1000; // wakeup() ends it; this is only a net below that.

void initialise_curl() {
  static const auto once = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)once;
}

} // namespace

struct http_client::impl {
  explicit impl(http_client_config c)
      : config(std::move(c)), multi(curl_multi_init()),
        packing(config.compression, config.compression_level) {
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kept_connections);
  }

  ~impl() { curl_multi_cleanup(multi); }

  struct job {
    http_request request;
    bool packed;
    on_response done;
  };

  http_client_config config;
  const proxies environment = proxies::of_environment();
  std::shared_ptr<client_authenticator> authenticator; ///< May be null.
  CURLM* multi;
  client_packing packing;
  std::mutex packing_mutex;
  bool stopped = false;            ///< Nothing new is taken. Under packing_mutex.
  std::atomic<bool> ended = false; ///< The thread's part: everything taken is in the inbox.
  std::mutex mutex;
  std::vector<job> inbox; ///< Under the mutex.
  std::thread thread;
  std::unordered_map<CURL*, std::unique_ptr<http_transfer>> transfers; ///< The thread's own.

  void put(job j) {
    {
      const std::lock_guard guard(mutex);
      inbox.push_back(std::move(j));
    }
    curl_multi_wakeup(multi);
  }

  void run();
  void begin_new();
  void answer_finished();
  void give_up_all();
};

void http_client::impl::begin_new() {
  std::vector<job> jobs;
  {
    const std::lock_guard guard(mutex);
    jobs.swap(inbox);
  }
  for (auto& j : jobs) {
    auto transfer = std::make_unique<http_transfer>(config, environment, std::move(j.request),
                                                    j.packed, std::move(j.done));
    const auto handle = transfer->handle();
    curl_multi_add_handle(multi, handle);
    transfers.emplace(handle, std::move(transfer));
  }
}

void http_client::impl::answer_finished() {
  int left = 0;
  while (const auto* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE)
      continue;
    const auto code = message->data.result;
    const auto handle = message->easy_handle;
    auto node = transfers.extract(handle);
    curl_multi_remove_handle(multi, handle);
    if (node.empty())
      continue;
    if (node.mapped()->follow(code)) {
      curl_multi_add_handle(multi, handle);
      transfers.insert(std::move(node));
    } else {
      node.mapped()->finish(code);
    }
  }
}

void http_client::impl::give_up_all() {
  for (auto& [handle, transfer] : transfers) {
    curl_multi_remove_handle(multi, handle);
    transfer->give_up("the client is stopped");
  }
  transfers.clear();
}

void http_client::impl::run() {
  while (!ended) {
    begin_new();
    int running = 0;
    curl_multi_perform(multi, &running);
    answer_finished();
    if (!ended)
      curl_multi_poll(multi, nullptr, 0, poll_ms, nullptr);
  }
  begin_new();
  give_up_all();
}

http_client::http_client() = default;

http_client::~http_client() {
  stop();
}

result<std::unique_ptr<http_client>> http_client::start(http_client_config config) {
  initialise_curl();
  // libcurl reads the TLS files again for each connection; a mistake should show at start.
  if (auto checked = make_tls_client_context(config.tls); !checked)
    return tl::unexpected(checked.error());
  auto authenticator = make_client_authenticator(config.auth, header_rules::http);
  if (!authenticator)
    return tl::unexpected(authenticator.error());
  std::unique_ptr<http_client> client(new http_client);
  client->impl_ = std::make_shared<impl>(std::move(config));
  auto& i = *client->impl_;
  i.authenticator = std::move(*authenticator);
  i.thread = std::thread([self = client->impl_] { self->run(); });
  return client;
}

void http_client::post(http_request request, on_response done) {
  if (impl_->authenticator)
    impl_->authenticator->apply(request.own_headers, request.carried);
  {
    // Under the mutex, so that what is given is packed before stop() goes on.
    std::unique_lock guard(impl_->packing_mutex);
    if (!impl_->stopped) {
      auto body = std::exchange(request.body, {});
      impl_->packing.pack(std::move(body),
                          [self = impl_.get(), request = std::move(request),
                           done = std::move(done)](shared_bytes packed_body, bool packed) mutable {
                            request.body = std::move(packed_body);
                            self->put({std::move(request), packed, std::move(done)});
                          });
      return;
    }
  }
  done({.error = "the client is stopped"});
}

void http_client::stop() {
  if (impl_ == nullptr)
    return;
  {
    const std::lock_guard guard(impl_->packing_mutex);
    if (std::exchange(impl_->stopped, true))
      return;
  }
  impl_->packing.join();
  impl_->ended = true;
  curl_multi_wakeup(impl_->multi);
  impl_->thread.join();
}

} // namespace weir::net
