#include "backends/otlp_http.hpp"

#include "certificates.hpp"
#include "codec/encoding.hpp"
#include "fake_http_server.hpp"
#include "net/status.hpp"
#include "otlp/wire.hpp"
#include "waiting.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using weir::backends::otlp_http_config;
using weir::backends::outcome;
using weir::test::fake_http_server;
using weir::test::send_and_wait;
using kind = weir::backends::outcome::kind;
namespace wire = weir::otlp::wire;

namespace {

std::unique_ptr<weir::backends::sender> make(const otlp_http_config& config) {
  auto made = weir::backends::make_otlp_http_sender("otlphttp/test", config);
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
  return std::move(*made);
}

outcome outcome_for(const fake_http_server::answer& answer) {
  fake_http_server server([&](const auto&) { return answer; });
  return send_and_wait(*make({.endpoint = server.url(), .compression = "none"}), "x");
}

} // namespace

BOOST_AUTO_TEST_SUITE(otlp_http_test)

// Scenario: requests of each signal to a base URL with a slash at its end. Guarantee: paths,
// headers and bodies are as OTLP/HTTP wants them; one connection serves them all.
BOOST_AUTO_TEST_CASE(requests_arrive_as_they_were) {
  weir::test::inbox<fake_http_server::request> requests;
  fake_http_server server([&](const auto& r) {
    requests.put(r);
    return fake_http_server::answer{};
  });
  auto sender = make(
      {.endpoint = server.url() + "/otlp/", .compression = "none", .headers = {{"X-Tenant", "a"}}});
  const std::string big(3'000'000, 'b');
  BOOST_TEST((send_and_wait(*sender, big).answer == kind::delivered));
  BOOST_TEST((send_and_wait(*sender, "m", weir::signal::metrics).answer == kind::delivered));
  BOOST_TEST((send_and_wait(*sender, "", weir::signal::logs).answer == kind::delivered));
  const auto seen = requests.wait(3);
  BOOST_TEST(seen[0].target == "/otlp/v1/traces");
  BOOST_TEST((seen[0].body == big));
  BOOST_TEST(seen[0].headers.at("content-type") == "application/x-protobuf");
  BOOST_TEST(seen[0].headers.at("x-tenant") == "a");
  BOOST_TEST(seen[0].headers.count("expect") == 0u);
  BOOST_TEST(seen[1].target == "/otlp/v1/metrics");
  BOOST_TEST(seen[2].target == "/otlp/v1/logs");
  BOOST_TEST(seen[2].body == "");
  BOOST_TEST(seen[2].connection == 1);
}

