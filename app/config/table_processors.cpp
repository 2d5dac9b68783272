#include "app/config/memory_limit.hpp"
#include "app/config/option_group.hpp"
#include "app/config/tables.hpp"

#include <fmt/format.h>

namespace weir::app {

namespace {

constexpr std::string_view no_collector = "Weir has no garbage collector";

backends::batch_config processor_defaults() {
  backends::batch_config c;
  c.min_items = queue_batch_shape{}.min_size;
  return c;
}

} // namespace

const option_table<memory_limiter_config>& memory_limiter_options() {
  using c = memory_limiter_config;
  static const option_table<c> table{
      {
          works("check_interval", &c::check_interval, {.min = "1ms", .required = true},
                "Has to be there, as in the Collector; memory is measured once a second."),
          works("limit_mib", &c::limit_bytes, {.unit = unit::mib},
                "Hard limit of the memory in use (`weir_memory_in_use_bytes`), in MiB; 0: not "
                "given."),
          works("spike_limit_mib", &c::spike_limit_bytes, {.unit = unit::mib},
                "Requests are refused from this much below the limit on; 0: a fifth of it. What is "
                "left counts as 48 MiB at least; write buffers and the sampling window are made to "
                "fit."),
          works("limit_percentage", &c::limit_percentage, {.max = "100"},
                "The limit as a share of the memory of the machine or its cgroup."),
          works("spike_limit_percentage", &c::spike_limit_percentage, {.max = "100"},
                "The same for `spike_limit_mib`; 0: a fifth of the limit."),
          no_effect("min_gc_interval_when_soft_limited", no_collector),
          no_effect("min_gc_interval_when_hard_limited", no_collector),
          no_effect("max_gc_interval_when_soft_limited", no_collector),
          no_effect("max_gc_interval_when_hard_limited", no_collector),
      },
      c{},
      [](const section& map, const c& limiter) {
        if (limiter.limit_bytes == 0 && limiter.limit_percentage == 0)
          map.error("", "found no limit, expected `limit_mib` or `limit_percentage`");
        if (limiter.limit_bytes != 0 && limiter.spike_limit_bytes >= limiter.limit_bytes)
          map.error("spike_limit_mib", "it is not below `limit_mib`: everything would be refused");
        if (limiter.limit_percentage != 0
            && limiter.spike_limit_percentage >= limiter.limit_percentage)
          map.error("spike_limit_percentage",
                    "it is not below `limit_percentage`: everything would be refused");
        if (const auto soft = soft_limit(limiter); soft != 0 && soft < least_memory_limit)
          map.warn(limiter.limit_bytes != 0 ? "limit_mib" : "limit_percentage",
                   fmt::format("requests would be refused from {} in use on, which is less than a "
                               "node needs at rest: they are refused from {} on",
                               print_size(soft), print_size(least_memory_limit)));
      }};
  return table;
}

const option_table<backends::batch_config>& batch_options() {
  using c = backends::batch_config;
  static const option_table<c> table{
      {
          works("send_batch_size", &c::min_items,
                "Spans, data points or log records that an exporter's request waits for."),
          works("timeout", &c::timeout, "How long it waits for them; 0: not at all."),
          works("send_batch_max_size", &c::max_items,
                "The most that one request holds; 0: no limit."),
          no_effect("metadata_keys", "requests are by client where `headers_setter` sends on what "
                                     "clients said, and only there"),
          no_effect("metadata_cardinality_limit", "clients are not counted: a request is made for "
                                                  "each run of data from one"),
      },
      processor_defaults(),
      [](const section& map, const c& batch) {
        if (batch.max_items != 0 && batch.max_items < batch.min_items)
          map.error("send_batch_max_size", "it is below `send_batch_size`");
      }};
  return table;
}

} // namespace weir::app
