#include "benchmarks/load/player.hpp"

#include "benchmarks/load/grpc.hpp"
#include "codec/encoding.hpp"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <csignal>
#include <fmt/format.h>

namespace weir::load {

namespace {

constexpr auto tick_interval = milliseconds(200);
constexpr auto reconnect_delay = milliseconds(100);

codec::encoding encoding_of(const std::string& name) {
  return codec::http_encoding(name == "none" ? "" : name).value_or(codec::encoding::identity);
}

} // namespace

struct player::seat {
  explicit seat(asio::io_context& io) : timer(io) {}

  std::uint64_t id = 0;
  const request_template* source = nullptr;
  std::string bytes; ///< As it goes out, for gRPC with its prefix.
  steady_ns first_sent = 0;
  steady_ns sent = 0;
  std::uint32_t attempts = 0;
  milliseconds backoff{0};
  link* over = nullptr; ///< Null in back-off.
  asio::steady_timer timer;
};

struct player::link {
  link(asio::io_context& io, std::size_t own_number) : number(own_number), socket(io), timer(io) {}

  std::size_t number;
  std::shared_ptr<transport> connection; ///< Null while there is none.
  tcp::socket socket;                    ///< While connecting.
  asio::steady_timer timer;
  std::size_t busy = 0;
};

player::player(asio::io_context& io, player_config config, const traffic& requests,
               tally_writer* notes)
    : io_(io), config_(std::move(config)), traffic_(requests), notes_(notes), pace_timer_(io),
      tick_timer_(io), signals_(io, SIGINT, SIGTERM) {
  if (config_.protocol == player_config::protocol_kind::http)
    config_.in_flight = 1;
  config_.connections = std::max(config_.connections, config_.servers.size());
  round_ = config_.first_round;
}

player::~player() = default;

result<play_summary> player::run() {
  for (const auto& [host, port] : config_.servers) {
    auto& added = targets_.emplace_back();
    added.settings.authority = fmt::format("{}:{}", host, port);
    added.settings.timeout = config_.timeout;
    if (config_.compression != "none")
      added.settings.encoding = config_.compression;
    boost::system::error_code failed;
    added.addresses = tcp::resolver(io_).resolve(host, port, failed);
    if (failed)
      return fail(errc::invalid_argument,
                  fmt::format("{}: {}", added.settings.authority, failed.message()));
  }
  if (traffic_.requests.empty())
    return fail(errc::invalid_argument, "there is nothing to play");
  signals_.async_wait([this](auto cancelled, int) {
    if (!cancelled)
      stopping_ = true;
    pump();
  });
  started_ = last_connected_ = steady_now();
  next_round();
  for (std::size_t i = 0; i < config_.connections; ++i) {
    links_.push_back(std::make_unique<link>(io_, i));
    connect(i);
  }
  tick();
  io_.run();
  if (unreachable_)
    return fail(errc::unavailable,
                fmt::format("{}: nobody answers", targets_[0].settings.authority));
  summary_.seconds = static_cast<double>(steady_now() - started_) / second_ns;
  summary_.rounds = round_ - config_.first_round + (next_request_ > 0 ? 1 : 0);
  summary_.offered = config_.spans_per_second;
  if (config_.progress)
    fmt::print(stderr, "\n");
  return std::move(summary_);
}

void player::next_round() {
  next_request_ = 0;
  stamp_ = stamp_of(round_, unix_now() - traffic_.last_end_ns);
}

void player::connect(std::size_t number) {
  auto& link = *links_[number];
  const auto& target = targets_[number % targets_.size()];
  asio::async_connect(link.socket, target.addresses, [this, number](auto failed, const auto&) {
    auto& link = *links_[number];
    if (failed)
      return reconnect_later(number);
    auto hears = transport::listener{
        [this](std::uint64_t id, answer&& got) { on_answer(id, std::move(got)); },
        [this, number] {
          links_[number]->connection = nullptr;
          reconnect_later(number);
        }};
    const auto open =
        config_.protocol == player_config::protocol_kind::grpc ? &open_grpc : &open_http;
    link.connection =
        open(std::move(link.socket), targets_[number % targets_.size()].settings, std::move(hears));
    pump();
  });
}

void player::reconnect_later(std::size_t number) {
  auto& link = *links_[number];
  if (stopping_ && seats_.empty())
    return;
  link.socket = tcp::socket(io_);
  link.timer.expires_after(reconnect_delay);
  link.timer.async_wait([this, number](auto cancelled) {
    if (!cancelled)
      connect(number);
  });
}

bool player::exhausted() const {
  if (stopping_)
    return true;
  if (config_.duration.count() > 0
      && steady_now() - started_ >= config_.duration.count() * millisecond_ns)
    return true;
  return config_.rounds > 0 && round_ >= config_.first_round + config_.rounds;
}

/// Whether the pace allows the next request; if not, the timer wakes us when it does.
bool player::due() {
  if (config_.spans_per_second <= 0)
    return true;
  const auto index = static_cast<steady_ns>(static_cast<double>(summary_.spans)
                                            / config_.spans_per_second * second_ns);
  const auto wait = started_ + index - steady_now();
  if (wait <= 0)
    return true;
  pace_timer_.expires_after(std::chrono::nanoseconds(wait));
  pace_timer_.async_wait([this](auto cancelled) {
    if (!cancelled)
      pump();
  });
  return false;
}

/// Of equally busy ones the next in turn: else a server that answers quickly would see but few of
/// the connections.
player::link* player::least_busy() {
  link* best = nullptr;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    auto& link = *links_[(turn_ + i) % links_.size()];
    if (link.connection && link.connection->usable() && link.busy < config_.in_flight
        && (best == nullptr || link.busy < best->busy))
      best = &link;
  }
  return best;
}

