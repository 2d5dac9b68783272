#include "core/passing.hpp"
#include "replay_fixture.hpp"

#include <cstdlib>
#include <random>
#include <string>

using namespace weir;
using namespace weir::stages;
using namespace weir::stages::replay_tests;

namespace {

std::string name_of(unsigned item) {
  return "<" + std::to_string(item) + ">";
}

// Replays under random answers, kills, trims and hands, beside a simple model: what each item was
// met with, and what the disk said at each kill.
struct world : fixture {
  explicit world(std::uint64_t chosen) : seed(chosen), random(chosen) {
    config.exporters.front().batch =
        backends::batch_config{.max_items = 1 + one_of(4), .max_bytes = 1 << 20};
    config.seed = static_cast<std::uint32_t>(chosen);
    disk = std::make_shared<test::model_disk>(chosen, nobody);
    letters = std::make_shared<letter_box>(disk, traces, "traces");
    config.pipelines.front().letters = letters;
    writer = model_writer(disk);
    const auto blocks = 5 + one_of(40);
    for (unsigned block = 0; block < blocks; ++block) {
      const auto spans = 1 + one_of(5);
      std::string all;
      for (unsigned i = 0; i < spans; ++i, ++items)
        all += named_span('a', name_of(items));
      const auto made = block_of(request_of(all), spans, beginning.wall + block * second_ns);
      storage::batch batch;
      batch.append_block(traces, block, made.header.last_time, made.bytes);
      disk->commit(batch, true);
      for (unsigned i = 0; i < spans; ++i)
        place_of.push_back({block, i});
    }
    first = one_of(blocks);
    end = first + 1 + one_of(blocks - first);
    answers = nullptr;
    writes = false;
  }

  unsigned one_of(std::uint64_t choices) { return static_cast<unsigned>(random() % choices); }

  bool wanted(unsigned item) const {
    return place_of[item].position >= first && place_of[item].position < end;
  }

  // The items of a message.
  std::vector<unsigned> items_in(std::string_view message) const {
    std::vector<unsigned> found;
    for (auto begin = message.find('<'); begin != message.npos;
         begin = message.find('<', begin + 1))
      found.push_back(static_cast<unsigned>(std::atoi(message.data() + begin + 1)));
    return found;
  }

  void send(replay_id replay, std::uint64_t request, backends::export_request message) override {
    for (const auto item : items_in(message.message.view())) {
      BOOST_REQUIRE_MESSAGE(wanted(item), "seed " << seed << ": sent what nobody asked for");
      BOOST_REQUIRE_MESSAGE(!settled.contains(item),
                            "seed " << seed << ": item " << item << " sent again");
    }
    BOOST_REQUIRE_MESSAGE(sent.size() < 2, "seed " << seed << ": too many in flight");
    fixture::send(replay, request, std::move(message));
  }

  void answer() {
    if (sent.empty())
      return;
    const auto message = std::string(sent.front().message.message.view());
    const auto dice = one_of(10);
    const auto met = dice < 6    ? delivered()
                     : dice < 7  ? answer_of(kind::refused, "never")
                     : dice == 7 ? answer_of(kind::too_large, "too much")
                                 : answer_of(kind::retry, "not now");
    if (met.answer == kind::delivered || met.answer == kind::refused)
      for (const auto item : items_in(message))
        ended.insert(item);
    if (met.answer == kind::too_large && items_in(message).size() == 1)
      ended.insert(items_in(message).front());
    answer_one(met);
  }

  replay_record durable_record() const {
    return read_replay(disk->meta("replay/0").value().value()).value();
  }

  // Given up on without another try, too: what is as large was too large.
  void look_at_letters() {
    const auto held = disk->dead_letters(traces);
    for (auto position = held.first; position < held.next; ++position) {
      auto bytes = disk->read_dead_letter(traces, position);
      while (!bytes && is_passing(bytes.error())) // The read that step() has refused.
        bytes = disk->read_dead_letter(traces, position);
      if (bytes) // Else its batch was lost with a kill.
        for (const auto item : items_in(codec::read_dead_letter(*bytes)->message))
          ended.insert(item);
    }
  }

