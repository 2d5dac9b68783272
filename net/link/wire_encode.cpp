#include "net/link/slot_bits.hpp"
#include "net/link/wire.hpp"

#include <weir/cluster/v1/cluster.pb.h>

namespace weir::net {

namespace {

namespace pb = weir::cluster::v1;

void put(pb::EntryId& out, const entry_id& id) {
  out.set_node(id.node);
  out.set_epoch(id.epoch);
  out.set_sequence(id.sequence);
}

template <class Message>
void put_entries(Message& out, const std::vector<cluster::entry_slots>& entries) {
  for (const auto& [entry, slots] : entries) {
    auto& added = *out.add_entries();
    put(*added.mutable_entry(), entry);
    auto packed = pack_slots(slots);
    added.set_first(packed.first);
    added.set_bits(std::move(packed.bits));
  }
}

void put(pb::RateReport& out, const rate_report& rate) {
  out.set_budget(rate.budget);
  out.set_limit(rate.limit);
  out.set_demand(rate.demand);
  for (const auto& key : rate.keys) {
    out.add_keys(key.key);
    out.add_key_spans(key.spans);
  }
}

void put(pb::Gossip& out, const cluster::gossip& gossip) {
  for (const auto& member : gossip.members) {
    auto& added = *out.add_members();
    added.set_id(member.id);
    added.set_boot(member.boot);
    added.set_state(static_cast<pb::MemberState>(static_cast<int>(member.state) + 1));
    added.set_beat(member.beat);
    added.set_address(member.address);
    added.set_zone(member.zone);
    added.set_release(member.release);
    added.mutable_unreachable()->Add(member.unreachable.begin(), member.unreachable.end());
    added.set_name(member.name);
    for (const auto& pipeline : member.pipelines)
      added.add_pipelines(pipeline);
    for (const auto& rate : member.rates)
      put(*added.add_rates(), rate);
  }
  out.set_wants_answer(gossip.wants_answer);
  out.set_steady(gossip.steady);
}

void put(pb::ControlMessage& out, const cluster::hello& hello) {
  auto& kind = *out.mutable_hello();
  kind.set_cluster(hello.cluster);
  kind.set_node(hello.node);
  kind.set_boot(hello.boot);
  kind.set_oldest_protocol(hello.oldest_protocol);
  kind.set_newest_protocol(hello.newest_protocol);
  kind.set_partitions(hello.partitions);
  kind.set_address(hello.address);
  kind.set_release(hello.release);
  kind.set_clock(hello.clock);
}

void put(pb::ControlMessage& out, const cluster::gossip& gossip) {
  put(*out.mutable_gossip(), gossip);
}

void put(pb::ControlMessage& out, const cluster::handed_over& handed) {
  auto& kind = *out.mutable_handed_over();
  kind.set_pipeline(handed.pipeline);
  kind.set_decisions(handed.decisions);
  for (const auto& [entry, record] : handed.progress) {
    auto& added = *kind.add_progress();
    put(*added.mutable_entry(), entry);
    added.set_record(record);
  }
  kind.set_ticket(handed.ticket);
  kind.set_last_of_ring(handed.last_of_ring);
}

void put(pb::ControlMessage& out, const cluster::leave_request&) {
  out.mutable_leave_request();
}

void put(pb::ControlAnswer& out, const welcome_token& welcome) {
  auto& kind = *out.mutable_welcome();
  kind.set_node(welcome.welcome.node);
  kind.set_boot(welcome.welcome.boot);
  kind.set_protocol(welcome.welcome.protocol);
  kind.set_clock(welcome.welcome.clock);
  kind.set_token(welcome.token);
  kind.set_steady(welcome.welcome.steady);
}

void put(pb::ControlAnswer& out, const refused& refused) {
  out.mutable_refused()->set_reason(refused.reason);
}

void put(pb::ControlAnswer& out, const cluster::gossip& gossip) {
  put(*out.mutable_gossip(), gossip);
}

void put(pb::ControlAnswer& out, const cluster::handed_taken& taken) {
  out.mutable_handed_taken()->set_ticket(taken.ticket);
}

void put(pb::DataMessage& out, const data_token& token) {
  out.set_token(token.token);
}

void put(pb::DataMessage& out, const cluster::sent_entry& sent) {
  auto& kind = *out.mutable_sent_entry();
  kind.set_pipeline(sent.pipeline);
  kind.set_entry(sent.entry.view().data(), sent.entry.size());
  kind.set_left_alone(pack_slots(sent.left_alone));
  kind.set_slots(kind.left_alone().empty() ? 0 : sent.left_alone.slots());
  kind.set_received(sent.received);
  kind.set_insists(sent.insists);
}

void put(pb::DataMessage& out, const cluster::sent_until& sent) {
  auto& kind = *out.mutable_sent_until();
  kind.set_moment(sent.moment);
  kind.set_ring(sent.ring);
}

void put(pb::DataMessage& out, const cluster::forgotten& forgotten) {
  auto& kind = *out.mutable_forgotten();
  kind.set_epoch(forgotten.epoch);
  kind.set_below(forgotten.below);
}

void put(pb::DataAnswer& out, const cluster::taken& taken) {
  out.mutable_taken()->set_bytes(taken.bytes);
}

void put(pb::DataAnswer& out, const cluster::settled_slots& settled) {
  put_entries(*out.mutable_settled_slots(), settled.entries);
}

void put(pb::DataAnswer& out, const cluster::wrong_owner& wrong) {
  out.mutable_wrong_owner()->set_ring(wrong.ring);
  put_entries(*out.mutable_wrong_owner(), wrong.entries);
}

template <class Out>
void put(Out&, std::monostate) {}

template <class Out, class Kinds>
std::string encode_as(const Kinds& kinds) {
  Out out;
  std::visit([&out](const auto& kind) { put(out, kind); }, kinds);
  return out.SerializeAsString();
}

} // namespace

std::string encode(const control_message& message) {
  return encode_as<pb::ControlMessage>(message);
}
std::string encode(const control_answer& answer) {
  return encode_as<pb::ControlAnswer>(answer);
}
std::string encode(const data_message& message) {
  return encode_as<pb::DataMessage>(message);
}
std::string encode(const data_answer& answer) {
  return encode_as<pb::DataAnswer>(answer);
}

} // namespace weir::net
