#pragma once

#include "tests/support/temporary_directory.hpp"

#include <string>

namespace weir::test {

/// Certificates in a directory of their own, made by the openssl command: an authority, a server
/// ("localhost", 127.0.0.1), a client; and another authority that signed nothing. Gone with the
/// object.
class certificates {
public:
  certificates();

  std::string file(const std::string& name) const { return directory_.file(name); }
  std::string pem(const std::string& name) const;

  std::string ca() const { return file("ca.pem"); }
  std::string other_ca() const { return file("other.pem"); }
  std::string server_cert() const { return file("server.pem"); }
  std::string server_key() const { return file("server.key"); }
  std::string client_cert() const { return file("client.pem"); }
  std::string client_key() const { return file("client.key"); }

private:
  temporary_directory directory_;
};

} // namespace weir::test
