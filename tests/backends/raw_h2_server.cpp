#include "raw_h2_server.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <mutex>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace weir::test {

namespace {

std::string big_endian(std::uint32_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i)
    out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

std::uint32_t number(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes)
    value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

} // namespace

std::string raw_h2_server::connection::take(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t have = 0; have < size;) {
    const auto got = ::recv(socket_, out.data() + have, size - have, 0);
    if (got <= 0)
      throw std::runtime_error("the other side is gone");
    have += static_cast<std::size_t>(got);
  }
  return out;
}

raw_h2_server::frame raw_h2_server::connection::read() {
  const auto head = take(9);
  const std::string_view h(head);
  frame f{static_cast<std::uint8_t>(h[3]), static_cast<std::uint8_t>(h[4]),
          number(h.substr(5, 4)) & 0x7fff'ffff};
  f.payload = take(number(h.substr(0, 3)));
  return f;
}

raw_h2_server::frame raw_h2_server::connection::read(std::uint8_t type) {
  while (true)
    if (auto f = read(); f.type == type)
      return f;
}

void raw_h2_server::connection::write(const frame& f) {
  const auto bytes = big_endian(static_cast<std::uint32_t>(f.payload.size()), 3)
                     + static_cast<char>(f.type) + static_cast<char>(f.flags)
                     + big_endian(f.stream, 4) + f.payload;
  if (::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0)
    throw std::runtime_error("the other side is gone");
}

void raw_h2_server::connection::answer(std::uint32_t stream, int grpc_status) {
  const auto value = std::to_string(grpc_status);
  // HPACK: ":status: 200" is entry 8 of the static table; then a literal that is not indexed.
  std::string block = "\x88";
  block += std::string("\x00\x0b", 2) + "grpc-status" + static_cast<char>(value.size()) + value;
  write({.type = headers,
         .flags = 0x05,
         .stream = stream,
         .payload = block}); // END_STREAM, END_HEADERS
}

void raw_h2_server::connection::go_away(std::uint32_t last_stream, std::uint32_t error,
                                        const std::string& text) {
  write({.type = goaway, .payload = big_endian(last_stream, 4) + big_endian(error, 4) + text});
}

struct raw_h2_server::impl {
  script run;
  std::uint32_t max_streams;
  int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  int port = 0;
  std::atomic<int> accepted = 0;
  std::atomic<bool> stopping = false;
  std::mutex mutex;
  std::vector<int> sockets;
  std::vector<std::thread> threads;
  std::thread accepting;

  impl(script s, std::uint32_t streams) : run(std::move(s)), max_streams(streams) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0
        || ::listen(listener, 16) != 0)
      throw std::runtime_error("cannot listen");
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    accepting = std::thread([this] { accept(); });
  }

  ~impl() {
    stopping = true;
    ::shutdown(listener, SHUT_RDWR);
    accepting.join();
    {
      const std::lock_guard guard(mutex);
      for (const int s : sockets)
        ::shutdown(s, SHUT_RDWR);
    }
    for (auto& t : threads)
      t.join();
    for (const int s : sockets)
      ::close(s);
    ::close(listener);
  }

  void accept() {
    while (true) {
      const int s = ::accept(listener, nullptr, nullptr);
      if (s < 0 || stopping)
        return;
      const std::lock_guard guard(mutex);
      sockets.push_back(s);
      threads.emplace_back([this, s, n = ++accepted] { serve(s, n); });
    }
  }

  void serve(int s, int n) {
    try {
      std::string preface(24, '\0');
      if (::recv(s, preface.data(), preface.size(), MSG_WAITALL) != 24)
        throw std::runtime_error("no preface");
      connection c(s);
      c.write({.type = settings, .payload = big_endian(3, 2) + big_endian(max_streams, 4)});
      c.read(settings);
      c.write({.type = settings, .flags = 1});
      run(c, n);
    } catch (const std::exception&) {
      // The other side went first.
    }
    ::shutdown(s, SHUT_RDWR);
  }
};

raw_h2_server::raw_h2_server(script run, std::uint32_t max_streams)
    : impl_(std::make_unique<impl>(std::move(run), max_streams)) {}

raw_h2_server::~raw_h2_server() = default;

std::string raw_h2_server::endpoint() const {
  return "127.0.0.1:" + std::to_string(impl_->port);
}

int raw_h2_server::connections() const noexcept {
  return impl_->accepted;
}

} // namespace weir::test
