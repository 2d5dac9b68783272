#include "net/client/tls_client.hpp"

#include <boost/asio/buffer.hpp>
#include <openssl/ssl.h>

namespace weir::net {

namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

result<void> check(const error_code& ec, const std::string& option, const std::string& name) {
  if (ec)
    return fail(errc::invalid_argument, "tls: " + option + " " + name + ": " + ec.message());
  return {};
}

result<void> load_authorities(ssl::context& context, const tls_client_config& c) {
  error_code ec;
  if (!c.ca_file.empty())
    return check(context.load_verify_file(c.ca_file, ec), "ca_file", c.ca_file);
  if (!c.ca_pem.empty())
    return check(context.add_certificate_authority(boost::asio::buffer(c.ca_pem), ec), "ca_pem",
                 "");
  return check(context.set_default_verify_paths(ec), "system's authorities", "");
}

result<void> load_certificate(ssl::context& context, const tls_client_config& c) {
  const bool has_certificate = !c.cert_file.empty() || !c.cert_pem.empty();
  const bool has_key = !c.key_file.empty() || !c.key_pem.empty();
  if (has_certificate != has_key)
    return fail(errc::invalid_argument, "tls: a certificate and its key are needed together");
  if (!has_certificate)
    return {};
  error_code ec;
  if (!c.cert_file.empty())
    context.use_certificate_chain_file(c.cert_file, ec);
  else
    context.use_certificate_chain(boost::asio::buffer(c.cert_pem), ec);
  if (ec)
    return check(ec, "certificate", c.cert_file);
  if (!c.key_file.empty())
    context.use_private_key_file(c.key_file, ssl::context::pem, ec);
  else
    context.use_private_key(boost::asio::buffer(c.key_pem), ssl::context::pem, ec);
  return check(ec, "key", c.key_file);
}

} // namespace

int tls_version_number(const std::string& version) noexcept {
  if (version == "1.0")
    return TLS1_VERSION;
  if (version == "1.1")
    return TLS1_1_VERSION;
  if (version == "1.2")
    return TLS1_2_VERSION;
  return version == "1.3" ? TLS1_3_VERSION : 0;
}

result<std::shared_ptr<ssl::context>> make_tls_client_context(const tls_client_config& c) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  if (auto done = load_authorities(*context, c); !done)
    return tl::unexpected(done.error());
  if (auto done = load_certificate(*context, c); !done)
    return tl::unexpected(done.error());
  SSL_CTX_set_min_proto_version(context->native_handle(), tls_version_number(c.min_version));
  SSL_CTX_set_max_proto_version(context->native_handle(), tls_version_number(c.max_version));
  context->set_verify_mode(c.insecure_skip_verify ? ssl::verify_none : ssl::verify_peer);
  return context;
}

} // namespace weir::net
