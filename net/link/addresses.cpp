#include "net/link/addresses.hpp"

#include "core/log.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <condition_variable>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <mutex>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <optional>
#include <thread>

namespace weir::net {

namespace {

constexpr std::string_view dns_scheme = "dns://";

struct host_and_port {
  std::string host, port;
};

result<host_and_port> split(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos || colon == 0 || colon + 1 == text.size())
    return fail(errc::invalid_argument, fmt::format("{} is not host:port", text));
  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return host_and_port{std::move(host), text.substr(colon + 1)};
}

// "" = of a family that is neither.
std::string text_of(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.sa_family == AF_INET)
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text.data(),
              text.size());
  else if (address.sa_family == AF_INET6)
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text.data(),
              text.size());
  return text.data();
}

std::string joined(const std::string& host, const std::string& port) {
  return host.find(':') == host.npos ? host + ":" + port : "[" + host + "]:" + port;
}

bool is_useful(const ifaddrs& found, int family) {
  if (found.ifa_addr == nullptr || found.ifa_addr->sa_family != family
      || (found.ifa_flags & IFF_UP) == 0 || (found.ifa_flags & IFF_LOOPBACK) != 0)
    return false;
  return family != AF_INET6
         || !IN6_IS_ADDR_LINKLOCAL(
             &reinterpret_cast<const sockaddr_in6*>(found.ifa_addr)->sin6_addr);
}

std::optional<std::string> own_address(int family) {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0)
    return std::nullopt;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(all, freeifaddrs);
  for (const auto* each = all; each != nullptr; each = each->ifa_next)
    if (is_useful(*each, family))
      return text_of(*each->ifa_addr);
  return std::nullopt;
}

} // namespace

result<std::vector<std::string>> addresses_of(const std::string& host_port) {
  const auto asked = split(host_port);
  if (!asked)
    return tl::unexpected(asked.error());
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* all = nullptr;
  if (const auto failed = getaddrinfo(asked->host.c_str(), asked->port.c_str(), &hints, &all);
      failed != 0)
    return fail(errc::unavailable, fmt::format("{}: {}", asked->host, gai_strerror(failed)));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(all, freeaddrinfo);
  std::vector<std::string> found;
  for (const auto* each = all; each != nullptr; each = each->ai_next)
    if (auto text = text_of(*each->ai_addr); !text.empty())
      found.push_back(joined(text, asked->port));
  return found;
}

std::string reachable_address(const std::string& endpoint) {
  const auto bound = split(endpoint);
  if (!bound || (bound->host != "0.0.0.0" && bound->host != "::" && bound->host != "*"))
    return endpoint;
  auto own = own_address(AF_INET);
  if (!own && bound->host != "0.0.0.0")
    own = own_address(AF_INET6);
  return joined(own.value_or("127.0.0.1"), bound->port);
}

// -- seeds --

struct seed_lookup::state {
  std::vector<std::string> seeds;
  std::chrono::milliseconds pause;
  on_seeds found;
  std::mutex mutex;
  std::condition_variable ended;
  bool over = false; ///< Guarded.

  std::vector<std::string> look() const {
    auto all = plain(seeds);
    for (const auto& each : seeds) {
      if (!each.starts_with(dns_scheme))
        continue;
      auto some = addresses_of(each.substr(dns_scheme.size()));
      if (some)
        all.insert(all.end(), some->begin(), some->end());
      else if (log::permit("seed-" + each))
        log::warn("cluster.join: {}", some.error().message);
    }
    return all;
  }

  static void run(const std::shared_ptr<state>& self) {
    for (;;) {
      auto all = self->look();
      std::unique_lock lock(self->mutex);
      if (self->over)
        return;
      self->found(std::move(all));
      if (self->ended.wait_for(lock, self->pause, [&] { return self->over; }))
        return;
    }
  }
};

std::vector<std::string> seed_lookup::plain(const std::vector<std::string>& seeds) {
  std::vector<std::string> some;
  std::copy_if(seeds.begin(), seeds.end(), std::back_inserter(some),
               [](const auto& each) { return !each.starts_with(dns_scheme); });
  return some;
}

seed_lookup::seed_lookup(std::vector<std::string> seeds, std::chrono::milliseconds pause,
                         on_seeds found)
    : state_(std::make_shared<state>()) {
  if (plain(seeds).size() == seeds.size())
    return;
  state_->seeds = std::move(seeds);
  state_->pause = pause;
  state_->found = std::move(found);
  // A lookup may take longer than the end of a node may: nobody waits for it.
  std::thread(state::run, state_).detach();
}

seed_lookup::~seed_lookup() {
  {
    const std::lock_guard guard(state_->mutex);
    state_->over = true;
    state_->found = nullptr;
  }
  state_->ended.notify_all();
}

} // namespace weir::net