// Scenario: every compression. Guarantee: the encoding is named and the body unpacks to what it
// was.
BOOST_AUTO_TEST_CASE(bodies_are_packed) {
  weir::test::inbox<fake_http_server::request> requests;
  fake_http_server server([&](const auto& r) {
    requests.put(r);
    return fake_http_server::answer{};
  });
  const std::string text(100'000, 'z');
  std::size_t count = 0;
  for (const char* name : {"gzip", "zstd", "snappy", "deflate", "zlib", "lz4", "x-snappy-framed"}) {
    auto sender = make({.traces_endpoint = server.url() + "/own", .compression = name});
    BOOST_TEST((send_and_wait(*sender, text).answer == kind::delivered));
    const auto seen = requests.wait(++count).back();
    BOOST_TEST(seen.target == "/own");
    const auto method = weir::codec::http_encoding(seen.headers.at("content-encoding"));
    BOOST_REQUIRE(method);
    std::string unpacked;
    BOOST_REQUIRE(weir::codec::decode(*method, seen.body, 1 << 20, unpacked));
    BOOST_TEST((unpacked == text), name);
  }
  for (const auto& [name, level] : {std::pair{"gzip", 9}, {"zlib", 1}, {"zstd", 19}, {"lz4", 9}}) {
    auto sender =
        make({.traces_endpoint = server.url(), .compression = name, .compression_level = level});
    BOOST_TEST((send_and_wait(*sender, text).answer == kind::delivered));
    const auto seen = requests.wait(++count).back();
    std::string unpacked;
    const auto method = weir::codec::http_encoding(seen.headers.at("content-encoding"));
    BOOST_REQUIRE(method);
    BOOST_REQUIRE(weir::codec::decode(*method, seen.body, 1 << 20, unpacked));
    BOOST_TEST((unpacked == text), name);
  }
  auto sender = make({.traces_endpoint = server.url()});
  BOOST_TEST((send_and_wait(*sender, text, weir::signal::logs).answer == kind::refused));
}

// Scenario: every status that matters. Guarantee: the outcome of the OTLP specification's table,
// and what speaks of the configuration instead of the data is not for good; the reason has the
// status and what the server wrote.
BOOST_AUTO_TEST_CASE(statuses_become_outcomes) {
  for (const int status : {429, 502, 503, 504})
    BOOST_TEST((outcome_for({.status = status}).answer == kind::retry), status);
  for (const int status : {301, 401, 403, 404, 405, 407, 408, 415, 421, 451, 500, 501})
    BOOST_TEST((outcome_for({.status = status}).answer == kind::outage), status);
  for (const int status : {400, 422})
    BOOST_TEST((outcome_for({.status = status}).answer == kind::refused), status);
  BOOST_TEST((outcome_for({.status = 413}).answer == kind::too_large));
  BOOST_TEST((outcome_for({.status = 202}).answer == kind::delivered));
  const auto text = outcome_for({.status = 400, .body = "http: request body too large\n"});
  BOOST_TEST((text.answer == kind::too_large));
  std::string status;
  wire::append_varint_field(status, 1, 3);
  wire::append_bytes_field(status, 2, "bad trace id");
  const auto decoded = outcome_for(
      {.status = 400, .body = status, .headers = {{"Content-Type", "application/x-protobuf"}}});
  BOOST_TEST((decoded.answer == kind::refused));
  BOOST_TEST(decoded.reason == "HTTP 400: bad trace id");
}

// Scenario: an ingress, a gateway, a back end say no in a page, in JSON without a message, in
// protobuf that is none. Guarantee: the reason quotes the first 200 bytes.
BOOST_AUTO_TEST_CASE(the_answer_is_quoted) {
  const auto page = outcome_for({.status = 401,
                                 .body = "<html>token expired\n" + std::string(1000, 'x'),
                                 .headers = {{"Content-Type", "text/html"}}});
  BOOST_TEST((page.answer == kind::outage));
  BOOST_TEST(page.reason.starts_with("HTTP 401: <html>token expired xxx"));
  BOOST_TEST(page.reason.size() == std::string("HTTP 401: ").size() + 200);
  for (const char* type : {"application/json", "application/x-protobuf"})
    BOOST_TEST(outcome_for({.status = 403,
                            .body = R"({"error":"no such key"})",
                            .headers = {{"Content-Type", type}}})
                   .reason
               == R"(HTTP 403: {"error":"no such key"})");
}

// Scenario: a configuration that says which answers are final. Guarantee: those are, no others.
BOOST_AUTO_TEST_CASE(permanent_codes_decide_what_is_final) {
  const weir::backends::retry_config retry{.permanent_codes = {"404", "503"}};
  const auto outcome_with = [&](int status) {
    return weir::backends::outcome_of(weir::net::http_response{.status = status}, retry).answer;
  };
  BOOST_TEST((outcome_with(404) == kind::refused));
  BOOST_TEST((outcome_with(503) == kind::refused));
  BOOST_TEST((outcome_with(400) == kind::outage));
  BOOST_TEST((outcome_with(413) == kind::too_large));
}

// Scenario: rejections and refusals in JSON whose type is written in any case, with parameters.
// Guarantee: they are read.
BOOST_AUTO_TEST_CASE(media_types_are_compared_as_http_says) {
  for (const char* type :
       {"Application/JSON", "application/json; charset=utf-8", "APPLICATION/JSON ;charset=UTF-8"}) {
    const auto partial =
        outcome_for({.body = R"({"partialSuccess":{"rejectedSpans":3,"errorMessage":"too old"}})",
                     .headers = {{"Content-Type", type}}});
    BOOST_TEST(partial.rejected == 3u, type);
    BOOST_TEST(partial.reason == "too old", type);
    const auto refused = outcome_for({.status = 400,
                                      .body = R"({"code":3,"message":"no such tenant"})",
                                      .headers = {{"Content-Type", type}}});
    BOOST_TEST(refused.reason == "HTTP 400: no such tenant", type);
  }
}

// Scenario: Retry-After in seconds, as a date, on a status that has none, and nonsense. Guarantee:
// the delay is taken from 429 and 503 alone.
BOOST_AUTO_TEST_CASE(retry_after_is_read) {
  BOOST_TEST((outcome_for({.status = 429, .headers = {{"Retry-After", "7"}}}).retry_after == 7s));
  BOOST_TEST((outcome_for({.status = 503, .headers = {{"retry-after", "0"}}}).retry_after == 0s));
  BOOST_TEST((outcome_for({.status = 502, .headers = {{"Retry-After", "7"}}}).retry_after
              == std::nullopt));
  BOOST_TEST((outcome_for({.status = 503, .headers = {{"Retry-After", "soon"}}}).retry_after
              == std::nullopt));
  const weir::unix_ns now = 784111777ULL * 1'000'000'000; // Sun, 06 Nov 1994 08:49:37 GMT
  using weir::net::parse_retry_after;
  BOOST_TEST((parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now) == 30s));
  BOOST_TEST((parse_retry_after("Sun, 06 Nov 1994 08:49:07 GMT", now) == 0s));
  BOOST_TEST((parse_retry_after("99999999999999999999", now) == 24h));
  BOOST_TEST((parse_retry_after("", now) == std::nullopt));
}

