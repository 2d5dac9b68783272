#include "net/link/inquiry.hpp"
#include "tests/net/link/link_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <thread>

using namespace weir;
using namespace weir::net;
using namespace weir::net::tests;
namespace fs = std::filesystem;

namespace {

void run(const std::string& command) {
  BOOST_REQUIRE_MESSAGE(std::system((command + " >/dev/null 2>&1").c_str()) == 0, command);
}

/// Certificates made by openssl.
struct certificates {
  certificates() {
    make_authority("ca");
    make_authority("stranger");
  }

  void make_authority(const std::string& name) {
    run(fmt::format("{} -x509 -days 2 -subj /CN={} -keyout {} -out {}", request, name,
                    file(name + ".key"), file(name + ".crt")));
  }

  /// Of a node, for the address 127.0.0.1 or another.
  link_tls node(const std::string& name, const std::string& authority = "ca", int days = 2,
                const std::string& address = "IP:127.0.0.1") {
    run(fmt::format("{} -subj /CN={} -keyout {} -out {}", request, name, file(name + ".key"),
                    file(name + ".csr")));
    std::ofstream(file(name + ".ext")) << "subjectAltName=" << address << "\n";
    run(fmt::format("openssl x509 -req -days {} -in {} -CA {} -CAkey {} -CAcreateserial "
                    "-extfile {} -out {}",
                    days, file(name + ".csr"), file(authority + ".crt"), file(authority + ".key"),
                    file(name + ".ext"), file(name + ".crt")));
    link_tls tls;
    tls.cert_file = file(name + ".crt");
    tls.key_file = file(name + ".key");
    tls.ca_file = file("ca.crt");
    tls.reload_interval = std::chrono::seconds(1);
    return tls;
  }

  std::string file(const std::string& name) const { return directory.file(name); }

  static constexpr std::string_view request =
      "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
  test::temporary_directory directory;
};

/// Why a link to the node does not open; "" = it opens.
std::string trouble(listening_node& node, const link_tls& tls) {
  made_link link(node.server->endpoint(), hello_of(5), credentials_of(tls));
  for (;;) {
    if (link.events->welcomes.size() > 0)
      return "";
    if (link.events->ends.size() > 0)
      return link.events->ends.next().first;
    std::this_thread::yield();
  }
}

void replace(const std::string& file, const std::string& by) {
  fs::copy_file(by, file + ".new", fs::copy_options::overwrite_existing);
  fs::rename(file + ".new", file);
}

/// Tries until links open, or do not any more, as wanted.
bool comes_to(listening_node& node, const link_tls& tls, bool opens) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end)
    if (trouble(node, tls).empty() == opens)
      return true;
  return false;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(link_tls_test, certificates)

// Scenario: two nodes with certificates of one authority. Guarantee: a link works.
BOOST_AUTO_TEST_CASE(both_ends_show_a_certificate) {
  listening_node server(credentials_of(node("a")));
  BOOST_TEST(trouble(server, node("x")) == "");
  good_link_works(server, credentials_of(node("b")));
}

// Scenario: a node with a stranger's certificate, one with its own that has ended, one without any,
// plain text. Guarantee: no link, with a reason; good ones work afterwards.
BOOST_AUTO_TEST_CASE(who_has_no_good_certificate_stays_out) {
  listening_node server(credentials_of(node("a")));
  BOOST_TEST(!trouble(server, node("c", "stranger")).empty());
  BOOST_TEST(!trouble(server, node("d", "ca", -1)).empty());
  made_link plain(server.server->endpoint());
  BOOST_TEST(!plain.events->ends.next().first.empty());
  BOOST_TEST(server.sessions.size() == 0u);
  good_link_works(server, credentials_of(node("b")));
}

// Scenario: a node with a link asks a question with its certificate, with a stranger's, in plain text.
// Guarantee: the first alone is answered.
BOOST_AUTO_TEST_CASE(questions_need_a_certificate_too) {
  listening_node server(credentials_of(node("a")));
  const auto good = credentials_of(node("b"));
  made_link link(server.server->endpoint(), hello_of(2), good);
  link.events->welcomes.next();
  server.server->answer_by([](const question&, asker& whom) -> result<void> {
    whom.tell("yes");
    return {};
  });
  const auto answered = [&](std::shared_ptr<const link_credentials> credentials) {
    inquiry asked({server.server->endpoint()}, std::move(credentials),
                  {.cluster = "blue", .node = 2, .hand = "Do", .request = "", .peer = ""},
                  std::chrono::seconds(10));
    return asked.next()->answer.value_or("no");
  };
  BOOST_TEST(answered(good) == "yes");
  BOOST_TEST(answered(credentials_of(node("c", "stranger"))) == "no");
  BOOST_TEST(answered(plain_text()) == "no");
}

