#include "core/base64.hpp"
#include "net/bearer_tokens.hpp"
#include "net/carried_names.hpp"
#include "net/client/client_auth.hpp"
#include "net/server/htpasswd.hpp"
#include "net/server/password_checks.hpp"
#include "net/server/server_auth.hpp"
#include "net/status.hpp"
#include "tests/net/server/raw_client.hpp"
#include "tests/net/server/server_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <future>
#include <thread>

using namespace weir;
using namespace weir::net;
using namespace weir::net::tests;
using outcome = server_authenticator::outcome;

namespace {

// Made with openssl(1), crypt(3) and hashlib: every form that htpasswd files have.
constexpr std::string_view users = R"(# a comment
apr1:$apr1$abcdefgh$0JBpO6cwjT2BaJnkLPHI9/
short:$apr1$ab$eIePjsejfBGR8ITtu2z0U1

md5:$1$abc$iCQ2D3nhptRYi27fDYv2s1
sha256:$5$abc$qsg6EHbUzHQzF1POlD7zUwBINSELQxypPaeDcZe6vH0
sha512:$6$abc$IdWKNKTJEb8LxY7CGg8YBXlvtfZzFw7Mp/r6niK9YB2mdvgY..TKjv1T..8RadRt2qvUHYRLr/TsVArtr91iR1
bcrypt:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW
sha:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
ssha:{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0
plain:secret
odd:$2y$04$short
)";

std::string password_of(const std::string& user) {
  return user == "apr1" ? "pässword: 1" : user == "short" ? "x" : "secret";
}

std::string basic(const std::string& both) {
  return "Basic " + encode_base64(both);
}

std::shared_ptr<server_authenticator> make(const server_auth_config& config) {
  auto made = make_server_authenticator(config);
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
  return *made;
}

// What comes of credentials in the end, however long it takes to check them.
outcome settled(server_authenticator& auth, const std::vector<std::string>& credentials) {
  const auto now = auth.check(credentials);
  if (now != outcome::pending)
    return now;
  std::promise<bool> right;
  if (!auth.check_slowly(credentials, [&](bool is) { right.set_value(is); }))
    return outcome::busy;
  return right.get_future().get() ? outcome::accepted : outcome::refused;
}

std::string ask(raw_connection& client, const std::string& headers) {
  client.send("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + headers
              + "Content-Length: 2\r\n\r\n{}");
  std::string answer;
  client.receive_until("\r\n\r\n", answer);
  return answer;
}

header_list applied(const client_auth_config& config, header_list headers,
                    const header_list& carried = {}, header_rules rules = header_rules::http) {
  auto made = make_client_authenticator(config, rules);
  BOOST_REQUIRE(made);
  (*made)->apply(headers, carried);
  return headers;
}

} // namespace

// Who may come in, and what exporters show of themselves.
BOOST_AUTO_TEST_SUITE(auth_test)

// Scenario: a password file with every form of hash, right and wrong passwords. Guarantee: only the
// right one of the right user is accepted.
BOOST_AUTO_TEST_CASE(every_form_of_password_is_checked) {
  const auto file = htpasswd::parse(users);
  BOOST_REQUIRE(file);
  for (const std::string user :
       {"apr1", "short", "md5", "sha256", "sha512", "bcrypt", "sha", "ssha", "plain"}) {
    const auto right = password_of(user);
    BOOST_TEST(file->check(user, right), user);
    for (const auto& wrong :
         {right + "x", right.substr(1), std::string(), right + std::string(1, '\0')})
      BOOST_TEST(!file->check(user, wrong), user);
    BOOST_TEST(!file->check(user + "x", right));
  }
  BOOST_TEST(!file->check("odd", "secret"));
  BOOST_TEST(!file->check("odd", "$2y$04$short"));
  BOOST_TEST(!file->check("", ""));
}

// Scenario: lines that are no users. Guarantee: an error with the line's number and nothing of it.
BOOST_AUTO_TEST_CASE(bad_password_files_are_errors) {
  for (const char* text : {"a:b\nsecret-word", "a:b\n:secret-word", "a:b\nsecret-word:"}) {
    const auto file = htpasswd::parse(text);
    BOOST_REQUIRE(!file);
    BOOST_TEST(file.error().message == "htpasswd, line 2: expected `user:password`");
  }
  BOOST_TEST(!make_server_authenticator(basic_auth_config{.htpasswd_inline = "# none"}));
  BOOST_TEST(!make_server_authenticator(basic_auth_config{.htpasswd_file = "/none/at/all"}));
  BOOST_TEST(!make_server_authenticator(bearer_auth_config{}));
  BOOST_TEST(!make_server_authenticator(bearer_auth_config{.filename = "/none/at/all"}));
}

