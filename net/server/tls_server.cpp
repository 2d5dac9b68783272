#include "net/server/tls_server.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <span>
#include <sstream>

namespace weir::net {

namespace {

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* x) const noexcept {
    Free(x);
  }
};
using certificate = std::unique_ptr<X509, freed_by<X509_free>>;
using private_key = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using memory = std::unique_ptr<BIO, freed_by<BIO_free>>;

std::string openssl_reason() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  const auto* text = code ? ERR_reason_error_string(code) : nullptr;
  return text ? text : "no reason given";
}

/// Bytes of a PEM, and where they came from, for errors.
struct pem {
  std::string key;  ///< The key of the configuration
  std::string file; ///< "" = in line
  std::string bytes;

  std::string name() const { return file.empty() ? key : fmt::format("{} {}", key, file); }
};

result<pem> read_pem(std::string_view option, const std::string& file,
                     const std::string& inline_pem) {
  if (file.empty())
    return pem{fmt::format("tls.{}_pem", option), "", inline_pem};
  errno = 0;
  std::ifstream input(file, std::ios::binary);
  std::stringstream text;
  if (!input || !(text << input.rdbuf()))
    return fail(errc::io, fmt::format("tls.{}_file {}: cannot be read: {}", option, file,
                                      errno ? std::strerror(errno) : "it is empty"));
  return pem{fmt::format("tls.{}_file", option), file, text.str()};
}

memory open_memory(const pem& pem) {
  return memory(BIO_new_mem_buf(pem.bytes.data(), static_cast<int>(pem.bytes.size())));
}

result<void> use_certificate(SSL_CTX* tls, const pem& pem) {
  const auto bio = open_memory(pem);
  const certificate own(PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr));
  if (!own || SSL_CTX_use_certificate(tls, own.get()) != 1)
    return fail(errc::invalid_argument,
                fmt::format("{}: not a certificate in PEM: {}", pem.name(), openssl_reason()));
  while (auto* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
    SSL_CTX_add0_chain_cert(tls, next);
  ERR_clear_error();
  return {};
}

result<void> use_key(SSL_CTX* tls, const pem& own, const pem& cert) {
  const private_key key(PEM_read_bio_PrivateKey(open_memory(own).get(), nullptr, nullptr, nullptr));
  if (!key)
    return fail(errc::invalid_argument,
                fmt::format("{}: not a private key in PEM: {}", own.name(), openssl_reason()));
  if (SSL_CTX_use_PrivateKey(tls, key.get()) != 1 || SSL_CTX_check_private_key(tls) != 1) {
    ERR_clear_error();
    return fail(errc::invalid_argument,
                fmt::format("{} does not belong to {}", own.name(), cert.name()));
  }
  return {};
}

result<void> demand_client_certificate(SSL_CTX* tls, const std::string& file) {
  auto pem = read_pem("client_ca", file, "");
  if (!pem)
    return tl::unexpected(pem.error());
  const auto bio = open_memory(*pem);
  std::size_t count = 0;
  while (auto* raw = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    const certificate ca(raw);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(tls), ca.get());
    SSL_CTX_add_client_CA(tls, ca.get());
    ++count;
  }
  ERR_clear_error();
  if (count == 0)
    return fail(errc::invalid_argument,
                fmt::format("{}: there is no certificate in it", pem->name()));
  SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // Without a name of its own OpenSSL ends handshakes that resume a session of a client with a
  // certificate. Sessions are sealed with keys of this context: those of others do not open here.
  static constexpr unsigned char name[] = "weir";
  SSL_CTX_set_session_id_context(tls, name, sizeof(name) - 1);
  return {};
}

result<int> version_number(std::string_view key, const std::string& text, int otherwise) {
  static const std::map<std::string, int> versions = {{"1.0", TLS1_VERSION},
                                                      {"1.1", TLS1_1_VERSION},
                                                      {"1.2", TLS1_2_VERSION},
                                                      {"1.3", TLS1_3_VERSION}};
  if (text.empty())
    return otherwise;
  const auto it = versions.find(text);
  if (it == versions.end())
    return fail(errc::invalid_argument,
                fmt::format("tls.{}: {} is not one of 1.0, 1.1, 1.2, 1.3", key, text));
  return it->second;
}

result<void> use_versions(SSL_CTX* tls, const tls_server_config& config) {
  const auto lowest = version_number("min_version", config.min_version, TLS1_2_VERSION);
  const auto highest = version_number("max_version", config.max_version, 0);
  if (!lowest || !highest)
    return tl::unexpected((lowest ? highest : lowest).error());
  if (*highest && *highest < *lowest)
    return fail(errc::invalid_argument, "tls.max_version is below tls.min_version");
  SSL_CTX_set_min_proto_version(tls, *lowest);
  SSL_CTX_set_max_proto_version(tls, *highest);
  return {};
}

