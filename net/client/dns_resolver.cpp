#include "net/client/dns_resolver.hpp"

#include <arpa/nameser.h>
#include <array>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <vector>

namespace weir::net {

namespace {

namespace asio = boost::asio;
using endpoint = asio::ip::tcp::endpoint;

constexpr int seconds_a_try = 2;
constexpr int tries = 2;
constexpr std::size_t answer_bytes = 64 << 10;

// The C library's resolver, told to ask one server.
class question {
public:
  question() : ready_(::res_ninit(&state_) == 0) {}
  ~question() {
    if (ready_)
      ::res_nclose(&state_);
  }
  question(const question&) = delete;

  result<void> set_server(const dns_server& server) {
    addrinfo wanted{};
    wanted.ai_family = AF_INET;
    wanted.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    const int failed = ::getaddrinfo(server.host.c_str(), server.port.c_str(), &wanted, &found);
    if (failed != 0 || !ready_)
      return fail(errc::unavailable, "DNS server " + server.host + ": "
                                         + (failed ? ::gai_strerror(failed) : "no memory"));
    std::memcpy(&state_.nsaddr_list[0], found->ai_addr, sizeof state_.nsaddr_list[0]);
    ::freeaddrinfo(found);
    state_.nscount = 1;
    state_.retrans = seconds_a_try;
    state_.retry = tries;
    state_.options &= ~static_cast<unsigned long>(RES_DNSRCH | RES_DEFNAMES);
    return {};
  }

  // False: no answer, or one that says no.
  bool ask(const std::string& name, ns_type type, std::uint16_t port,
           name_resolver::addresses& found) {
    answer_.resize(answer_bytes);
    const int size = ::res_nquery(&state_, name.c_str(), ns_c_in, type, answer_.data(),
                                  static_cast<int>(answer_.size()));
    ns_msg message;
    if (size < 0 || ::ns_initparse(answer_.data(), size, &message) != 0)
      return false;
    for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
      ns_rr record;
      if (::ns_parserr(&message, ns_s_an, i, &record) != 0)
        return false;
      if (ns_rr_type(record) == type)
        add(record, port, found);
    }
    return true;
  }

  const char* reason() const { return ::hstrerror(state_.res_h_errno); }

private:
  static void add(const ns_rr& record, std::uint16_t port, name_resolver::addresses& found) {
    const auto* bytes = ns_rr_rdata(record);
    asio::ip::address_v4::bytes_type four;
    asio::ip::address_v6::bytes_type sixteen;
    if (ns_rr_type(record) == ns_t_a && ns_rr_rdlen(record) == four.size()) {
      std::memcpy(four.data(), bytes, four.size());
      found.emplace_back(asio::ip::address_v4(four), port);
    } else if (ns_rr_type(record) == ns_t_aaaa && ns_rr_rdlen(record) == sixteen.size()) {
      std::memcpy(sixteen.data(), bytes, sixteen.size());
      found.emplace_back(asio::ip::address_v6(sixteen), port);
    }
  }

  struct __res_state state_ {};
  bool ready_;
  std::vector<unsigned char> answer_;
};

result<name_resolver::addresses> find(const dns_server& server, const std::string& host,
                                      std::uint16_t port) {
  boost::system::error_code not_an_address;
  if (const auto given = asio::ip::make_address(host, not_an_address); !not_an_address)
    return name_resolver::addresses{{given, port}};
  question asked;
  if (auto set = asked.set_server(server); !set)
    return tl::unexpected(set.error());
  name_resolver::addresses found;
  bool answered = false;
  for (const auto type : {ns_t_a, ns_t_aaaa})
    answered = asked.ask(host, type, port, found) || answered;
  if (found.empty())
    return fail(errc::unavailable, "cannot resolve " + host + " by the DNS server " + server.host
                                       + ": " + (answered ? "it has no address" : asked.reason()));
  return found;
}

class dns_resolver final : public name_resolver {
public:
  dns_resolver(asio::io_context& io, dns_server server) : io_(io), server_(std::move(server)) {}
  ~dns_resolver() override {
    cancel();
    thread_.join();
  }

  void resolve(const std::string& host, const std::string& port, on_addresses done) override {
    asio::post(thread_, [this, host, port, done = std::move(done)]() mutable {
      if (*cancelled_)
        return;
      auto found = find(server_, host, static_cast<std::uint16_t>(std::stoul(port)));
      asio::post(io_,
                 [done = std::move(done), found = std::move(found), off = cancelled_]() mutable {
                   if (!*off)
                     done(std::move(found));
                 });
    });
  }

  void cancel() override { *cancelled_ = true; }

private:
  asio::io_context& io_;
  dns_server server_;
  std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  asio::thread_pool thread_{1};
};

} // namespace

result<dns_server> parse_dns_server(std::string_view text) {
  const auto colon = text.rfind(':');
  dns_server made{std::string(text.substr(0, colon)),
                  colon == text.npos ? "53" : std::string(text.substr(colon + 1))};
  const bool number = !made.port.empty() && made.port.size() <= 5
                      && made.port.find_first_not_of("0123456789") == std::string::npos
                      && std::stoul(made.port) <= 65'535;
  if (made.host.empty() || !number || made.host.find_first_of(":[]/@ ") != std::string::npos)
    return fail(errc::invalid_argument, "the DNS server \"" + std::string(text)
                                            + "\": expected an address of IPv4 or a name, "
                                              "perhaps with a port");
  return made;
}

std::shared_ptr<name_resolver> make_dns_resolver(asio::io_context& io, dns_server server) {
  return std::make_shared<dns_resolver>(io, std::move(server));
}

} // namespace weir::net