// Scenario: a partial success; a success with a body that is longer than anyone reads. Guarantee:
// rejected items and their reason; delivered.
BOOST_AUTO_TEST_CASE(success_bodies_are_read_with_a_bound) {
  weir::net::rpc_answer some_bad;
  some_bad.message = "two were bad";
  some_bad.rejected = 2;
  const auto body = weir::net::encode_export_response(some_bad);
  const auto partial =
      outcome_for({.body = body, .headers = {{"Content-Type", "application/x-protobuf"}}});
  BOOST_TEST((partial.answer == kind::delivered));
  BOOST_TEST(partial.rejected == 2u);
  BOOST_TEST(partial.reason == "two were bad");
  const auto endless = outcome_for({.body = std::string(1 << 20, 'x')});
  BOOST_TEST((endless.answer == kind::delivered));
  const auto refused = outcome_for({.status = 400, .body = std::string(1 << 20, 'x')});
  BOOST_TEST((refused.answer == kind::refused));
  BOOST_TEST(refused.reason.size() < 300u);
}

// Scenario: nobody listens; the server hangs up; it never answers; the sender is stopped.
// Guarantee: each ends with retry and a reason, within the timeout.
BOOST_AUTO_TEST_CASE(no_answer_is_worth_another_try) {
  const auto nobody = send_and_wait(*make({.endpoint = "http://127.0.0.1:1"}), "x");
  BOOST_TEST((nobody.answer == kind::retry));
  BOOST_TEST(nobody.reason != "");
  BOOST_TEST((outcome_for({.hang_up = true}).answer == kind::retry));
  fake_http_server server([](const auto&) { return fake_http_server::answer{.never = true}; });
  auto impatient = make({.endpoint = server.url(), .timeout = 200ms});
  BOOST_TEST((send_and_wait(*impatient, "x").answer == kind::retry));
  auto stopped = make({.endpoint = server.url()});
  weir::test::inbox<outcome> outcomes;
  for (int i = 0; i < 20; ++i)
    stopped->send({.message = weir::shared_bytes("x")},
                  [&](outcome o) { outcomes.put(std::move(o)); });
  stopped->stop();
  for (const auto& o : outcomes.wait(20))
    BOOST_TEST((o.answer == kind::retry));
  BOOST_TEST((send_and_wait(*stopped, "x").answer == kind::retry));
}

// Scenario: TLS with the right authority, another one, none checked, another name, and with client
// certificates demanded. Guarantee: it connects where it should and nowhere else.
BOOST_AUTO_TEST_CASE(tls_is_checked_on_both_sides) {
  const weir::test::certificates files;
  fake_http_server server({.key_file = files.server_key(), .certificate_file = files.server_cert()},
                          [](const auto&) { return fake_http_server::answer{}; });
  const auto result = [&](const fake_http_server& fake_http_server,
                          weir::net::tls_client_config tls) {
    return send_and_wait(*make({.endpoint = fake_http_server.url(), .tls = std::move(tls)}), "x")
        .answer;
  };
  BOOST_TEST((result(server, {.ca_file = files.ca()}) == kind::delivered));
  BOOST_TEST((result(server, {.ca_pem = files.pem("ca.pem")}) == kind::delivered));
  BOOST_TEST((result(server, {.ca_file = files.other_ca()}) == kind::retry));
  BOOST_TEST((result(server, {}) == kind::retry));
  BOOST_TEST((result(server, {.insecure_skip_verify = true}) == kind::delivered));
  BOOST_TEST((result(server, {.server_name_override = "localhost", .ca_file = files.ca()})
              == kind::delivered));
  BOOST_TEST((result(server, {.server_name_override = "elsewhere", .ca_file = files.ca()})
              == kind::retry));

  fake_http_server strict({.key_file = files.server_key(),
                           .certificate_file = files.server_cert(),
                           .client_ca_file = files.ca()},
                          [](const auto&) { return fake_http_server::answer{}; });
  BOOST_TEST((result(strict, {.ca_file = files.ca()}) == kind::retry));
  BOOST_TEST((result(strict, {.ca_file = files.ca(),
                              .cert_file = files.client_cert(),
                              .key_file = files.client_key()})
              == kind::delivered));
  BOOST_TEST((result(strict, {.ca_file = files.ca(),
                              .cert_pem = files.pem("client.pem"),
                              .key_pem = files.pem("client.key")})
              == kind::delivered));
}