/// What TLS up to 1.2 uses where nothing is configured: forward secrecy always, and authenticated
/// encryption where the version has it.
const char* default_suites(int lowest_version) {
  return lowest_version < TLS1_2_VERSION ? "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES"
                                         : "ECDHE+AESGCM:ECDHE+CHACHA20";
}

/// The Collector names suites as IANA does; OpenSSL translates those of TLS 1.2 by their standard
/// name.
result<void> use_cipher_suites(SSL_CTX* tls, const std::vector<std::string>& suites) {
  if (suites.empty()) {
    const auto lowest = static_cast<int>(SSL_CTX_get_min_proto_version(tls));
    SSL_CTX_set_cipher_list(tls, default_suites(lowest));
    return {};
  }
  std::string list;
  for (const auto& name : suites) {
    const auto* known = OPENSSL_cipher_name(name.c_str());
    if (!known || std::string_view(known) == "(NONE)")
      return fail(errc::invalid_argument,
                  fmt::format("tls.cipher_suites: {} is not known here", name));
    list += (list.empty() ? "" : ":") + std::string(known);
  }
  if (!list.empty() && SSL_CTX_set_cipher_list(tls, list.c_str()) != 1)
    return fail(errc::invalid_argument, "tls.cipher_suites: " + openssl_reason());
  return {};
}

result<void> use_curves(SSL_CTX* tls, const std::vector<std::string>& curves) {
  static const std::map<std::string, std::string> names = {
      {"P256", "P-256"}, {"P384", "P-384"}, {"P521", "P-521"}};
  std::string list;
  for (const auto& curve : curves) {
    const auto it = names.find(curve);
    list += (list.empty() ? "" : ":") + (it == names.end() ? curve : it->second);
  }
  if (!list.empty() && SSL_CTX_set1_curves_list(tls, list.c_str()) != 1)
    return fail(errc::invalid_argument, "tls.curve_preferences: " + openssl_reason());
  return {};
}

// As ALPN writes them, each behind its length.
std::span<const unsigned char> names_of(alpn protocols) {
  static constexpr unsigned char both[] = "\x02h2\x08http/1.1";
  constexpr std::size_t h2_bytes = 3;
  const std::span all(both, sizeof(both) - 1);
  switch (protocols) {
  case alpn::h2:
    return all.first(h2_bytes);
  case alpn::h1:
    return all.subspan(h2_bytes);
  default:
    return all;
  }
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* offered, unsigned offered_length, void* protocols) {
  const auto ours = names_of(*static_cast<const alpn*>(protocols));
  unsigned char* chosen = nullptr;
  const auto found =
      SSL_select_next_proto(&chosen, out_length, ours.data(), static_cast<unsigned>(ours.size()),
                            offered, offered_length);
  if (found != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

} // namespace

result<std::shared_ptr<SSL_CTX>> tls_server_context::load() const {
  std::shared_ptr<SSL_CTX> tls(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX_set_mode(tls.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                  | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(tls.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION
                                     | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_alpn_select_cb(tls.get(), choose_protocol, const_cast<alpn*>(&protocols_));
  if (config_.cert_file.empty() && config_.cert_pem.empty())
    return fail(errc::invalid_argument, "tls: cert_file (or cert_pem) is missing");
  if (config_.key_file.empty() && config_.key_pem.empty())
    return fail(errc::invalid_argument, "tls: key_file (or key_pem) is missing");
  const auto cert = read_pem("cert", config_.cert_file, config_.cert_pem);
  const auto key = read_pem("key", config_.key_file, config_.key_pem);
  if (!cert || !key)
    return tl::unexpected((cert ? key : cert).error());
  auto done = use_certificate(tls.get(), *cert);
  if (done)
    done = use_key(tls.get(), *key, *cert);
  if (done && !config_.client_ca_file.empty())
    done = demand_client_certificate(tls.get(), config_.client_ca_file);
  if (done)
    done = use_versions(tls.get(), config_);
  if (done)
    done = use_cipher_suites(tls.get(), config_.cipher_suites);
  if (done)
    done = use_curves(tls.get(), config_.curve_preferences);
  if (!done)
    return tl::unexpected(done.error());
  return tls;
}

result<std::unique_ptr<tls_server_context>>
tls_server_context::open(const tls_server_config& config, alpn protocols) {
  std::unique_ptr<tls_server_context> context(new tls_server_context(config, protocols));
  if (auto done = context->reload(); !done)
    return tl::unexpected(done.error());
  return context;
}

SSL* tls_server_context::make() const {
  return SSL_new(current_.load().get());
}

milliseconds tls_server_context::reload_interval() const noexcept {
  // client_ca_file_reload has no interval of its own in the Collector, which watches the file.
  constexpr milliseconds otherwise = std::chrono::minutes(1);
  return config_.reload_interval.count() > 0 || !config_.client_ca_file_reload
             ? config_.reload_interval
             : otherwise;
}

result<void> tls_server_context::reload() {
  auto loaded = load();
  if (!loaded)
    return tl::unexpected(loaded.error());
  current_.store(std::move(*loaded));
  return {};
}

} // namespace weir::net
