#include "net/client/name_resolver.hpp"

namespace weir::net {

namespace {

class system_resolver final : public name_resolver {
public:
  explicit system_resolver(boost::asio::io_context& io) : resolver_(io) {}

  void resolve(const std::string& host, const std::string& port, on_addresses done) override {
    resolver_.async_resolve(
        host, port, [host, done = std::move(done)](boost::system::error_code ec, auto results) {
          if (ec)
            return done(fail(errc::unavailable, "cannot resolve " + host + ": " + ec.message()));
          addresses found;
          for (const auto& entry : results)
            found.push_back(entry.endpoint());
          done(std::move(found));
        });
  }

  void cancel() override { resolver_.cancel(); }

private:
  boost::asio::ip::tcp::resolver resolver_;
};

} // namespace

std::shared_ptr<name_resolver> make_system_resolver(boost::asio::io_context& io) {
  return std::make_shared<system_resolver>(io);
}

} // namespace weir::net