// Scenario: JSON requests of each signal, packed and not, answered with partial success, with a
// status of JSON, with JSON that is none. Guarantee: bodies are OTLP/JSON and say so; rejected
// items and reasons are read; what is not OTLP is refused and not sent.
BOOST_AUTO_TEST_CASE(json_goes_out_and_comes_back) {
  weir::test::inbox<fake_http_server::request> requests;
  fake_http_server::answer next;
  fake_http_server server([&](const auto& r) {
    requests.put(r);
    return next;
  });
  for (const char* compression : {"none", "zstd"}) {
    auto sender = make({.endpoint = server.url(), .encoding = "json", .compression = compression});
    next = {.body = "{}", .headers = {{"Content-Type", "application/json"}}};
    std::string message;
    wire::append_bytes_field(message, 1, "");
    BOOST_TEST((send_and_wait(*sender, message).answer == kind::delivered));
    const auto sent = requests.wait(1).back();
    BOOST_TEST(sent.headers.at("content-type") == "application/json");
    if (sent.headers.count("content-encoding") == 0)
      BOOST_TEST(sent.body == R"({"resourceSpans":[{}]})");
    next.body = R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"too\u0020old"}})";
    const auto partial = send_and_wait(*sender, message);
    BOOST_TEST((partial.answer == kind::delivered));
    BOOST_TEST(partial.rejected == 3u);
    BOOST_TEST(partial.reason == "too old");
    next.body = R"({"partialSuccess":{"rejectedLogRecords":2}})";
    BOOST_TEST(send_and_wait(*sender, message, weir::signal::logs).rejected == 2u);
    for (const char* body : {"", "null", "[1]", "{\"partialSuccess\":[]}", "{\"a\":"}) {
      next.body = body;
      const auto o = send_and_wait(*sender, message);
      BOOST_TEST((o.answer == kind::delivered && o.rejected == 0 && o.reason.empty()));
    }
    next = {.status = 400,
            .body = R"({"code":3,"message":"no such tenant"})",
            .headers = {{"Content-Type", "application/json"}}};
    const auto refused = send_and_wait(*sender, message);
    BOOST_TEST((refused.answer == kind::refused));
    BOOST_TEST(refused.reason == "HTTP 400: no such tenant");
    BOOST_TEST((send_and_wait(*sender, "\x0a\x7f").answer == kind::refused));
  }
  BOOST_TEST(requests.wait(18).size() == 18u);
}