// Scenario: Authorization headers of all kinds. Guarantee: one of them, of the right scheme in any
// case, with base64 of user and password, is accepted; all else is not.
BOOST_AUTO_TEST_CASE(basic_credentials) {
  const auto auth = make(basic_auth_config{.htpasswd_inline = "u:p:q\nplain:secret"});
  BOOST_TEST((auth->check({basic("u:p:q")}) == outcome::accepted));
  BOOST_TEST((auth->check({"bAsIc " + encode_base64("plain:secret")}) == outcome::accepted));
  const std::vector<std::vector<std::string>> wrong = {{},
                                                       {""},
                                                       {"Basic"},
                                                       {"Basic "},
                                                       {"Basic !!"},
                                                       {basic("u")},
                                                       {basic("u:p")},
                                                       {basic(":p:q")},
                                                       {"Bearer " + encode_base64("u:p:q")},
                                                       {basic("u:p:q"), basic("u:p:q")},
                                                       {std::string(1 << 20, 'A')},
                                                       {basic(std::string(1 << 20, 'u') + ":p")}};
  for (const auto& credentials : wrong)
    BOOST_TEST((auth->check(credentials) == outcome::refused));
  BOOST_TEST(auth->challenge() == "Basic realm=\"weir\"");
}

// Scenario: a user with a slow hash; somebody guesses passwords without pause. Guarantee: no check
// is made on the thread that asks; those beyond a few that wait are told to come later; who is
// known comes in all the same, and a wrong password is not checked twice.
BOOST_AUTO_TEST_CASE(guessing_costs_no_more_than_its_allowance) {
  const auto auth = make(basic_auth_config{.htpasswd_inline = std::string(users)});
  BOOST_TEST((settled(*auth, {basic("bcrypt:secret")}) == outcome::accepted));
  int busy = 0;
  std::atomic<int> checked = 0, right = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::vector<std::string> guess{basic("bcrypt:guess" + std::to_string(i))};
    BOOST_TEST((auth->check(guess) == outcome::pending));
    busy += auth->check_slowly(guess,
                               [&](bool is) {
                                 right += is ? 1 : 0;
                                 ++checked;
                                 checked.notify_one();
                               })
                ? 0
                : 1;
  }
  BOOST_TEST(busy > 0);
  BOOST_TEST((auth->check({basic("bcrypt:secret")}) == outcome::accepted));
  for (int seen = checked; seen + busy < 1000; seen = checked)
    checked.wait(seen);
  BOOST_TEST(checked + busy == 1000);
  BOOST_TEST(right == 0);
  BOOST_TEST((auth->check({basic("bcrypt:guess0")}) == outcome::refused));
}

// Scenario: the time that checks may take is used up, passes, is used up again. Guarantee: it comes
// back at its share of the time that passes, up to what may be spent at once.
BOOST_AUTO_TEST_CASE(checks_have_an_allowance_of_time) {
  time_allowance allowance(5 * second_ns, 0.5);
  steady_ns now = second_ns;
  BOOST_TEST(allowance.any(now));
  allowance.spend(7 * second_ns);
  BOOST_TEST(!allowance.any(now));
  BOOST_TEST(!allowance.any(now += 3 * second_ns));
  BOOST_TEST(allowance.any(now += 2 * second_ns));
  allowance.any(now += 1000 * second_ns);
  allowance.spend(5 * second_ns);
  BOOST_TEST(!allowance.any(now));
}

