#include "entries.hpp"

#include "benchmarks/load/records.hpp"
#include "benchmarks/load/shop.hpp"

#include <cstdio>
#include <cstdlib>

namespace weir::bench {

namespace {

constexpr std::size_t spans_per_request = 512;

load::traffic recorded_traffic() {
  const auto* const set = std::getenv("WEIR_DATA");
  const auto directory = set != nullptr ? std::string(set) : WEIR_SOURCE_DIR "/../shared/data";
  const auto unpacked = load::read_unpacked(directory + "/hipstershop-traces.otlp.zst");
  if (!unpacked)
    return {};
  const auto records = load::split_records(*unpacked);
  if (!records)
    return {};
  return load::cut_requests(*records, spans_per_request).value_or(load::traffic{});
}

load::traffic generated_traffic() {
  load::shop_config config;
  config.traces = 5000;
  const auto messages = load::generate_shop(config);
  return load::cut_requests({messages.begin(), messages.end()}, spans_per_request)
      .value_or(load::traffic{});
}

} // namespace

entry_source::entry_source(std::size_t requests_per_entry)
    : requests_per_entry_(requests_per_entry), traffic_(recorded_traffic()) {
  recorded_ = !traffic_.requests.empty();
  if (!recorded_)
    traffic_ = generated_traffic();
  if (traffic_.requests.empty()) {
    std::fputs("neither recorded nor generated traffic\n", stderr);
    std::exit(1);
  }
}

sampling::window_entry entry_source::next() {
  bytes_.clear();
  index_.clear();
  for (std::size_t i = 0; i < requests_per_entry_; ++i) {
    load::append_stamped(traffic_.requests[next_], load::stamp_of(round_, 0), bytes_);
    if (++next_ == traffic_.requests.size()) {
      next_ = 0;
      ++round_;
    }
  }
  otlp::index_traces(bytes_, 0, index_);
  std::string packed;
  packer_.pack(codec::codec_id::zstd, 1, bytes_, packed);
  packed.shrink_to_fit();
  sampling::window_entry entry;
  entry.id = {1, 1, ++sequence_};
  entry.position = sequence_;
  entry.packed = shared_bytes(std::move(packed));
  entry.unpacked_bytes = static_cast<std::uint32_t>(bytes_.size());
  return entry;
}

sampling::tail_sampling_config three_policies() {
  sampling::policy_config errors;
  errors.name = "errors";
  errors.type = sampling::policy_type::status_code;
  errors.status_codes = {"ERROR"};
  sampling::policy_config slow;
  slow.name = "slow";
  slow.type = sampling::policy_type::latency;
  slow.threshold_ms = 500;
  sampling::policy_config tenth;
  tenth.name = "tenth";
  tenth.type = sampling::policy_type::probabilistic;
  tenth.sampling_percentage = 10;
  sampling::tail_sampling_config config;
  config.policies = {errors, slow, tenth};
  return config;
}

} // namespace weir::bench
