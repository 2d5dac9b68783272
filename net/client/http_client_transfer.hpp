#pragma once

#include "net/client/http_client.hpp"
#include "net/client/proxies.hpp"

#include <curl/curl.h>
#include <memory>
#include <string>

namespace weir::net {

/// One request on its way, with libcurl's handle for it. Lives from its start to its answer, over
/// redirects. `config` and `environment` must outlive it.
class http_transfer {
public:
  http_transfer(const http_client_config& config, const proxies& environment, http_request request,
                bool packed, http_client::on_response done);
  ~http_transfer();
  http_transfer(const http_transfer&) = delete;

  CURL* handle() const noexcept { return handle_; }

  /// True: the answer leads elsewhere and the handle is ready to go there. `code`: what libcurl
  /// says about the transfer.
  bool follow(CURLcode code);
  /// Answers.
  void finish(CURLcode code);
  void give_up(std::string why);

private:
  void set_body_and_limits();
  void set_target();
  void set_proxy();
  void set_headers();
  void set_tls(const tls_client_config& tls);
  void set_server_name(const std::string& name);
  void add_header(const std::string& name, const std::string& value);
  void add_line(const std::string& line);

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);

  const http_client_config& config_;
  const proxies& environment_;
  CURL* handle_;
  curl_slist* headers_ = nullptr;
  curl_slist* connect_to_ = nullptr;
  http_request request_;
  bool packed_;
  steady_ns deadline_; ///< 0: none.
  std::string first_host_;
  std::string location_; ///< Of the last answer.
  int redirects_ = 0;
  http_client::on_response done_;
  http_response response_;
  char error_[CURL_ERROR_SIZE] = {};
};

} // namespace weir::net
