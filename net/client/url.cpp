#include "net/client/url.hpp"

#include <boost/algorithm/string/case_conv.hpp>
#include <curl/curl.h>
#include <memory>

namespace weir::net {

namespace {

struct url_deleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using url_ptr = std::unique_ptr<CURLU, url_deleter>;

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
    return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

bool set(CURLU* url, const std::string& text) {
  return curl_url_set(url, CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
}

std::optional<url_parts> take_apart(CURLU* url) {
  url_parts parts{part_of(url, CURLUPART_URL),
                  part_of(url, CURLUPART_SCHEME),
                  boost::algorithm::to_lower_copy(part_of(url, CURLUPART_HOST)),
                  part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT),
                  part_of(url, CURLUPART_USER, CURLU_URLDECODE),
                  part_of(url, CURLUPART_PASSWORD, CURLU_URLDECODE),
                  {}};
  if (parts.text.empty() || parts.host.empty())
    return std::nullopt;
  parts.shown = parts.scheme + "://" + parts.host + ":" + parts.port + part_of(url, CURLUPART_PATH);
  if (parts.host.starts_with('[') && parts.host.ends_with(']'))
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  return parts;
}

} // namespace

std::optional<url_parts> parse_url(const std::string& text) {
  const url_ptr url(curl_url());
  return set(url.get(), text) ? take_apart(url.get()) : std::nullopt;
}

std::optional<url_parts> resolve_url(const std::string& base, const std::string& reference) {
  const url_ptr url(curl_url());
  return set(url.get(), base) && set(url.get(), reference) ? take_apart(url.get()) : std::nullopt;
}

} // namespace weir::net
