#include "net/http_client_transfer.hpp"

#include "net/tls_client.hpp"

#include <algorithm>
#include <cstdlib>
#include <openssl/ssl.h>

namespace weir::net {

namespace {

constexpr long upload_buffer_bytes = 512 << 10; // Requests are big: few system calls each.

// The Content-Encoding of what codec::encode() makes.
std::string_view token(codec::encoding how) {
  switch (how) {
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

// What the environment excludes, and this machine itself, as in Go's clients.
std::string no_proxy() {
  std::string hosts = "localhost,127.0.0.1,::1";
  for (const char* name : {"no_proxy", "NO_PROXY"})
    if (const char* more = std::getenv(name); more != nullptr && *more != 0)
      return hosts + "," + more;
  return hosts;
}

} // namespace

http_transfer::http_transfer(const http_client_config& config, http_request request, bool packed,
                             http_client::on_response done)
    : handle_(curl_easy_init()), request_(std::move(request)), done_(std::move(done)),
      max_response_bytes_(config.max_response_bytes) {
  set_request(config, packed);
  set_tls(config.tls);
  if (!config.tls.server_name_override.empty())
    set_server_name(config.tls.server_name_override);
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers_);
}

http_transfer::~http_transfer() {
  curl_easy_cleanup(handle_);
  curl_slist_free_all(headers_);
  curl_slist_free_all(connect_to_);
}

void http_transfer::add_header(const std::string& line) {
  headers_ = curl_slist_append(headers_, line.c_str());
}

void http_transfer::set_request(const http_client_config& config, bool packed) {
  const auto body = request_.body.view();
  response_.sent_bytes = body.size();
  curl_easy_setopt(handle_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(handle_, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle_, CURLOPT_POST, 1L);
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(handle_, CURLOPT_UPLOAD_BUFFERSIZE, upload_buffer_bytes);
  curl_easy_setopt(handle_, CURLOPT_TIMEOUT_MS, static_cast<long>(config.timeout.count()));
  curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(handle_, CURLOPT_TCP_KEEPALIVE, 1L);
  const auto seconds = static_cast<long>((config.resolve_interval.count() + 999) / 1000);
  curl_easy_setopt(handle_, CURLOPT_DNS_CACHE_TIMEOUT, seconds);
  curl_easy_setopt(handle_, CURLOPT_MAXLIFETIME_CONN, seconds); // 0: without limit
  curl_easy_setopt(handle_, CURLOPT_DNS_SHUFFLE_ADDRESSES, 1L);
  curl_easy_setopt(handle_, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle_, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(handle_, CURLOPT_HEADERDATA, this);
  if (!config.proxy_url.empty())
    curl_easy_setopt(handle_, CURLOPT_PROXY, config.proxy_url.c_str());
  curl_easy_setopt(handle_, CURLOPT_NOPROXY, config.proxy_url.empty() ? no_proxy().c_str() : "");
  add_header("Expect:"); // No round trip before the body.
  if (packed)
    add_header("Content-Encoding: " + std::string(token(config.compression)));
  for (const auto& [name, value] : request_.headers)
    // An empty value needs curl's other form, or the header is left out.
    add_header(value.empty() ? name + ";" : name + ": " + value);
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
    connect_to_ = curl_slist_append(nullptr, (std::string("::") + host + ":" + port).c_str());
    curl_easy_setopt(handle_, CURLOPT_CONNECT_TO, connect_to_);
    curl_easy_setopt(handle_, CURLOPT_URL, changed);
    add_header(std::string("Host: ") + host + ":" + port);
  }
  curl_free(host);
  curl_free(port);
  curl_free(changed);
  curl_url_cleanup(url);
}

std::size_t http_transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& me = *static_cast<http_transfer*>(self);
  auto& body = me.response_.body;
  const auto room = me.max_response_bytes_ - body.size();
  body.append(data, std::min(room, size * count));
  return size * count <= room ? size * count : 0; // 0 ends the transfer: enough was read.
}

std::size_t http_transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& response = static_cast<http_transfer*>(self)->response_;
  const std::string_view line(data, size * count);
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    const auto name = line.substr(0, colon);
    const auto value = trim(line.substr(colon + 1));
    if (equals_ignoring_case(name, "content-type"))
      response.content_type = value;
    else if (equals_ignoring_case(name, "retry-after"))
      response.retry_after = parse_retry_after(value, unix_now());
  }
  return size * count;
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
