#include "net/link/slot_bits.hpp"
#include "net/link/wire.hpp"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <optional>
#include <weir/cluster/v1/cluster.pb.h>

namespace weir::net {

namespace {

namespace pb = weir::cluster::v1;
using google::protobuf::internal::WireFormatLite;

// -- before anything is built --

/// Counts the fields with a length in a message, in those of the kinds: an object is built for each
/// of a repeated kind, which may be fifty times as large as the two bytes that ask for it. One level
/// further down in the fields of the number `deeper`.
bool few_parts(std::string_view bytes, int depth, std::size_t& parts, int deeper = 0) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  while (const auto tag = in.ReadTag()) {
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&in, tag))
        return true; // Not ours to say: it will not parse.
      continue;
    }
    std::uint32_t length = 0;
    if (++parts > most_parts)
      return false;
    const auto place =
        in.ReadVarint32(&length) ? static_cast<std::size_t>(in.CurrentPosition()) : 0;
    if (place == 0 || length > bytes.size() - place)
      return true;
    const int below = depth - (WireFormatLite::GetTagFieldNumber(tag) == deeper ? 0 : 1);
    if (below >= 0 && !few_parts(bytes.substr(place, length), below, parts))
      return false;
    in.Skip(static_cast<int>(length));
  }
  return true;
}

// Members have texts.
template <class Message>
constexpr int gossip_field = 0;
template <>
constexpr int gossip_field<pb::ControlMessage> = pb::ControlMessage::kGossipFieldNumber;
template <>
constexpr int gossip_field<pb::ControlAnswer> = pb::ControlAnswer::kGossipFieldNumber;

template <class Message>
result<void> parse(Message& message, std::string_view bytes) {
  std::size_t parts = 0;
  if (bytes.size() > largest_message)
    return fail(errc::too_large, fmt::format("a message of {} bytes", bytes.size()));
  if (!few_parts(bytes, 1, parts, gossip_field<Message>))
    return fail(errc::too_large, fmt::format("more than {} parts in one message", most_parts));
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(errc::invalid_argument, "no protobuf message of this kind");
  return {};
}

// -- field by field: the first that is wrong is kept --

struct checker {
  void check(bool good, std::string_view field, std::string_view trouble,
             errc code = errc::invalid_argument) {
    if (!good && !wrong)
      wrong = error{code, fmt::format("{}: {}", field, trouble)};
  }
  void check(const result<void>& checked, std::string_view field) {
    if (!checked)
      check(false, field, checked.error().message, checked.error().code);
  }
  std::string text(std::string&& content, std::string_view field, std::size_t longest) {
    check(content.size() <= longest, field, "too long", errc::too_large);
    return wrong ? std::string() : std::move(content);
  }
  std::string name(std::string&& content, std::string_view field) {
    return text(std::move(content), field, longest_name);
  }
  steady_ns moment(steady_ns moment, std::string_view field) {
    check(-farthest_moment < moment && moment < farthest_moment, field, "on no clock",
          errc::too_large);
    return wrong ? 0 : moment;
  }
  node_id node(node_id id, std::string_view field) {
    check(id != 0, field, "0 is no node");
    return id;
  }
  entry_id entry(const pb::EntryId& id, std::string_view field) {
    check(id.node() != 0 && id.sequence() != 0, field, "no entry's id");
    return {id.node(), id.epoch(), id.sequence()};
  }

  std::optional<error> wrong = {};
};

// -- the kinds --

cluster::hello take(pb::Hello& hello, checker& in) {
  cluster::hello out;
  out.cluster = in.name(std::move(*hello.mutable_cluster()), "hello.cluster");
  out.node = in.node(hello.node(), "hello.node");
  out.boot = hello.boot();
  out.oldest_protocol = hello.oldest_protocol();
  out.newest_protocol = hello.newest_protocol();
  out.partitions = hello.partitions();
  out.address = in.name(std::move(*hello.mutable_address()), "hello.address");
  out.release = in.name(std::move(*hello.mutable_release()), "hello.release");
  out.clock = hello.clock();
  return out;
}

