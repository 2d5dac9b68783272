#pragma once

#include "net/http_client.hpp"

#include <curl/curl.h>
#include <memory>
#include <string>

namespace weir::net {

/// One request on its way, with libcurl's handle for it. Lives from its start to its answer.
class http_transfer {
public:
  http_transfer(const http_client_config& config, http_request request, bool packed,
                http_client::on_response done);
  ~http_transfer();
  http_transfer(const http_transfer&) = delete;

  CURL* handle() const noexcept { return handle_; }

  /// Answers. `code`: what libcurl says about the transfer.
  void finish(CURLcode code);
  void give_up(std::string why);

private:
  void set_request(const http_client_config& config, bool packed);
  void set_tls(const tls_client_config& tls);
  void set_server_name(const std::string& name);
  void add_header(const std::string& line);

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);

  CURL* handle_;
  curl_slist* headers_ = nullptr;
  curl_slist* connect_to_ = nullptr;
  http_request request_;
  http_client::on_response done_;
  http_response response_;
  std::size_t max_response_bytes_;
  char error_[CURL_ERROR_SIZE] = {};
};

} // namespace weir::net
