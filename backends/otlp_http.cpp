#include "backends/otlp_http.hpp"

#include "backends/endpoint_turns.hpp"
#include "backends/export_response.hpp"
#include "backends/permanent_codes.hpp"
#include "core/metrics.hpp"
#include "core/quote.hpp"
#include "net/client/grpc_client_status.hpp"
#include "otlp/export_answer.hpp"
#include "otlp/json.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace weir::backends {

namespace {

constexpr std::size_t shown_body_bytes = 200;

std::size_t index_of(weir::signal kind) {
  return static_cast<std::size_t>(kind) - 1;
}

// The URL of a signal: its own where it has one, else below the common one; "" where there is
// neither.
std::string url_of(const std::string& own, std::string base, weir::signal kind) {
  if (!own.empty() || base.empty())
    return own;
  while (base.ends_with('/'))
    base.pop_back();
  return base + "/v1/" + std::string(to_string(kind));
}

const std::string& own_endpoint(const otlp_http_config& c, weir::signal kind) {
  switch (kind) {
  case signal::metrics:
    return c.metrics_endpoint;
  case signal::logs:
    return c.logs_endpoint;
  default:
    return c.traces_endpoint;
  }
}

class otlp_http_sender final : public sender {
public:
  otlp_http_sender(const std::string& id, const otlp_http_config& c, const retry_config& retry,
                   std::unique_ptr<net::http_client> client)
      : retry_(retry), turns_(1 + c.endpoints.size()), json_(c.encoding == "json"),
        bytes_sent_(metrics::exporter_sent_bytes.with({{"exporter", id}})),
        client_(std::move(client)) {
    headers_ = {{"Content-Type", json_ ? "application/json" : "application/x-protobuf"},
                {"User-Agent", "weir"}};
    own_headers_.assign(c.headers.begin(), c.headers.end());
    auto bases = c.endpoints;
    bases.insert(bases.begin(), c.endpoint);
    for (const auto& base : bases)
      urls_.push_back({url_of(c.traces_endpoint, base, signal::traces),
                       url_of(c.metrics_endpoint, base, signal::metrics),
                       url_of(c.logs_endpoint, base, signal::logs)});
  }

  void send(export_request request, std::function<void(outcome)> done) override {
    if (urls_[0][index_of(request.signal)].empty())
      return done({.answer = outcome::kind::refused,
                   .reason = "no endpoint is set for " + std::string(to_string(request.signal))});
    auto body = std::move(request.message);
    if (json_) {
      std::string text;
      if (auto made = otlp::to_json(request.signal, body.view(), text); !made)
        return done({.answer = outcome::kind::refused, .reason = made.error().message});
      body = shared_bytes(std::move(text));
    }
    const auto which = turns_.begin(steady_now());
    client_->post({.url = urls_[which][index_of(request.signal)],
                   .headers = headers_,
                   .own_headers = own_headers_,
                   .body = std::move(body),
                   .carried = std::move(request.carried)},
                  [this, which, done = std::move(done)](const net::http_response& response) {
                    bytes_sent_.Increment(static_cast<double>(response.sent_bytes));
                    auto out = outcome_of(response, retry_);
                    note(which, out);
                    done(std::move(out));
                  });
  }

  void stop() override { client_->stop(); }

private:
  void note(std::size_t which, outcome& out) {
    const bool failed = out.answer == outcome::kind::retry || out.answer == outcome::kind::outage;
    const auto wish = out.retry_after.value_or(std::chrono::milliseconds(0));
    // What one server asks for is no reason to leave the others without work.
    if (turns_.end(which, failed, steady_now(), wish) && failed)
      out.retry_after = std::nullopt;
  }