std::vector<rate_report> take_rates(const pb::Member& member, checker& in) {
  std::vector<rate_report> out;
  in.check(static_cast<std::size_t>(member.rates_size()) <= max_rate_reports,
           "gossip.members.rates", "more than a node reports", errc::too_large);
  for (const auto& rate : member.rates()) {
    in.check(rate.keys_size() == rate.key_spans_size()
                 && static_cast<std::size_t>(rate.keys_size()) <= max_key_rates,
             "gossip.members.rates.keys", "not as many as their spans, or too many");
    if (in.wrong)
      return {};
    auto& report = out.emplace_back();
    report.budget = rate.budget();
    report.limit = rate.limit();
    report.demand = rate.demand();
    for (int i = 0; i < rate.keys_size(); ++i)
      report.keys.push_back({rate.keys(i), rate.key_spans(i)});
  }
  limit_rates(out);
  return out;
}

cluster::member take(pb::Member& member, checker& in) {
  cluster::member out;
  out.id = in.node(member.id(), "gossip.members.id");
  out.boot = member.boot();
  in.check(member.state() >= pb::MEMBER_STATE_JOINING && member.state() <= pb::MEMBER_STATE_LEFT,
           "gossip.members.state", "none that is known");
  if (!in.wrong)
    out.state = static_cast<cluster::member_state>(member.state() - 1);
  out.beat = member.beat();
  out.address = in.name(std::move(*member.mutable_address()), "gossip.members.address");
  out.zone = in.name(std::move(*member.mutable_zone()), "gossip.members.zone");
  out.release = in.name(std::move(*member.mutable_release()), "gossip.members.release");
  const auto& unreachable = member.unreachable();
  in.check(static_cast<std::size_t>(unreachable.size()) <= most_members,
           "gossip.members.unreachable", "more than members can be", errc::too_large);
  if (!in.wrong)
    out.unreachable.assign(unreachable.begin(), unreachable.end());
  out.name = in.name(std::move(*member.mutable_name()), "gossip.members.name");
  in.check(static_cast<std::size_t>(member.pipelines_size()) <= most_pipelines,
           "gossip.members.pipelines", "more than a node has", errc::too_large);
  for (auto& pipeline : *member.mutable_pipelines())
    if (!in.wrong)
      out.pipelines.push_back(in.name(std::move(pipeline), "gossip.members.pipelines"));
  out.rates = take_rates(member, in);
  return out;
}

cluster::gossip take(pb::Gossip& gossip, checker& in) {
  cluster::gossip out;
  in.check(static_cast<std::size_t>(gossip.members_size()) <= most_members, "gossip.members",
           "more than members can be", errc::too_large);
  if (in.wrong)
    return out;
  for (auto& member : *gossip.mutable_members())
    out.members.push_back(take(member, in));
  out.wants_answer = gossip.wants_answer();
  out.steady = in.moment(gossip.steady(), "gossip.steady");
  return out;
}

cluster::handed_over take(pb::HandedOver& handed, checker& in) {
  cluster::handed_over out;
  out.pipeline = in.name(std::move(*handed.mutable_pipeline()), "handed_over.pipeline");
  out.decisions = std::move(*handed.mutable_decisions());
  for (auto& progress : *handed.mutable_progress())
    out.progress.emplace_back(in.entry(progress.entry(), "handed_over.progress.entry"),
                              std::move(*progress.mutable_record()));
  out.ticket = handed.ticket();
  out.last_of_ring = handed.last_of_ring();
  return out;
}

welcome_token take(pb::Welcome& welcome, checker& in) {
  welcome_token out;
  out.welcome.node = in.node(welcome.node(), "welcome.node");
  out.welcome.boot = welcome.boot();
  out.welcome.protocol = welcome.protocol();
  out.welcome.clock = welcome.clock();
  out.welcome.steady = in.moment(welcome.steady(), "welcome.steady");
  in.check(welcome.token().size() == token_bytes, "welcome.token", "not 16 bytes");
  out.token = std::move(*welcome.mutable_token());
  return out;
}

cluster::sent_entry take(pb::SentEntry& sent, checker& in) {
  cluster::sent_entry out;
  out.pipeline = in.name(std::move(*sent.mutable_pipeline()), "sent_entry.pipeline");
  in.check(sent.entry().size() >= codec::entry_header_bytes, "sent_entry.entry", "no whole header");
  in.check(sent.entry().size() <= codec::largest_entry_bytes, "sent_entry.entry", "too large",
           errc::too_large);
  out.entry = shared_bytes(std::move(*sent.mutable_entry()));
  if (auto left_alone = unpack_slot_set(sent.slots(), sent.left_alone()))
    out.left_alone = std::move(*left_alone);
  else
    in.check(tl::unexpected(left_alone.error()), "sent_entry");
  out.received = in.moment(sent.received(), "sent_entry.received");
  out.insists = sent.insists();
  return out;
}

