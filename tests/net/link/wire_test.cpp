#include "net/link/wire.hpp"
#include "tests/net/link/message_samples.hpp"

#include <boost/test/unit_test.hpp>
#include <weir/cluster/v1/cluster.pb.h>

using namespace weir;
using namespace weir::net;
using namespace weir::net::tests;
namespace pb = weir::cluster::v1;

namespace {

template <class Message, class Change>
std::string changed(const std::string& bytes, Change&& change) {
  Message message;
  BOOST_REQUIRE(message.ParseFromString(bytes));
  change(message);
  return message.SerializeAsString();
}

/// Flips, cuts, repeats and inserts.
std::string mutated(std::string bytes, message_samples& random) {
  for (auto n = 1 + random.number(4); n-- > 0;) {
    const auto place = random.number(static_cast<std::uint32_t>(bytes.size()) + 1);
    switch (random.number(5)) {
    case 0:
      bytes.resize(place);
      break;
    case 1:
      bytes.insert(place, random.bytes(random.number(12)));
      break;
    case 2:
      bytes.insert(place, bytes.substr(random.number(place + 1), random.number(200)));
      break;
    default:
      if (place < bytes.size())
        bytes[place] = random.bytes(1)[0];
    }
  }
  return bytes;
}

/// What is decoded of these bytes has its own encoding, which gives the same again.
template <class Decode>
void decode_whatever(const std::string& bytes, Decode&& decode) {
  const auto once = decode(bytes);
  if (!once) {
    BOOST_REQUIRE(!once.error().message.empty());
    return;
  }
  const auto again = decode(encode(*once));
  BOOST_REQUIRE_MESSAGE(again, (again ? "" : again.error().message));
  BOOST_REQUIRE(same(*once, *again));
}

std::string trouble(const result<data_message>& decoded) {
  return decoded ? "none" : decoded.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(wire_test)

// Scenario: frames of up to 50 messages (seeds 1 to 200), whole and with bytes changed, cut and put in.
// Guarantee: the whole ones give the messages in order, and no more after one that says so; the others
// give pieces of themselves, or nothing.
BOOST_AUTO_TEST_CASE(a_frame_gives_its_messages) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    message_samples samples(seed);
    std::vector<std::string> sent = {encode(samples.data())};
    auto frame = sent[0];
    for (auto left = frame.empty() ? 0 : samples.number(50); left > 0; --left) {
      sent.push_back(encode(samples.data()));
      append_behind(frame, sent.back());
    }
    std::vector<std::string> found;
    const auto take = [&](std::string_view bytes) {
      found.emplace_back(bytes);
      return true;
    };
    BOOST_REQUIRE(each_message(frame, take));
    BOOST_REQUIRE(found == sent);
    std::size_t count = 0;
    const bool whole = each_message(frame, [&](std::string_view) { return ++count < 2; });
    BOOST_REQUIRE_EQUAL(whole, sent.size() <= 2);
    BOOST_REQUIRE_EQUAL(count, std::min<std::size_t>(2, sent.size()));
    const auto broken = mutated(frame, samples);
    std::size_t bytes = 0;
    (void)each_message(broken, [&](std::string_view message) {
      bytes += message.size();
      return true;
    });
    BOOST_REQUIRE_LE(bytes, broken.size());
  }
}

// Scenario: 4,000 messages of every kind, made from seeds. Guarantee: bytes and back, they are the
// same.
BOOST_AUTO_TEST_CASE(every_kind_comes_back_as_it_went) {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      message_samples samples(seed);
      const auto round = [](const auto& value, auto&& decode) {
        const auto back = decode(encode(value));
        BOOST_REQUIRE_MESSAGE(back, (back ? "" : back.error().message));
        BOOST_REQUIRE(same(*back, value));
      };
      round(samples.control(), decode_control_message);
      round(samples.control_reply(), decode_control_answer);
      round(samples.data(), decode_data_message);
      round(samples.data_reply(), decode_data_answer);
    }
  }
}

// Scenario: 40,000 messages that are broken at random, and random bytes. Guarantee: each is an error
// with a text, or a message that itself goes forth and back.
BOOST_AUTO_TEST_CASE(broken_bytes_never_crash) {
  for (std::uint64_t seed = 1; seed <= 5000; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      message_samples samples(seed);
      decode_whatever(mutated(encode(samples.control()), samples), decode_control_message);
      decode_whatever(mutated(encode(samples.control_reply()), samples), decode_control_answer);
      decode_whatever(mutated(encode(samples.data()), samples), decode_data_message);
      decode_whatever(mutated(encode(samples.data_reply()), samples), decode_data_answer);
      const auto noise = samples.bytes(samples.number(200));
      decode_whatever(noise, decode_control_message);
      decode_whatever(noise, decode_control_answer);
      decode_whatever(noise, decode_data_message);
      decode_whatever(noise, decode_data_answer);
    }
  }
}