  retry_config retry_;
  endpoint_turns turns_;
  std::vector<std::array<std::string, 3>> urls_; ///< By endpoint and signal.
  bool json_;
  net::header_list headers_, own_headers_;
  prometheus::Counter& bytes_sent_;
  std::unique_ptr<net::http_client> client_;
};

// Media types are compared without their parameters, whatever the case (RFC 9110, 8.3.1).
bool is_of_type(const net::http_response& response, std::string_view type) {
  auto found = std::string_view(response.content_type);
  found = found.substr(0, found.find(';'));
  while (found.ends_with(' ') || found.ends_with('\t'))
    found.remove_suffix(1);
  while (found.starts_with(' ') || found.starts_with('\t'))
    found.remove_prefix(1);
  return std::equal(found.begin(), found.end(), type.begin(), type.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
}

bool is_json(const net::http_response& response) {
  return is_of_type(response, "application/json");
}

outcome read_answer(const net::http_response& response) {
  if (!is_json(response))
    return read_export_response(response.body);
  const auto answer = otlp::read_json_answer(response.body);
  return answer ? outcome{.rejected = answer->rejected, .reason = tidy(answer->message)}
                : outcome{};
}

// What the server wrote about it: a google.rpc.Status, or text.
std::string explanation(const net::http_response& response) {
  if (is_of_type(response, "application/x-protobuf"))
    if (const auto status = net::read_rpc_status(response.body); status && !status->message.empty())
      return tidy(status->message);
  if (is_json(response))
    if (const auto answer = otlp::read_json_answer(response.body);
        answer && !answer->status.empty())
      return tidy(answer->status);
  return tidy(std::string_view(response.body).substr(0, shown_body_bytes));
}

bool retryable(int status) {
  return status == 429 || (status >= 502 && status <= 504);
}

bool well_formed(const std::string& url) {
  return url.empty() || url.starts_with("http://") || url.starts_with("https://");
}

} // namespace

outcome outcome_of(const net::http_response& response, const retry_config& retry) {
  if (response.status == 0)
    return {.answer = outcome::kind::retry, .reason = tidy(response.error)};
  if (response.status >= 200 && response.status < 300)
    return read_answer(response);
  const auto code = std::to_string(response.status);
  outcome out{.answer = outcome::kind::outage, .reason = "HTTP " + code};
  if (const auto text = explanation(response); !text.empty())
    out.reason += ": " + text;
  if (response.status == 413 || (response.status == 400 && speaks_of_size(out.reason))) {
    out.answer = outcome::kind::too_large;
  } else if (is_permanent(retry, code)) {
    out.answer = outcome::kind::refused;
  } else if (retryable(response.status)) {
    out.answer = outcome::kind::retry;
    if (response.status == 429 || response.status == 503)
      out.retry_after = response.retry_after;
  }
  return out;
}

bool has_endpoint(const otlp_http_config& config, weir::signal kind) {
  return !config.endpoint.empty() || !own_endpoint(config, kind).empty();
}

result<std::unique_ptr<sender>> make_otlp_http_sender(const std::string& id,
                                                      const otlp_http_config& config,
                                                      const retry_config& retry) {
  if (config.encoding != "proto" && config.encoding != "json")
    return fail(errc::invalid_argument,
                "encoding \"" + config.encoding + "\": expected proto or json");
  const auto compression =
      codec::http_encoding(config.compression == "none" ? "" : config.compression);
  if (!compression)
    return fail(errc::invalid_argument, "compression \"" + config.compression + "\" is not known");
  bool any = false;
  auto urls = config.endpoints;
  urls.insert(urls.end(), {config.endpoint, config.traces_endpoint, config.metrics_endpoint,
                           config.logs_endpoint});
  for (const auto& url : urls) {
    if (!well_formed(url))
      return fail(errc::invalid_argument,
                  "endpoint \"" + without_secrets(url) + "\": expected http:// or https://");
    any = any || !url.empty();
  }
  if (!any)
    return fail(errc::invalid_argument, "endpoint is missing");
  for (const auto& [name, value] : config.headers)
    if (auto wrong = net::wrong_header(name, value, net::header_rules::http); !wrong.empty())
      return fail(errc::invalid_argument, "headers: " + wrong);
  auto client = net::http_client::start({.tls = config.tls,
                                         .compression = *compression,
                                         .compression_level = config.compression_level,
                                         .timeout = config.timeout,
                                         .proxy_url = config.proxy_url,
                                         .resolve_interval = config.resolve_interval,
                                         .auth = config.auth});
  if (!client)
    return tl::unexpected(client.error());
  return std::make_unique<otlp_http_sender>(id, config, retry, std::move(*client));
}

} // namespace weir::backends