void player::pump() {
  if (std::exchange(pumping_, true)) // an answer inside send(): the outer call goes on
    return;
  while (!exhausted() && seats_.size() < config_.connections * config_.in_flight) {
    auto* const over = least_busy();
    if (over == nullptr || !due())
      break;
    auto request =
        spare_seats_.empty() ? std::make_unique<seat>(io_) : std::move(spare_seats_.back());
    if (!spare_seats_.empty())
      spare_seats_.pop_back();
    prepare(*request);
    auto& placed = *seats_.emplace(request->id, std::move(request)).first->second;
    dispatch(placed, *over);
  }
  pumping_ = false;
  if (exhausted() && seats_.empty())
    io_.stop();
}

void player::prepare(seat& request) {
  request.id = next_id_++;
  request.source = &traffic_.requests[next_request_];
  request.attempts = 0;
  request.backoff = config_.initial_backoff;
  const auto grpc = config_.protocol == player_config::protocol_kind::grpc;
  request.bytes.clear();
  if (grpc)
    request.bytes = grpc_prefix(false, request.source->bytes.size());
  append_stamped(*request.source, stamp_, request.bytes);
  if (notes_ != nullptr) {
    ids_.clear();
    append_ids(*request.source, std::string_view(request.bytes).substr(grpc ? 5 : 0), ids_);
    notes_->add_ids(note::sent, request.id, ids_);
  }
  if (config_.compression != "none") {
    std::string packed;
    const auto message = std::string_view(request.bytes).substr(grpc ? 5 : 0);
    if (codec::encode(encoding_of(config_.compression), message, 0, packed))
      request.bytes = (grpc ? grpc_prefix(true, packed.size()) : "") + packed;
  }
  ++summary_.requests;
  summary_.spans += request.source->spans.size();
  summary_.bytes += request.source->bytes.size();
  if (++next_request_ == traffic_.requests.size()) {
    ++round_;
    next_round();
  }
}

void player::dispatch(seat& request, link& over) {
  request.sent = steady_now();
  if (request.attempts++ == 0)
    request.first_sent = request.sent;
  else if (notes_ != nullptr)
    notes_->add(note::sent_again, request.id, 0);
  request.over = &over;
  ++over.busy;
  turn_ = over.number + 1;
  over.connection->send(request.id, request.bytes);
}

/// Sends again what was in back-off; waits on while no connection is free.
void player::send(seat& request) {
  if (auto* const over = least_busy())
    return dispatch(request, *over);
  if (over_time(request))
    return give_up(request);
  request.timer.expires_after(reconnect_delay);
  request.timer.async_wait([this, &request](auto cancelled) {
    if (!cancelled)
      send(request);
  });
}

