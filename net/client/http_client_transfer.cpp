#include "net/client/http_client_transfer.hpp"

#include "core/log.hpp"
#include "net/client/tls_client.hpp"
#include "net/client/url.hpp"

#include <algorithm>
#include <openssl/ssl.h>
#include <utility>

namespace weir::net {

namespace {

constexpr int max_redirects = 10;
constexpr long upload_buffer_bytes = 512 << 10; // Requests are big: few system calls each.

// The Content-Encoding of what codec::encode() makes.
std::string_view token(codec::encoding method) {
  switch (method) {
  case codec::encoding::identity:
    return "";
  case codec::encoding::gzip:
    return "gzip";
  case codec::encoding::zlib:
    return "deflate";
  case codec::encoding::zstd:
    return "zstd";
  case codec::encoding::snappy:
    return "snappy";
  case codec::encoding::snappy_framed:
    return "x-snappy-framed";
  case codec::encoding::lz4:
    return "lz4";
  }
  return "";
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

// CURL_SSLVERSION_...; shifted by 16 it is CURL_SSLVERSION_MAX_...
long curl_version_of(const std::string& version) {
  switch (tls_version_number(version)) {
  case TLS1_VERSION:
    return CURL_SSLVERSION_TLSv1_0;
  case TLS1_1_VERSION:
    return CURL_SSLVERSION_TLSv1_1;
  case TLS1_2_VERSION:
    return CURL_SSLVERSION_TLSv1_2;
  case TLS1_3_VERSION:
    return CURL_SSLVERSION_TLSv1_3;
  default:
    return CURL_SSLVERSION_DEFAULT;
  }
}

void set_blob(CURL* handle, CURLoption option, const std::string& pem) {
  curl_blob blob{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_COPY};
  curl_easy_setopt(handle, option, &blob);
}

} // namespace

http_transfer::http_transfer(const http_client_config& config, const proxies& environment,
                             http_request request, bool packed, http_client::on_response done)
    : config_(config), environment_(environment), handle_(curl_easy_init()),
      request_(std::move(request)), packed_(packed),
      deadline_(config.timeout.count() > 0 ? steady_now() + config.timeout.count() * millisecond_ns
                                           : 0),
      done_(std::move(done)) {
  if (const auto url = parse_url(request_.url))
    first_host_ = url->host;
  set_body_and_limits();
  set_tls(config.tls);
  set_target();
}

http_transfer::~http_transfer() {
  curl_easy_cleanup(handle_);
  curl_slist_free_all(headers_);
  curl_slist_free_all(connect_to_);
}

void http_transfer::add_line(const std::string& line) {
  headers_ = curl_slist_append(headers_, line.c_str());
}

// What was checked at start is right; what came later is not sent where it is wrong.
void http_transfer::add_header(const std::string& name, const std::string& value) {
  if (is_transport_header(name, header_rules::http))
    return;
  if (const auto wrong = wrong_header(name, value, header_rules::http); wrong.empty())
    // An empty value needs curl's other form, or the header is left out.
    add_line(value.empty() ? name + ";" : name + ": " + value);
  else if (log::permit("net.http_header", 60))
    log::error("a header is not sent: {}", wrong);
}

void http_transfer::set_body_and_limits() {
  const auto body = request_.body.view();
  response_.sent_bytes = body.size();
  curl_easy_setopt(handle_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle_, CURLOPT_POST, 1L);
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(handle_, CURLOPT_UPLOAD_BUFFERSIZE, upload_buffer_bytes);
  curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(handle_, CURLOPT_TCP_KEEPALIVE, 1L);
  const auto seconds = static_cast<long>((config_.resolve_interval.count() + 999) / 1000);
  curl_easy_setopt(handle_, CURLOPT_DNS_CACHE_TIMEOUT, seconds);
  curl_easy_setopt(handle_, CURLOPT_MAXLIFETIME_CONN, seconds); // 0: without limit
  curl_easy_setopt(handle_, CURLOPT_DNS_SHUFFLE_ADDRESSES, 1L);
  curl_easy_setopt(handle_, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle_, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(handle_, CURLOPT_HEADERDATA, this);
}

// What depends on where the request goes. The time that is left holds for all of its ways.
void http_transfer::set_target() {
  curl_easy_setopt(handle_, CURLOPT_URL, request_.url.c_str());
  const auto left =
      deadline_ == 0 ? 0 : std::max<steady_ns>(1, (deadline_ - steady_now()) / millisecond_ns);
  curl_easy_setopt(handle_, CURLOPT_TIMEOUT_MS, static_cast<long>(left));
  set_proxy();
  curl_slist_free_all(std::exchange(headers_, nullptr));
  set_headers();
  if (!config_.tls.server_name_override.empty())
    set_server_name(config_.tls.server_name_override);
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers_);
}

// libcurl is told in each case, or it would look at the environment by rules of its own.
void http_transfer::set_proxy() {
  auto proxy = config_.proxy_url;
  if (const auto url = proxy.empty() ? parse_url(request_.url) : std::nullopt)
    proxy = environment_.find(url->scheme, url->host, url->port);
  curl_easy_setopt(handle_, CURLOPT_PROXY, proxy.c_str());
  curl_easy_setopt(handle_, CURLOPT_NOPROXY, "");
  curl_easy_setopt(handle_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

void http_transfer::set_headers() {
  add_line("Expect:"); // No round trip before the body.
  if (packed_)
    add_line("Content-Encoding: " + std::string(token(config_.compression)));
  const auto& own = request_.own_headers;
  for (const auto& [name, value] : request_.headers)
    if (std::none_of(own.begin(), own.end(),
                     [&](const auto& h) { return equals_ignoring_case(h.first, name); }))
      add_header(name, value);
  for (const auto& [name, value] : own)
    add_header(name, value);
}

void http_transfer::set_tls(const tls_client_config& tls) {
  curl_easy_setopt(handle_, CURLOPT_SSL_VERIFYPEER, tls.insecure_skip_verify ? 0L : 1L);
  curl_easy_setopt(handle_, CURLOPT_SSL_VERIFYHOST, tls.insecure_skip_verify ? 0L : 2L);
  curl_easy_setopt(handle_, CURLOPT_SSLVERSION,
                   curl_version_of(tls.min_version) | curl_version_of(tls.max_version) << 16);
  if (!tls.ca_file.empty())
    curl_easy_setopt(handle_, CURLOPT_CAINFO, tls.ca_file.c_str());
  else if (!tls.ca_pem.empty())
    set_blob(handle_, CURLOPT_CAINFO_BLOB, tls.ca_pem);
  if (!tls.cert_file.empty())
    curl_easy_setopt(handle_, CURLOPT_SSLCERT, tls.cert_file.c_str());
  else if (!tls.cert_pem.empty())
    set_blob(handle_, CURLOPT_SSLCERT_BLOB, tls.cert_pem);
  if (!tls.key_file.empty())
    curl_easy_setopt(handle_, CURLOPT_SSLKEY, tls.key_file.c_str());
  else if (!tls.key_pem.empty())
    set_blob(handle_, CURLOPT_SSLKEY_BLOB, tls.key_pem);
}

// libcurl takes the name for TLS from the URL: so that gets the other name, and is told where to
// connect and what the Host header is.
void http_transfer::set_server_name(const std::string& name) {
  CURLU* url = curl_url();
  char* host = nullptr;
  char* port = nullptr;
  char* changed = nullptr;
  if (curl_url_set(url, CURLUPART_URL, request_.url.c_str(), 0) == CURLUE_OK
      && curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK
      && curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK
      && curl_url_set(url, CURLUPART_HOST, name.c_str(), 0) == CURLUE_OK
      && curl_url_get(url, CURLUPART_URL, &changed, 0) == CURLUE_OK) {
    curl_slist_free_all(std::exchange(connect_to_, nullptr));
    connect_to_ = curl_slist_append(nullptr, (std::string("::") + host + ":" + port).c_str());
    curl_easy_setopt(handle_, CURLOPT_CONNECT_TO, connect_to_);
    curl_easy_setopt(handle_, CURLOPT_URL, changed);
    add_line(std::string("Host: ") + host + ":" + port);
  }
  curl_free(host);
  curl_free(port);
  curl_free(changed);
  curl_url_cleanup(url);
}

std::size_t http_transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& me = *static_cast<http_transfer*>(self);
  auto& body = me.response_.body;
  const auto room = me.config_.max_response_bytes - body.size();
  body.append(data, std::min(room, size * count));
  return size * count <= room ? size * count : 0; // 0 ends the transfer: enough was read.
}

std::size_t http_transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& me = *static_cast<http_transfer*>(self);
  auto& response = me.response_;
  const std::string_view line(data, size * count);
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    const auto name = line.substr(0, colon);
    const auto value = trim(line.substr(colon + 1));
    if (equals_ignoring_case(name, "content-type"))
      response.content_type = value;
    else if (equals_ignoring_case(name, "retry-after"))
      response.retry_after = parse_retry_after(value, unix_now());
    else if (equals_ignoring_case(name, "location"))
      me.location_ = value;
  }
  return size * count;
}

bool http_transfer::follow(CURLcode code) {
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  const auto location = std::exchange(location_, {});
  if ((code != CURLE_OK && code != CURLE_WRITE_ERROR) || (status != 307 && status != 308)
      || location.empty())
    return false;
  const auto next = resolve_url(request_.url, location);
  const auto not_followed = [&](std::string_view why) {
    response_.content_type = "text/plain";
    response_.body = "it leads to " + (next ? next->shown : "what is no URL")
                     + ", where requests do not go: " + std::string(why);
    return false;
  };
  if (!next || (next->scheme != "http" && next->scheme != "https"))
    return not_followed("expected http:// or https://");
  if (next->scheme == "http" && request_.url.starts_with("https://"))
    return not_followed("it is plain text");
  if (++redirects_ > max_redirects)
    return not_followed("ten redirects in a row");
  if (next->host != first_host_ && !next->host.ends_with("." + first_host_))
    request_.own_headers.clear();
  request_.url = next->text;
  response_ = {.sent_bytes = response_.sent_bytes};
  set_target();
  return true;
}

void http_transfer::finish(CURLcode code) {
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  // A response whose body was longer than we read is an answer all the same.
  const bool cut_by_us = code == CURLE_WRITE_ERROR && status > 0;
  if (code == CURLE_OK || cut_by_us)
    response_.status = static_cast<int>(status);
  else
    response_.error = error_[0] != 0 ? error_ : curl_easy_strerror(code);
  done_(std::move(response_));
}

void http_transfer::give_up(std::string why) {
  response_ = {.error = std::move(why), .sent_bytes = response_.sent_bytes};
  done_(std::move(response_));
}

std::optional<milliseconds> parse_retry_after(std::string_view text, unix_ns now) {
  constexpr std::int64_t most = 24 * 3600;
  if (text.empty())
    return std::nullopt;
  std::int64_t seconds = 0;
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    seconds = text.size() > 9 ? most : std::stoll(std::string(text));
  } else {
    const auto date = curl_getdate(std::string(text).c_str(), nullptr);
    if (date < 0)
      return std::nullopt;
    seconds = static_cast<std::int64_t>(date) - static_cast<std::int64_t>(now / second_ns);
  }
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, most));
}

} // namespace weir::net