template <class Entries>
std::vector<cluster::entry_slots> take_entries(const Entries& entries, std::string_view field,
                                               checker& in) {
  std::vector<cluster::entry_slots> out;
  std::size_t room = most_slots;
  for (const auto& entry : entries) {
    auto slots = unpack_slots(entry.first(), entry.bits(), room);
    if (!slots) {
      in.check(tl::unexpected(slots.error()), field);
      return {};
    }
    room -= slots->size();
    out.push_back({in.entry(entry.entry(), field), std::move(*slots)});
  }
  return out;
}

control_message take(pb::ControlMessage& message, checker& in) {
  switch (message.kind_case()) {
  case pb::ControlMessage::kHello:
    return take(*message.mutable_hello(), in);
  case pb::ControlMessage::kGossip:
    return take(*message.mutable_gossip(), in);
  case pb::ControlMessage::kHandedOver:
    return take(*message.mutable_handed_over(), in);
  case pb::ControlMessage::kLeaveRequest:
    return cluster::leave_request{};
  case pb::ControlMessage::KIND_NOT_SET:
    break;
  }
  return {};
}

control_answer take(pb::ControlAnswer& answer, checker& in) {
  switch (answer.kind_case()) {
  case pb::ControlAnswer::kWelcome:
    return take(*answer.mutable_welcome(), in);
  case pb::ControlAnswer::kRefused:
    return refused{in.text(std::move(*answer.mutable_refused()->mutable_reason()), "refused.reason",
                           longest_reason)};
  case pb::ControlAnswer::kGossip:
    return take(*answer.mutable_gossip(), in);
  case pb::ControlAnswer::kHandedTaken:
    return cluster::handed_taken{answer.handed_taken().ticket()};
  case pb::ControlAnswer::KIND_NOT_SET:
    break;
  }
  return {};
}

data_message take(pb::DataMessage& message, checker& in) {
  switch (message.kind_case()) {
  case pb::DataMessage::kToken:
    in.check(message.token().size() == token_bytes, "token", "not 16 bytes");
    return data_token{std::move(*message.mutable_token())};
  case pb::DataMessage::kSentEntry:
    return take(*message.mutable_sent_entry(), in);
  case pb::DataMessage::kSentUntil:
    return cluster::sent_until{in.moment(message.sent_until().moment(), "sent_until.moment"),
                               message.sent_until().ring()};
  case pb::DataMessage::kForgotten:
    return cluster::forgotten{message.forgotten().epoch(), message.forgotten().below()};
  case pb::DataMessage::KIND_NOT_SET:
    break;
  }
  return {};
}

data_answer take(const pb::DataAnswer& answer, checker& in) {
  switch (answer.kind_case()) {
  case pb::DataAnswer::kTaken:
    return cluster::taken{answer.taken().bytes()};
  case pb::DataAnswer::kSettledSlots:
    return cluster::settled_slots{
        take_entries(answer.settled_slots().entries(), "settled_slots.entries", in)};
  case pb::DataAnswer::kWrongOwner:
    return cluster::wrong_owner{
        answer.wrong_owner().ring(),
        take_entries(answer.wrong_owner().entries(), "wrong_owner.entries", in)};
  case pb::DataAnswer::KIND_NOT_SET:
    break;
  }
  return {};
}

template <class Message, class Kinds>
result<Kinds> decode_as(std::string_view bytes) {
  Message message;
  if (auto parsed = parse(message, bytes); !parsed)
    return tl::unexpected(std::move(parsed.error()));
  checker in;
  Kinds kinds = take(message, in);
  if (in.wrong)
    return tl::unexpected(std::move(*in.wrong));
  return kinds;
}

} // namespace

result<control_message> decode_control_message(std::string_view bytes) {
  return decode_as<pb::ControlMessage, control_message>(bytes);
}
result<control_answer> decode_control_answer(std::string_view bytes) {
  return decode_as<pb::ControlAnswer, control_answer>(bytes);
}
result<data_message> decode_data_message(std::string_view bytes) {
  return decode_as<pb::DataMessage, data_message>(bytes);
}
result<data_answer> decode_data_answer(std::string_view bytes) {
  return decode_as<pb::DataAnswer, data_answer>(bytes);
}

} // namespace weir::net
