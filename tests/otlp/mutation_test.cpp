#include "generator.hpp"
#include "otlp/features.hpp"
#include "otlp/json.hpp"
#include "otlp/scan.hpp"
#include "otlp/writer.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>

namespace {

using namespace weir;
using namespace weir::otlp;

constexpr signal signals[] = {signal::traces, signal::metrics, signal::logs};

// The bytes in a heap block of just their size, so that the address sanitizer sees a read outside.
class exact_copy {
public:
  explicit exact_copy(std::string_view bytes)
      : bytes_(std::make_unique<char[]>(bytes.size())), size_(bytes.size()) {
    bytes.copy(bytes_.get(), size_);
  }

  std::string_view view() const { return {bytes_.get(), size_}; }

private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

bool slices_lie_inside(const span_index& index, std::string_view message) {
  for (const auto& s : index.slices)
    if (std::size_t{s.offset} + s.length > message.size())
      return false;
  for (const auto& s : index.spans)
    if (std::size_t{s.body.offset} + s.body.length > message.size()
        || s.group >= index.groups.size() || s.slot >= index.traces.size())
      return false;
  return true;
}

void read_everything(const span_index& index, std::string_view message) {
  std::size_t sum = 0;
  for (const auto& s : index.spans)
    read_span(s.body.in(message), [&](std::string_view key, const value_ref& value) {
      sum += key.size() + value.bytes.size();
    });
  for (const auto& s : index.slices)
    read_resource_attributes(s.in(message),
                             [&](std::string_view key, const value_ref&) { sum += key.size(); });
  BOOST_REQUIRE(sum < (1U << 30));
}

// A message with enough in it, and not more than the tests can walk through byte by byte.
std::string sample(signal kind, std::uint64_t first_seed) {
  for (auto seed = first_seed;; ++seed) {
    auto message = test::generator{seed}.message(root_of(kind), 5);
    if (message.size() > 2000 && message.size() < 3000)
      return message;
  }
}

// Puts damaged bytes through everything; the sanitizers and these checks are the judges.
void take(signal kind, std::string_view damaged) {
  const exact_copy copy{damaged};
  const auto message = copy.view();
  if (kind != signal::traces) {
    const auto count = check_items(kind, message, {});
    if (!count)
      BOOST_REQUIRE_LE(count.error().offset, message.size());
  } else {
    span_index index;
    const auto scanned = scan_traces(message, 0, {}, index);
    BOOST_REQUIRE(slices_lie_inside(index, message));
    read_everything(index, message);
    if (!scanned) {
      BOOST_REQUIRE_LE(scanned.error().offset, message.size());
      BOOST_REQUIRE(!scanned.error().reason.empty());
      BOOST_REQUIRE(index.spans.empty() && index.groups.empty() && index.slices.empty());
    }
    span_index quick;
    index_traces(message, 0, quick);
    BOOST_REQUIRE(slices_lie_inside(quick, message));
    read_everything(quick, message);
  }
  std::string json;
  if (to_json(kind, message, json)) {
    std::string again;
    const auto read = from_json(kind, json, again);
    BOOST_REQUIRE_MESSAGE(read, (read ? "" : to_string(read.error())) << " in " << json);
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(mutation_test)

// Scenario: messages of each signal are cut off behind every byte.
// Guarantee: an error or a shorter message, never a read outside, and the index as it was on an
// error.
BOOST_AUTO_TEST_CASE(every_truncation_is_survived) {
  for (std::uint64_t seed = 1; seed <= 600; seed += 100)
    for (const auto kind : signals) {
      const auto message = sample(kind, seed);
      BOOST_TEST_CONTEXT("seed " << seed)
      for (std::size_t n = 0; n <= message.size(); ++n)
        take(kind, std::string_view{message}.substr(0, n));
    }
}

// Scenario: in a message of each signal, every byte is replaced by each of the values that mean
// most. Guarantee: as above; and what to_json makes of it is JSON that from_json takes.
BOOST_AUTO_TEST_CASE(every_changed_byte_is_survived) {
  constexpr std::uint8_t values[] = {0x00, 0x01, 0x07, 0x0b, 0x12, 0x7f, 0x80, 0xff};
  for (const auto kind : signals) {
    const auto message = sample(kind, 11);
    for (std::size_t i = 0; i < message.size(); ++i)
      for (const auto value : values) {
        auto damaged = message;
        damaged[i] = static_cast<char>(value);
        BOOST_TEST_CONTEXT(to_string(kind) << ", byte " << i << " = " << int{value})
        take(kind, damaged);
      }
  }
}

// Scenario: JSON of a message is cut off and damaged at every byte.
// Guarantee: an error with an offset inside, or bytes that the check takes or refuses cleanly.
BOOST_AUTO_TEST_CASE(damaged_json_is_survived) {
  constexpr char values[] = {'"', '\\', '{', ']', ',', '0', '-', 'e', '\0', '\xff'};
  for (const auto kind : signals) {
    std::string json;
    BOOST_REQUIRE(to_json(kind, sample(kind, 12), json));
    json.resize(std::min<std::size_t>(json.size(), 3000));
    for (std::size_t i = 0; i < json.size(); ++i)
      for (const char value : values) {
        auto damaged = value == '\0' ? json.substr(0, i) : json;
        if (value != '\0')
          damaged[i] = value;
        std::string out;
        const auto read = from_json(kind, damaged, out);
        if (!read) {
          BOOST_REQUIRE_LE(read.error().offset, damaged.size());
          BOOST_REQUIRE(out.empty());
        } else if (kind != signal::traces) {
          (void)check_items(kind, out, {});
        }
      }
  }
}

BOOST_AUTO_TEST_SUITE_END()
