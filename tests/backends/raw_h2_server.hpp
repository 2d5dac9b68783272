#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace weir::test {

/// A server that speaks HTTP/2 frame by frame, to do what a good server never does. One thread a
/// connection; a script runs for each, and the connection is closed when it returns.
class raw_h2_server {
public:
  struct frame {
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
    std::string payload = {};
  };
  static constexpr std::uint8_t data = 0, headers = 1, rst_stream = 3, settings = 4, ping = 6,
                                goaway = 7, window_update = 8;

  class connection {
  public:
    explicit connection(int socket) : socket_(socket) {}
    frame read(); ///< Throws when the other side is gone. The preface was taken before.
    frame read(std::uint8_t type); ///< The next frame of this type.
    void write(const frame& f);
    void answer(std::uint32_t stream, int grpc_status); ///< Headers alone: status and grpc-status.
    void go_away(std::uint32_t last_stream, std::uint32_t error, const std::string& text = {});

  private:
    std::string take(std::size_t size);
    int socket_;
  };
  /// `number`: of the connection, from 1 on. The preface was read and SETTINGS were exchanged.
  using script = std::function<void(connection&, int number)>;

  explicit raw_h2_server(script run, std::uint32_t max_streams = 100);
  ~raw_h2_server();

  std::string endpoint() const;
  int connections() const noexcept;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace weir::test
