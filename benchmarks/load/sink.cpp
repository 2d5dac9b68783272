#include "benchmarks/load/sink.hpp"

#include "benchmarks/load/sink_connection.hpp"
#include "benchmarks/load/traffic.hpp"
#include "codec/encoding.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <fmt/format.h>
#include <sstream>
#include <unistd.h>

namespace weir::load {

namespace {

constexpr std::size_t max_message_bytes = 256 << 20;
constexpr int invalid_argument = 3;

} // namespace

sink::sink(asio::io_context& io, sink_config config)
    : io_(io), config_(std::move(config)), acceptor_(io), ends_(io, SIGINT, SIGTERM),
      toggles_(io, SIGUSR1, SIGUSR2), input_(io), drain_timer_(io) {}

result<std::string> sink::listen() {
  if (!config_.record.empty()) {
    auto notes = tally_writer::create(config_.record);
    if (!notes)
      return tl::unexpected(notes.error());
    notes_.emplace(std::move(*notes));
  }
  boost::system::error_code failed;
  const auto found = tcp::resolver(io_).resolve(config_.host, config_.port, failed);
  const auto place = fmt::format("{}:{}", config_.host, config_.port);
  if (failed)
    return fail(errc::invalid_argument, fmt::format("{}: {}", place, failed.message()));
  const auto address = found.begin()->endpoint();
  acceptor_.open(address.protocol());
  acceptor_.set_option(tcp::acceptor::reuse_address(true));
  if (acceptor_.bind(address, failed); !failed)
    acceptor_.listen(asio::socket_base::max_listen_connections, failed);
  if (failed)
    return fail(errc::io, fmt::format("{}: {}", place, failed.message()));
  return fmt::format("{}:{}", config_.host, acceptor_.local_endpoint().port());
}

sink_summary sink::run() {
  ends_.async_wait([this](auto, int) { io_.stop(); });
  await_signals();
  if (config_.control) {
    input_.assign(::dup(STDIN_FILENO));
    read_commands();
  }
  accept();
  io_.run();
  return summary_;
}

void sink::await_signals() {
  toggles_.async_wait([this](auto failed, int signal) {
    if (failed)
      return;
    if (signal == SIGUSR1)
      obey(config_.stalled ? "go" : "stall");
    else
      obey(config_.fail_rate > 0 ? "fail 0" : "fail 1");
    await_signals();
  });
}

void sink::read_commands() {
  input_.async_wait(asio::posix::stream_descriptor::wait_read, [this](auto failed) {
    std::array<char, 4096> bytes;
    const auto size = failed ? 0 : ::read(input_.native_handle(), bytes.data(), bytes.size());
    if (size <= 0)
      return; // The end of the commands is not the end of the sink.
    line_.append(bytes.data(), static_cast<std::size_t>(size));
    for (auto end = line_.find('\n'); end != std::string::npos; end = line_.find('\n')) {
      obey(line_.substr(0, end));
      line_.erase(0, end + 1);
    }
    read_commands();
  });
}

void sink::obey(const std::string& line) {
  auto words = std::istringstream(line);
  std::string verb;
  double value = 0;
  words >> verb >> value;
  if (verb == "stall")
    config_.stalled = true;
  else if (verb == "go")
    config_.stalled = false;
  else if (verb == "fail")
    config_.fail_rate = value;
  else if (verb == "fail-with")
    config_.fail_with = static_cast<int>(value);
  else if (verb == "retry-after")
    config_.retry_after = std::chrono::milliseconds(static_cast<std::int64_t>(value));
  else if (verb == "rate")
    config_.spans_per_second = value;
  else
    fmt::print(stderr, "weir-load sink: unknown command '{}'\n", line);
  answer_waiting();
}

void sink::accept() {
  acceptor_.async_accept([this](auto failed, tcp::socket socket) {
    if (!failed) {
      ++summary_.connections;
      std::make_shared<sink_connection>(std::move(socket), *this)->start();
    }
    accept();
  });
}

void sink::take(std::shared_ptr<sink_connection> source, std::int32_t stream, bool traces,
                bool packed, const std::string& encoding, std::string_view message) {
  std::string unpacked;
  if (packed) {
    const auto packing = codec::grpc_encoding(encoding);
    if (!packing || !codec::decode(*packing, message, max_message_bytes, unpacked)) {
      ++summary_.malformed_requests;
      return source->refuse(stream, invalid_argument, "cannot be unpacked", {});
    }
    message = unpacked;
  }
  waiting call{std::move(source), stream, traces, 0, message.size(), {}};
  auto sound = true;
  if (traces && notes_) {
    sound = read_ids(message, call.ids);
    call.spans = call.ids.size() / 24;
  } else if (traces) {
    call.spans = count_spans(message);
  }
  if (!sound) {
    ++summary_.malformed_requests;
    return call.connection->refuse(stream, invalid_argument, "not an OTLP traces message", {});
  }
  waiting_.push_back(std::move(call));
  answer_waiting();
}

void sink::answer_waiting() {
  const auto now = std::chrono::steady_clock::now();
  while (!waiting_.empty() && !config_.stalled) {
    auto& call = waiting_.front();
    if (config_.spans_per_second > 0) {
      if (next_answer_ > now)
        break;
      next_answer_ = std::max(next_answer_, now - std::chrono::milliseconds(100))
                     + std::chrono::nanoseconds(static_cast<std::int64_t>(
                         1e9 * static_cast<double>(call.spans) / config_.spans_per_second));
    }
    answer(call);
    waiting_.pop_front();
  }
  if (waiting_.empty() || config_.stalled)
    return;
  drain_timer_.expires_at(next_answer_);
  drain_timer_.async_wait([this](auto cancelled) {
    if (!cancelled)
      answer_waiting();
  });
}

void sink::answer(waiting& call) {
  if (!call.connection->open())
    return; // Its client is gone: not seen, as far as the client can know.
  if (config_.fail_rate > 0
      && std::uniform_real_distribution(0.0, 1.0)(chance_) < config_.fail_rate) {
    ++summary_.refused_requests;
    call.connection->refuse(call.stream, config_.fail_with, "told to fail", config_.retry_after);
  } else {
    ++summary_.requests;
    summary_.spans += call.spans;
    summary_.bytes += call.bytes;
    summary_.largest_request_bytes = std::max(summary_.largest_request_bytes, call.bytes);
    if (notes_ && call.traces)
      notes_->add_ids(note::seen, ++request_number_, call.ids);
    call.connection->succeed(call.stream, {});
    summary_.busiest_connection =
        std::max(summary_.busiest_connection, call.connection->succeeded());
  }
  call.connection->flush();
}

} // namespace weir::load