// Scenario: 307 and 308 with places relative and absolute, on the same host and on another one,
// chains of redirects, and 307 without a place. Guarantee: the same POST arrives there; another
// host gets none of the user's headers; a chain has an end; what is not followed is answered as it
// came.
BOOST_AUTO_TEST_CASE(redirects_are_followed) {
  weir::test::inbox<fake_http_server::request> elsewhere, here;
  fake_http_server other([&](const auto& r) {
    elsewhere.put(r);
    return fake_http_server::answer{};
  });
  std::string other_host = "http://localhost:" + std::to_string(other.port()) + "/x";
  fake_http_server server([&](const auto& r) -> fake_http_server::answer {
    here.put(r);
    if (r.target == "/start/v1/traces")
      return {.status = 307, .headers = {{"Location", "/second?a=b"}}};
    if (r.target == "/second?a=b")
      return {.status = 308, .headers = {{"Location", other_host}}};
    if (r.target == "/loop/v1/traces")
      return {.status = 307, .headers = {{"location", "traces"}}};
    if (r.target == "/nowhere/v1/traces")
      return {.status = 307, .body = "no place"};
    if (r.target == "/odd/v1/traces")
      return {.status = 307, .headers = {{"Location", "ftp://user:secret@x/"}}};
    return {};
  });
  const std::string text(100'000, 'z');
  const auto send_to = [&](const std::string& path) {
    return send_and_wait(*make({.endpoint = server.url() + path,
                                .headers = {{"Authorization", "Bearer a"}, {"X-Key", "b"}}}),
                         text);
  };
  BOOST_TEST((send_to("/start").answer == kind::delivered));
  const auto hops = here.wait(2);
  const auto last = elsewhere.wait(1)[0];
  BOOST_TEST(last.target == "/x");
  for (const auto& r : {hops[0], hops[1], last}) {
    BOOST_TEST((r.body == hops[0].body));
    BOOST_TEST(r.headers.at("content-type") == "application/x-protobuf");
    BOOST_TEST(r.headers.at("content-encoding") == "gzip");
  }
  BOOST_TEST(hops[1].headers.at("authorization") == "Bearer a");
  BOOST_TEST(hops[1].headers.at("x-key") == "b");
  BOOST_TEST(last.headers.count("authorization") == 0u);
  BOOST_TEST(last.headers.count("x-key") == 0u);
  other_host = "http://127.0.0.1:" + std::to_string(other.port()) + "/same";
  BOOST_TEST((send_to("/start").answer == kind::delivered));
  BOOST_TEST(elsewhere.wait(2)[1].headers.at("authorization") == "Bearer a");
  const auto loop = send_to("/loop");
  BOOST_TEST((loop.answer != kind::delivered));
  BOOST_TEST(loop.reason.find("ten redirects") != std::string::npos, loop.reason);
  BOOST_TEST(here.wait(4 + 11).size() == 4u + 11u);
  BOOST_TEST(send_to("/nowhere").reason == "HTTP 307: no place");
  const auto odd = send_to("/odd");
  BOOST_TEST(odd.reason.find("secret") == std::string::npos, odd.reason);
}

// Scenario: a redirect from https to http. Guarantee: it is not followed, and the reason says so.
BOOST_AUTO_TEST_CASE(redirects_do_not_lead_to_plain_text) {
  const weir::test::certificates files;
  fake_http_server plain([](const auto&) { return fake_http_server::answer{}; });
  fake_http_server server({.key_file = files.server_key(), .certificate_file = files.server_cert()},
                          [&](const auto&) -> fake_http_server::answer {
                            return {.status = 308, .headers = {{"Location", plain.url() + "/"}}};
                          });
  const auto o =
      send_and_wait(*make({.endpoint = server.url(), .tls = {.ca_file = files.ca()}}), "x");
  BOOST_TEST((o.answer != kind::delivered));
  BOOST_TEST(o.reason.find("plain text") != std::string::npos, o.reason);
}

// Scenario: headers that the request has by itself, given once more, and lengths. Guarantee: the
// given ones stand once; those of the transport are the transport's.
BOOST_AUTO_TEST_CASE(no_header_stands_twice) {
  weir::test::inbox<fake_http_server::request> requests;
  fake_http_server server([&](const auto& r) {
    requests.put(r);
    return fake_http_server::answer{};
  });
  auto sender = make({.endpoint = server.url(),
                      .headers = {{"content-type", "application/x-own"},
                                  {"User-Agent", "own"},
                                  {"Content-Length", "3"},
                                  {"Transfer-Encoding", "chunked"},
                                  {"X-Empty", ""}}});
  BOOST_TEST((send_and_wait(*sender, "12345").answer == kind::delivered));
  const auto seen = requests.wait(1)[0];
  BOOST_TEST(seen.headers.at("content-type") == "application/x-own");
  BOOST_TEST(seen.headers.at("user-agent") == "own");
  BOOST_TEST(seen.headers.at("content-length") != "3");
  BOOST_TEST(seen.headers.count("transfer-encoding") == 0u);
  BOOST_TEST(seen.headers.at("x-empty") == "");
}

// Scenario: settings that cannot work. Guarantee: an error at once that names the setting.
BOOST_AUTO_TEST_CASE(bad_settings_are_errors) {
  const auto error_of = [](const otlp_http_config& c) {
    const auto made = weir::backends::make_otlp_http_sender("otlphttp", c);
    BOOST_REQUIRE(!made);
    return made.error().message;
  };
  BOOST_TEST(error_of({}).find("endpoint") != std::string::npos);
  for (const auto& header : {std::pair{"Authorization", "secret\n"}, {"X Tenant", "secret"}}) {
    const auto text = error_of({.endpoint = "http://x", .headers = {header}});
    BOOST_TEST(text.starts_with("headers: "), text);
    BOOST_TEST(text.find("secret") == std::string::npos, text);
  }
  BOOST_TEST(error_of({.endpoint = "ftp://x"}).find("ftp://x") != std::string::npos);
  BOOST_TEST(error_of({.endpoint = "http://x", .compression = "br"}).find("br")
             != std::string::npos);
  BOOST_TEST(error_of({.endpoint = "http://x", .encoding = "xml"}).find("xml")
             != std::string::npos);
  BOOST_TEST(
      error_of({.endpoint = "https://x", .tls = {.ca_file = "/nowhere.pem"}}).find("/nowhere.pem")
      != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