void player::on_answer(std::uint64_t id, answer&& got) {
  const auto found = seats_.find(id);
  if (found == seats_.end())
    return;
  auto& request = *found->second;
  --std::exchange(request.over, nullptr)->busy;
  if (!got.reason.empty())
    ++summary_.reasons[got.reason];
  switch (got.outcome) {
  case answer::kind::acknowledged:
    summary_.latency.add(std::chrono::nanoseconds(steady_now() - request.sent));
    ++summary_.acknowledged_requests;
    summary_.acknowledged_spans += request.source->spans.size() - got.rejected;
    summary_.rejected_spans += got.rejected;
    if (notes_ != nullptr)
      notes_->add(note::acknowledged, id, static_cast<std::uint32_t>(got.rejected));
    return finish(id);
  case answer::kind::failed:
    summary_.failed_spans += request.source->spans.size();
    return finish(id);
  case answer::kind::refused:
    ++summary_.refusals;
    summary_.refusals_without_delay += got.retry_after ? 0 : 1;
    return retry_later(request, got);
  case answer::kind::lost:
    ++summary_.lost_attempts;
    return retry_later(request, got);
  }
}

bool player::over_time(const seat& request) const {
  const auto elapsed = milliseconds((steady_now() - request.first_sent) / millisecond_ns);
  return stopping_ || (config_.max_elapsed.count() > 0 && elapsed >= config_.max_elapsed);
}

void player::give_up(seat& request) {
  summary_.failed_spans += request.source->spans.size();
  finish(request.id);
}

void player::retry_later(seat& request, const answer& got) {
  if (over_time(request))
    return give_up(request);
  const auto spread = std::uniform_real_distribution(0.8, 1.2)(jitter_);
  auto wait = milliseconds(
      static_cast<std::int64_t>(static_cast<double>(request.backoff.count()) * spread));
  if (got.retry_after)
    wait = std::max(wait, *got.retry_after);
  request.backoff = std::min(config_.max_backoff, request.backoff * 3 / 2);
  request.timer.expires_after(wait);
  request.timer.async_wait([this, &request](auto cancelled) {
    if (!cancelled)
      send(request);
  });
}

void player::finish(std::uint64_t id) {
  auto node = seats_.extract(id);
  node.mapped()->timer.cancel();
  spare_seats_.push_back(std::move(node.mapped()));
  pump();
}

/// Gives up attempts that got no answer in time, and shows how it goes.
void player::tick() {
  const auto late = steady_now() - config_.timeout.count() * millisecond_ns;
  std::vector<std::pair<std::shared_ptr<transport>, std::uint64_t>> overdue;
  for (const auto& [id, request] : seats_)
    if (request->over != nullptr && request->sent < late && request->over->connection)
      overdue.emplace_back(request->over->connection, id);
  for (const auto& [connection, id] : overdue)
    connection->cancel(id);
  give_up_unreachable();
  if (config_.progress)
    show_progress();
  pump();
  tick_timer_.expires_after(tick_interval);
  tick_timer_.async_wait([this](auto cancelled) {
    if (!cancelled)
      tick();
  });
}

void player::give_up_unreachable() {
  for (const auto& link : links_)
    if (link->connection)
      last_connected_ = steady_now();
  const auto away = milliseconds((steady_now() - last_connected_) / millisecond_ns);
  if (summary_.requests > 0 || config_.max_elapsed.count() == 0 || away < config_.max_elapsed)
    return;
  unreachable_ = true;
  io_.stop();
}

void player::show_progress() {
  const auto seconds = static_cast<double>(steady_now() - started_) / second_ns;
  auto part = config_.rounds > 0 ? static_cast<double>(summary_.spans)
                                       / static_cast<double>(config_.rounds * traffic_.spans)
                                 : 0;
  if (config_.duration.count() > 0)
    part = std::max(part, seconds * 1000 / static_cast<double>(config_.duration.count()));
  constexpr std::size_t width = 30;
  const auto filled = static_cast<std::size_t>(std::min(part, 1.0) * width);
  fmt::print(stderr, "\r[{}{}] {:3.0f} %  {} spans acknowledged, {:.0f}/s, {} refusals ",
             std::string(filled, '#'), std::string(width - filled, '.'), std::min(part, 1.0) * 100,
             summary_.acknowledged_spans,
             static_cast<double>(summary_.acknowledged_spans) / std::max(seconds, 0.001),
             summary_.refusals);
  std::fflush(stderr);
}

} // namespace weir::load