  // What the disk says is finished was; only that may not be sent again.
  void crash() {
    kill();
    disk->crash();
    look_at_letters();
    const auto record = durable_record();
    const auto held = disk->log(traces).first;
    settled.clear();
    for (unsigned item = 0; item < items; ++item) {
      const auto place = place_of[item];
      bool finished = place < record.cursor;
      for (const auto& range : record.ahead)
        finished = finished || (place >= range.first && place < range.last);
      if (!finished || !wanted(item))
        continue;
      settled.insert(item);
      BOOST_REQUIRE_MESSAGE(ended.contains(item) || place.position < trimmed,
                            "seed " << seed << ": item " << item << " is lost");
    }
    trimmed = std::max(trimmed, held);
    start();
  }

  void step() {
    switch (one_of(16)) {
    case 0:
      return crash();
    case 1: {
      const auto below = one_of(end + 1);
      if (one_of(8) == 0 && below > disk->log(traces).first) {
        trimmed = std::max<log_position>(trimmed, below);
        BOOST_REQUIRE(disk->trim_log(traces, below));
      }
      return;
    }
    case 2:
      uut->pause(7, now, [](const auto&) {});
      return pump();
    case 3:
    case 4:
      uut->resume(7, now, [](const auto&) {});
      return pump();
    case 5:
      disk->refuse_one_read(one_of(3));
      return;
    case 6:
    case 7:
    case 8:
      return pass((1 + one_of(150)) * 10 * millisecond_ns);
    case 9:
    case 10:
    case 11:
      writer.write_one(now.steady);
      return pump();
    default:
      return answer();
    }
  }

  std::uint64_t seed;
  std::mt19937_64 random;
  test::disk_witness nobody;
  unsigned items = 0;
  std::vector<log_place> place_of;
  log_position first = 0, end = 0, trimmed = 0;
  std::set<unsigned> ended;   ///< Taken, or refused for good.
  std::set<unsigned> settled; ///< On the disk at the last kill.
};

void run(std::uint64_t seed) {
  world w(seed);
  w.start();
  BOOST_REQUIRE(w.begin(w.order_of(w.first, w.end)));
  for (int i = 0; i < 200; ++i)
    w.step();
  // Then everything is well.
  w.disk->refuse_reads(0);
  w.writes = true;
  w.pass(second_ns);
  w.uut->resume(7, w.now, [](const auto&) {});
  for (int i = 0; i < 2000 && w.state() != replay_state::done; ++i) {
    while (!w.sent.empty()) {
      for (const auto item : w.items_in(w.sent.front().message.message.view()))
        w.ended.insert(item);
      w.answer_one(delivered());
    }
    w.pass(second_ns);
  }
  BOOST_REQUIRE_MESSAGE(w.state() == replay_state::done, "seed " << seed << ": it does not end");
  w.look_at_letters();
  for (unsigned item = 0; item < w.items; ++item)
    BOOST_REQUIRE_MESSAGE(!w.wanted(item) || w.ended.contains(item)
                              || w.place_of[item].position < w.trimmed,
                          "seed " << seed << ": item " << item << " never came");
}

} // namespace

BOOST_AUTO_TEST_SUITE(replay_model_test)

// Scenario: a replay under random answers, kills at any moment, trims, refused reads, pauses.
// Guarantee: each item of the range ends, once it is held at all; what the disk said was finished is
// never sent again; nothing that was not asked for is; two requests are in flight at most; it ends.
BOOST_AUTO_TEST_CASE(each_item_of_a_range_ends) {
  std::uint64_t first = 1, last = 400;
  if (const auto* wanted = std::getenv("WEIR_SEEDS"))
    if (std::sscanf(wanted, "%lu-%lu", &first, &last) < 2)
      last = first;
  for (auto seed = first; seed <= last; ++seed)
    run(seed);
}

BOOST_AUTO_TEST_SUITE_END()