// Scenario: links to nodes whose certificate is a stranger's, has ended, or is for another address;
// the latter with server_name too. Guarantee: no link, the reason is TLS; with server_name it opens.
BOOST_AUTO_TEST_CASE(whom_a_link_is_made_to_is_checked) {
  auto tls = node("b");
  {
    listening_node server(credentials_of(node("c", "stranger")));
    const auto reason = trouble(server, tls);
    BOOST_TEST(reason.find("certificate verify failed") != std::string::npos, reason);
  }
  {
    listening_node server(credentials_of(node("d", "ca", -1)));
    const auto reason = trouble(server, tls);
    BOOST_TEST(reason.find("certificate verify failed") != std::string::npos, reason);
  }
  listening_node server(credentials_of(node("e", "ca", 2, "DNS:weir.example")));
  const auto reason = trouble(server, tls);
  BOOST_TEST(reason.find("Hostname Verification Check failed") != std::string::npos, reason);
  tls.server_name = "weir.example";
  BOOST_TEST(trouble(server, tls) == "");
}

// Scenario: the certificates of a node that listens are replaced, first by a stranger's, then by good
// ones; a link stands all the while. Guarantee: new links are refused, then open; the one that
// stands stays.
BOOST_AUTO_TEST_CASE(replaced_files_are_read_again) {
  const auto tls = node("a");
  const auto other = node("b");
  listening_node server(credentials_of(tls));
  made_link standing(server.server->endpoint(), hello_of(9), credentials_of(other));
  standing.events->welcomes.next();
  const auto session = server.sessions.next();

  node("bad", "stranger");
  replace(tls.key_file, file("bad.key"));
  replace(tls.cert_file, file("bad.crt"));
  BOOST_TEST(comes_to(server, other, false));
  node("good");
  replace(tls.key_file, file("good.key"));
  replace(tls.cert_file, file("good.crt"));
  BOOST_TEST(comes_to(server, other, true));

  standing.client.send(cluster::forgotten{1, 2});
  BOOST_TEST(session->messages.next().index()
             == cluster::link_message(cluster::forgotten{}).index());
}

// Scenario: one node's credentials last while its own files are replaced. Guarantee: what it shows to
// others changes with them.
BOOST_AUTO_TEST_CASE(the_makers_files_are_read_again) {
  const auto tls = node("b");
  listening_node server(credentials_of(node("a")));
  const auto credentials = credentials_of(tls);
  good_link_works(server, credentials);
  node("bad", "stranger");
  replace(tls.key_file, file("bad.key"));
  replace(tls.cert_file, file("bad.crt"));
  const auto end = std::chrono::steady_clock::now() + patience;
  bool refused = false;
  while (!refused && std::chrono::steady_clock::now() < end) {
    made_link link(server.server->endpoint(), hello_of(5), credentials);
    while (link.events->welcomes.size() == 0 && link.events->ends.size() == 0)
      std::this_thread::yield();
    refused = link.events->welcomes.size() == 0;
  }
  BOOST_TEST(refused);
}

// Scenario: files that are not there, are no certificate, or do not belong together. Guarantee: an
// error that names setting and file.
BOOST_AUTO_TEST_CASE(bad_files_are_said_at_start) {
  const auto good = node("a");
  node("b");
  const auto wrong = [&good](auto&& change) {
    auto tls = good;
    change(tls);
    const auto opened = link_credentials::open(tls);
    BOOST_REQUIRE(!opened.has_value());
    return opened.error().message;
  };
  const auto says = [](const std::string& text, const std::string& part) {
    BOOST_TEST(text.find(part) != std::string::npos, text);
  };
  says(wrong([](auto& tls) { tls.ca_file = ""; }), "tls needs ca_file");
  says(wrong([](auto& tls) { tls.cert_file += ".gone"; }), "tls.cert_file: ");
  says(wrong([](auto& tls) { tls.cert_file += ".gone"; }), "cannot be read");
  says(wrong([](auto& tls) { tls.ca_file = tls.key_file; }), "tls.ca_file: " + good.key_file);
  says(wrong([this](auto& tls) { tls.key_file = file("b.key"); }),
       "tls.key_file: " + file("b.key"));
  says(wrong([](auto& tls) { tls.cert_file = tls.key_file; }), "tls.cert_file: " + good.key_file);
}

BOOST_AUTO_TEST_SUITE_END()