// Scenario: users that do not exist, beside users with slow hashes; passwords of 40 KB. Guarantee:
// the unknown go the same slow way as the known; what no user has is refused unseen.
BOOST_AUTO_TEST_CASE(the_time_does_not_tell_who_exists) {
  const auto auth = make(basic_auth_config{.htpasswd_inline = std::string(users)});
  BOOST_TEST((auth->check({basic("bcrypt:no")}) == outcome::pending));
  BOOST_TEST((auth->check({basic("nobody:no")}) == outcome::pending));
  BOOST_TEST((settled(*auth, {basic("nobody:no")}) == outcome::refused));
  for (const auto* user : {"bcrypt:", "sha512:", "nobody:"})
    BOOST_TEST((auth->check({basic(user + std::string(40'000, 'x'))}) == outcome::refused));
  const auto file = htpasswd::parse(users);
  BOOST_TEST((file->is_slow("nobody") && file->is_slow("bcrypt") && !file->is_slow("plain")));
  BOOST_TEST(!htpasswd::parse("plain:secret")->is_slow("nobody"));
}

// Scenario: tokens in a file that is replaced, emptied and removed. Guarantee: within a second the
// new ones count; without a good file the last ones stay.
BOOST_AUTO_TEST_CASE(token_files_are_read_again) {
  const test::temporary_directory directory;
  const auto file = directory.file("tokens");
  const auto write = [&](const char* text) { std::ofstream(file) << text; };
  const bearer_auth_config config{.filename = file};
  BOOST_TEST(!bearer_tokens::open(config));
  write("one\ntwo \r\n\n");
  auto made = bearer_tokens::open(config);
  BOOST_REQUIRE(made);
  auto& tokens = **made;
  auto now = steady_now();
  const auto is_now = [&](const std::string& token) {
    return tokens.credentials(now += 2 * second_ns) == "Bearer " + token;
  };
  BOOST_TEST(is_now("one"));
  write("three\n");
  BOOST_TEST(tokens.accept("Bearer one", now));
  BOOST_TEST(tokens.accept("Bearer two", now));
  BOOST_TEST(is_now("three"));
  BOOST_TEST(!tokens.accept("Bearer two", now));
  write("");
  BOOST_TEST(is_now("three"));
  std::filesystem::remove(file);
  BOOST_TEST(is_now("three"));
  write("fo\x01ur\n");
  BOOST_TEST(is_now("three"));
  write("four");
  BOOST_TEST(is_now("four"));
}

// Scenario: exporters with each authenticator over headers that are there already. Guarantee: what
// it says is set, once, whatever the names' case.
BOOST_AUTO_TEST_CASE(exporters_show_their_credentials) {
  const header_list before = {{"Authorization", "old"}, {"X-Tenant", "a"}};
  using headers = header_list;
  BOOST_TEST(
      (applied(basic_auth_config{.username = "Aladdin", .password = "open sesame"}, before)
       == headers{{"X-Tenant", "a"}, {"authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}}));
  BOOST_TEST((applied(bearer_auth_config{.tokens = {"t", "u"}}, before)
              == headers{{"X-Tenant", "a"}, {"Authorization", "Bearer t"}}));
  BOOST_TEST((applied(bearer_auth_config{.header = "X-Key", .scheme = "", .tokens = {"t"}}, {})
              == headers{{"X-Key", "t"}}));
  using change = header_setting::change;
  BOOST_TEST((applied(headers_setter_config{{{change::insert, "x-tenant", "b"},
                                             {change::insert, "new", "1"},
                                             {change::update, "authorization", "2"},
                                             {change::update, "none", "3"},
                                             {change::upsert, "up", "4"},
                                             {change::remove, "X-TENANT", ""}}},
                      before)
              == headers{{"new", "1"}, {"authorization", "2"}, {"up", "4"}}));
}

// Scenario: headers from what clients said: there, absent with and without a default, with a line
// end in it, empty. Guarantee: what was said, the default, or no header; nobody adds headers of
// their own.
BOOST_AUTO_TEST_CASE(exporters_send_on_what_clients_said) {
  using change = header_setting::change;
  const headers_setter_config config{{{change::upsert, "t", "", "X-Tenant"},
                                      {change::insert, "user", "", "", "username", "nobody"},
                                      {change::upsert, "other", "", "missing"}}};
  BOOST_TEST(
      (carried_names(config)
       == std::vector<std::string>{"metadata.x-tenant", "auth.username", "metadata.missing"}));
  using headers = header_list;
  BOOST_TEST(
      (applied(config, {{"T", "old"}}, {{"metadata.x-tenant", "blue"}, {"auth.username", "ann"}})
       == headers{{"t", "blue"}, {"user", "ann"}}));
  BOOST_TEST((applied(config, {}, {{"auth.username", "ann\r\nX-Admin: 1"}, {"auth.x-tenant", "no"}})
              == headers{{"user", "nobody"}}));
  BOOST_TEST(
      (applied(config, {}, {{"metadata.x-tenant", ""}}) == headers{{"t", ""}, {"user", "nobody"}}));
}

// Scenario: what cannot stand in a header: tokens, names and values that are given, and what
// clients said, over HTTP and over gRPC. Guarantee: the former are errors at start that show
// nothing of the value, the latter are not sent on; bytes of `-bin` headers go out as base64.
BOOST_AUTO_TEST_CASE(nothing_invalid_is_added_to_headers) {
  using change = header_setting::change;
  for (const auto rules : {header_rules::http, header_rules::grpc})
    for (const client_auth_config& config : std::initializer_list<client_auth_config>{
             bearer_auth_config{.tokens = {"secret\n"}},
             bearer_auth_config{.header = "X Key", .tokens = {"secret"}},
             bearer_auth_config{.scheme = "Bearer\r\nX: y", .tokens = {"secret"}},
             headers_setter_config{{{change::upsert, "a b", "secret"}}},
             headers_setter_config{{{change::upsert, "a", "secret\r"}}},
             headers_setter_config{{{change::upsert, "a", "", "x", "", "secret\n"}}}}) {
      const auto made = make_client_authenticator(config, rules);
      BOOST_REQUIRE(!made);
      BOOST_TEST(made.error().message.find("secret") == std::string::npos, made.error().message);
    }
  using headers = header_list;
  const headers_setter_config sent_on{{{change::upsert, "t", "", "t"}}};
  BOOST_TEST((applied(sent_on, {}, {{"metadata.t", "Köln"}}) == headers{{"t", "Köln"}}));
  BOOST_TEST((applied(sent_on, {}, {{"metadata.t", "Köln"}}, header_rules::grpc).empty()));
  BOOST_TEST(
      (applied(headers_setter_config{{{change::upsert, "a-bin", "\n"}}}, {}, {}, header_rules::grpc)
       == headers{{"a-bin", "Cg"}}));
}

// Scenario: an HTTP port with users; requests without, with wrong and with right credentials, and a
// browser's preflight. Guarantee: 401 with WWW-Authenticate, and CORS headers where they belong, so
// that the browser shows it; nothing of the credentials comes back; the preflight needs none.
BOOST_AUTO_TEST_CASE(http_answers_401_with_a_challenge) {
  auto listener = http_listener();
  listener.auth = basic_auth_config{.htpasswd_inline = "u:secret-word"};
  listener.cors.emplace().allowed_origins = {"https://*.example"};
  server_fixture server({listener});
  for (const std::string wrong :
       {"", "Authorization: Basic dTp4\r\n", "Authorization: secret-word\r\n"}) {
    raw_connection client(server.port());
    const auto answer = ask(client, wrong + "Origin: https://a.example\r\n");
    BOOST_TEST(answer.starts_with("HTTP/1.1 401 "));
    BOOST_TEST(answer.find("www-authenticate: Basic realm=\"weir\"\r\n") != std::string::npos);
    BOOST_TEST(answer.find("https://a.example") != std::string::npos);
    BOOST_TEST(answer.find("secret-word") == std::string::npos);
  }
  raw_connection client(server.port());
  const auto right = "Authorization: " + basic("u:secret-word") + "\r\n";
  BOOST_TEST(ask(client, right).starts_with("HTTP/1.1 200 "));
  raw_connection browser(server.port());
  browser.send("OPTIONS /v1/traces HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\n"
               "Access-Control-Request-Method: POST\r\n\r\n");
  std::string preflight;
  browser.receive_until("\r\n\r\n", preflight);
  BOOST_TEST(preflight.starts_with("HTTP/1.1 204 "), preflight);
}

// Scenario: an HTTP port with tokens, of the scheme Bearer, of another one, and without a scheme.
// Guarantee: 401 names the scheme that is asked for.
BOOST_AUTO_TEST_CASE(a_challenge_names_the_scheme) {
  for (const auto& [scheme, challenge] :
       {std::pair{"Bearer", "Bearer"}, {"Token", "Token"}, {"", "Bearer"}}) {
    auto listener = http_listener();
    listener.auth = bearer_auth_config{.scheme = scheme, .tokens = {"t"}};
    server_fixture server({listener});
    raw_connection client(server.port());
    const auto answer = ask(client, "Authorization: Bearer x\r\n");
    BOOST_TEST(answer.starts_with("HTTP/1.1 401 "));
    BOOST_TEST(answer.find(std::string("www-authenticate: ") + challenge + "\r\n")
               != std::string::npos);
  }
}

// Scenario: an Authorization header of 1 MiB over HTTP/1.1. Guarantee: it is refused as every other
// header of that size (431), before it is looked at.
BOOST_AUTO_TEST_CASE(a_credential_of_1_mib_is_refused) {
  auto listener = http_listener();
  listener.auth = bearer_auth_config{.tokens = {"t"}};
  server_fixture server({listener});
  raw_connection client(server.port());
  const auto answer = ask(client, "Authorization: Bearer " + std::string(1 << 20, 'x') + "\r\n");
  BOOST_TEST(answer.starts_with("HTTP/1.1 431 "), answer);
}

BOOST_AUTO_TEST_SUITE_END()
