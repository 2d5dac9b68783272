#include "net/server/request_head.hpp"

#include "net/server/grpc_protocol.hpp"
#include "net/server/server_auth.hpp"

#include <algorithm>
#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/predicate.hpp>
#include <boost/algorithm/string/trim.hpp>
#include <charconv>

namespace weir::net {

namespace {

request_head::media media_of(std::string_view value) {
  const auto type = boost::algorithm::trim_copy(std::string(value.substr(0, value.find(';'))));
  if (boost::algorithm::iequals(type, "application/x-protobuf"))
    return request_head::media::protobuf;
  if (boost::algorithm::iequals(type, "application/json"))
    return request_head::media::json;
  return request_head::media::other;
}

} // namespace

void request_head::set_method(std::string_view text) {
  method = text == "POST"      ? verb::post
           : text == "OPTIONS" ? verb::options
           : text == "HEAD"    ? verb::head
                               : verb::other;
}

void request_head::set_path(const listener_context& listener, std::string_view path) {
  signal = listener.route(path);
}

void request_head::add(const listener_context& listener, std::string_view name,
                       std::string_view value) {
  if (name == "content-type") {
    content = listener.config.grpc ? (is_grpc_content_type(value) ? media::grpc : media::other)
                                   : media_of(value);
  } else if (name == (listener.config.grpc ? "grpc-encoding" : "content-encoding")) {
    encoding = boost::algorithm::to_lower_copy(boost::algorithm::trim_copy(std::string(value)));
    kept_bytes += encoding.size();
  } else if (name == "grpc-timeout") {
    timeout = parse_grpc_timeout(value);
    bad_timeout = !timeout;
  } else if (name == "content-length") {
    std::uint64_t length = 0;
    if (std::from_chars(value.data(), value.data() + value.size(), length).ec == std::errc{})
      content_length = length;
  } else if (!listener.config.grpc && name == "origin") {
    origin = value;
    kept_bytes += value.size();
  } else if (!listener.config.grpc && name == "access-control-request-method") {
    wanted_method = value;
    kept_bytes += value.size();
  } else if (!listener.config.grpc && name == "access-control-request-headers") {
    wanted_headers = value;
    kept_bytes += value.size();
  }
  if (listener.authenticator && name == listener.authenticator->header()) {
    credentials.emplace_back(value);
    kept_bytes += value.size();
  }
  if (listener.keeps(name)) {
    metadata.emplace_back(name, value);
    kept_bytes += name.size() + value.size();
  }
}

} // namespace weir::net
