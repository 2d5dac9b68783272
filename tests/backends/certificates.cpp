#include "certificates.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace weir::test {

namespace {

void run(const std::string& command) {
  if (std::system((command + " >/dev/null 2>&1").c_str()) != 0)
    throw std::runtime_error("failed: " + command);
}

} // namespace

certificates::certificates() {
  const std::string key = "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes ";
  const auto index = [this](const char* name) { return file(name); };
  for (const char* name : {"ca", "other"})
    run(key + "-x509 -days 2 -subj /CN=weir-test-" + name + " -keyout "
        + file(std::string(name) + ".key") + " -out " + file(std::string(name) + ".pem"));
  std::ofstream(index("server.ext")) << "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
  std::ofstream(index("client.ext")) << "extendedKeyUsage=clientAuth\n";
  for (const std::string name : {"server", "client"}) {
    run(key + "-subj /CN=" + name + " -keyout " + file(name + ".key") + " -out "
        + file(name + ".csr"));
    run("openssl x509 -req -days 2 -in " + file(name + ".csr") + " -CA " + index("ca.pem")
        + " -CAkey " + index("ca.key") + " -CAcreateserial -extfile " + file(name + ".ext")
        + " -out " + file(name + ".pem"));
  }
}

std::string certificates::pem(const std::string& name) const {
  std::ostringstream out;
  out << std::ifstream(file(name)).rdbuf();
  return out.str();
}

} // namespace weir::test
