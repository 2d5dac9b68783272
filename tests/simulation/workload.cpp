#include "workload.hpp"

#include "tests/stages/spans.hpp"

#include <algorithm>

namespace weir::simulation {

namespace {

// Of the open traces one of so many goes on; each gets its spans within about a second, or much
// later.
constexpr std::size_t open_traces = 6;
constexpr unsigned late_one_in = 40;
constexpr std::size_t most_spans = 4;

std::string eight_bytes(std::uint64_t value) {
  std::string bytes;
  storage::keys::append_u64(bytes, value);
  return bytes;
}

} // namespace

// Tells the workload, unless the node that was asked is gone.
struct answer_target final : net::reply_handle::target {
  answer_target(workload& clients, std::uint64_t request, unsigned server)
      : clients(clients), request(request), server(server),
        generation(clients.generations_[server]) {}
  void reply(net::otlp_reply&& answer) override {
    if (clients.generations_[server] == generation)
      clients.answered(request, answer);
  }
  workload& clients;
  const std::uint64_t request;
  const unsigned server;
  const std::uint64_t generation;
};

std::string message_of(const std::vector<span_number>& spans) {
  using stages::field;
  std::string bodies;
  for (const auto span : spans) {
    // The partition is of the trace id's hash, so counting numbers fall anywhere.
    auto body = field(1, eight_bytes(span / spans_a_trace + 1) + eight_bytes(7))
                + field(2, eight_bytes(span + 1)) + field(5, "work"); // An id of zeros is none.
    if (workload::is_error(span))
      body += field(15, std::string("\x18\x02", 2)); // code: ERROR
    bodies += field(2, body);
  }
  return field(1, field(2, bodies));
}

std::vector<span_number> workload::new_spans() {
  std::vector<span_number> spans;
  const auto count = 1 + schedule_.random()() % most_spans;
  while (spans.size() < count) {
    const auto back = schedule_.chance(late_one_in) ? 10 * open_traces : open_traces;
    const auto lowest = next_trace_ - std::min<span_number>(next_trace_, back);
    const auto trace = lowest + schedule_.random()() % (next_trace_ - lowest + 1);
    if (trace == next_trace_)
      ++next_trace_;
    auto& sent = traces_[trace];
    if (sent.size() == spans_a_trace)
      continue;
    begun_.try_emplace(trace, schedule_.now().steady);
    sent.push_back(trace * spans_a_trace + sent.size());
    spans.push_back(sent.back());
  }
  return spans;
}

net::otlp_request workload::next(unsigned server) {
  return has_unanswered() && schedule_.chance(2) ? again(server) : send(new_spans(), server);
}

net::otlp_request workload::again(unsigned server) {
  auto spans = std::move(unanswered_.back());
  unanswered_.pop_back();
  return send(std::move(spans), server);
}

net::otlp_request workload::send(std::vector<span_number> spans, unsigned server) {
  net::otlp_request request;
  request.arrived = schedule_.now().steady;
  request.body = message_of(spans);
  request.reply = net::reply_handle(std::make_shared<answer_target>(*this, ++requests_, server));
  schedule_.note([&] {
    return fmt::format("client: request {} with spans {}", requests_, fmt::join(spans, " "));
  });
  sent_.emplace(requests_, sent_request{server, std::move(spans)});
  return request;
}

void workload::answered(std::uint64_t request, const net::otlp_reply& reply) {
  const auto found = sent_.find(request);
  auto spans = std::move(found->second.spans);
  sent_.erase(found);
  schedule_.note([&] {
    return fmt::format("client: request {} is {}", request,
                       reply.code == net::otlp_reply::status::ok ? "acknowledged" : "refused");
  });
  if (reply.code == net::otlp_reply::status::ok) {
    witness_.acknowledged(spans);
    for (const auto span : spans)
      last_answer_[span / spans_a_trace] = schedule_.now().steady;
    return;
  }
  for (const auto span : spans)
    repeated_.insert(span / spans_a_trace);
  unanswered_.push_back(std::move(spans));
}

void workload::lose_answers(unsigned server) {
  ++generations_[server];
  std::erase_if(sent_, [&](auto& each) {
    auto& [request, under_way] = each;
    if (under_way.server != server)
      return false;
    for (const auto span : under_way.spans)
      repeated_.insert(span / spans_a_trace);
    unanswered_.push_back(std::move(under_way.spans));
    return true;
  });
}

bool workload::came_in_time(span_number trace) const {
  const auto last = last_answer_.find(trace);
  return !repeated_.contains(trace) && last != last_answer_.end()
         && last->second - begun_.at(trace) < second_ns;
}

} // namespace weir::simulation