// Scenario: messages with one field that cannot be. Guarantee: an error that names the field.
BOOST_AUTO_TEST_CASE(a_bad_field_is_named) {
  message_samples samples(7);
  const auto good = encode(data_message(samples.sent_entry()));
  const auto broken = [&good](auto&& change) {
    return trouble(decode_data_message(changed<pb::DataMessage>(
        good, [&](auto& message) { change(*message.mutable_sent_entry()); })));
  };
  BOOST_TEST(broken([](auto&) {}) == "none");
  BOOST_TEST(broken([](auto& sent) { sent.set_entry("short"); })
             == "sent_entry.entry: no whole header");
  BOOST_TEST(broken([](auto& sent) { sent.set_entry(std::string((4 << 20) + 1, 'x')); })
             == "sent_entry.entry: too large");
  BOOST_TEST(broken([](auto& sent) { sent.set_slots(4'000'000'000U); })
             == "sent_entry: slots: more than an entry can have");
  BOOST_TEST(broken([](auto& sent) {
               sent.set_slots(9);
               sent.set_left_alone("\x01");
             })
             == "sent_entry: left_alone: not as many bits as slots");
  BOOST_TEST(broken([](auto& sent) {
               sent.set_slots(9);
               sent.set_left_alone("\x01\x02");
             })
             == "sent_entry: left_alone: a slot beyond the last");
  BOOST_TEST(broken([](auto& sent) { sent.set_received(farthest_moment); })
             == "sent_entry.received: on no clock");
  BOOST_TEST(broken([](auto& sent) { sent.set_pipeline(std::string(1025, 'p')); })
             == "sent_entry.pipeline: too long");
}

// Scenario: more members than a cluster has, a state and an id that are none, slots beyond all
// entries, an entry without a number. Guarantee: an error that names the field.
BOOST_AUTO_TEST_CASE(bad_counts_are_named) {
  const auto control = [](auto&& change) {
    pb::ControlMessage message;
    change(message);
    const auto decoded = decode_control_message(message.SerializeAsString());
    return decoded ? "none" : decoded.error().message;
  };
  const auto with_state = [&control](int state, node_id id) {
    return control([&](auto& message) {
      auto& member = *message.mutable_gossip()->add_members();
      member.set_id(id);
      member.set_state(static_cast<pb::MemberState>(state));
    });
  };
  BOOST_TEST(with_state(2, 1) == "none");
  BOOST_TEST(with_state(0, 1) == "gossip.members.state: none that is known");
  BOOST_TEST(with_state(6, 1) == "gossip.members.state: none that is known");
  BOOST_TEST(with_state(2, 0) == "gossip.members.id: 0 is no node");
  BOOST_TEST(control([](auto& message) {
               for (int i = 0; i < 1025; ++i)
                 message.mutable_gossip()->add_members();
             })
             == "gossip.members: more than members can be");
  BOOST_TEST(control([](auto& message) {
               auto& member = *message.mutable_gossip()->add_members();
               member.set_id(1);
               member.set_state(pb::MEMBER_STATE_UP);
               for (int i = 0; i < 1025; ++i)
                 member.add_pipelines("p");
             })
             == "gossip.members.pipelines: more than a node has");
  BOOST_TEST(control([](auto& message) { message.mutable_gossip()->set_steady(-farthest_moment); })
             == "gossip.steady: on no clock");
  BOOST_TEST(control([](auto& message) { message.mutable_hello()->set_cluster("blue"); })
             == "hello.node: 0 is no node");

  const auto slots = [](std::uint32_t first, const std::string& bits, sequence sequence) {
    pb::DataAnswer answer;
    auto& entry = *answer.mutable_settled_slots()->add_entries();
    entry.mutable_entry()->set_node(1);
    entry.mutable_entry()->set_sequence(sequence);
    entry.set_first(first);
    entry.set_bits(bits);
    const auto decoded = decode_data_answer(answer.SerializeAsString());
    return decoded ? "none" : decoded.error().message;
  };
  BOOST_TEST(slots(8, "\x01", 1) == "none");
  BOOST_TEST(slots(9, "\x01", 1) == "settled_slots.entries: first: no multiple of 8");
  BOOST_TEST(slots(4'294'967'288U, "\x01", 1)
             == "settled_slots.entries: bits: slots that no entry has");
  BOOST_TEST(slots(8, "\x01", 0) == "settled_slots.entries: no entry's id");
}

// Scenario: 2 MB that ask for a million members, entries, records, pipelines of two bytes each. Guarantee: an
// error before any of them is built.
BOOST_AUTO_TEST_CASE(small_bytes_do_not_become_many_objects) {
  std::string parts;
  for (int i = 0; i < 1'000'000; ++i)
    parts += std::string("\x0a\x00", 2);
  const auto inside = [&parts](char tag) {
    auto size = parts.size();
    std::string out(1, tag);
    for (; size > 127; size >>= 7)
      out += static_cast<char>(size | 0x80);
    return out + static_cast<char>(size) + parts;
  };
  const auto reason = "more than 65536 parts in one message";
  BOOST_TEST(decode_control_message(inside('\x12')).error().message == reason);
  BOOST_TEST(decode_data_answer(inside('\x12')).error().message == reason);
  BOOST_TEST(decode_control_message(parts).error().message == reason);
  for (auto& byte : parts)
    byte = byte == '\x0a' ? '\x52' : byte; // pipelines of a member
  parts = inside('\x0a');
  BOOST_TEST(decode_control_message(inside('\x12')).error().message == reason);
  BOOST_TEST(decode_control_answer(inside('\x1a')).error().message == reason);
}

// Scenario: a node of a newer release sends fields and kinds that are not known here. Guarantee:
// fields are passed over, a kind is nothing.
BOOST_AUTO_TEST_CASE(what_is_newer_is_passed_over) {
  const std::string field("\xfa\x07\x03new", 6); // number 127, a text
  const cluster::forgotten known{5, 9};
  const auto decoded = decode_data_message(encode(data_message(known)) + field);
  BOOST_REQUIRE(decoded);
  BOOST_TEST((std::get<cluster::forgotten>(*decoded) == known));
  BOOST_TEST(decode_data_message(field)->index() == 0u);
  BOOST_TEST(decode_control_message(field)->index() == 0u);
  BOOST_TEST(decode_control_answer(field)->index() == 0u);
  BOOST_TEST(decode_data_answer(field)->index() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
