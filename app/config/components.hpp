#pragma once

#include "app/config/tables.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weir::app {

/// Any component's configuration; monostate: accepted without an effect.
using component_config =
    std::variant<std::monostate, otlp_receiver_shape, memory_limiter_config, backends::batch_config,
                 sampling::tail_sampling_config, processors::attributes_config,
                 processors::resource_config, processors::span_config, processors::redaction_config,
                 processors::probabilistic_sampler_config, otlp_grpc_shape, otlp_http_shape,
                 exporter_shape<backends::debug_config>, exporter_shape<backends::file_config>,
                 exporter_shape<backends::nop_config>, processors::filter_config,
                 processors::transform_config, health_check_shape, net::basic_auth_config,
                 bearer_auth_shape, net::headers_setter_config, connectors::forward_config,
                 connectors::routing_config, connectors::count_config,
                 connectors::spanmetrics_config>;

/// One component of the file, decoded.
struct component {
  std::string id;   ///< As written: "otlp/tempo".
  std::string path; ///< "exporters.otlp/tempo"
  place position;
  component_config config;
  /// Why Weir does not have its type: "which is not there yet"; an error where it is used. "": it
  /// has.
  std::string_view missing = {};
};

/// A type of component that Weir has, by one of its names.
struct component_type {
  std::vector<std::string_view> names;
  std::string_view text; ///< What it is, or why it has no effect.
  std::function<component_config(decoder&, const yaml_value&, const std::string& path)> read;
  std::function<void(YAML::Emitter&, const component_config&)> print;
  std::function<void(std::vector<reference_row>&)> describe;
  std::function<void(const component_config& now, const component_config& wanted,
                     const std::string& path, difference_list&)>
      compare;
};

/// One of the file's maps of components.
struct component_section {
  std::string_view key;  ///< "receivers"
  std::string_view word; ///< "receiver"
  change_by change;      ///< For options that do not say themselves.
  std::vector<component_type> types;
  std::vector<std::string_view> not_yet; ///< Types that the Collector has and Weir will have.

  const component_type* find(std::string_view type) const;
  std::vector<reference_row> rows_of(const component_type& type) const;
  /// What differs between two components of one id.
  difference_list differences(const component& now, const component& wanted) const;
};

/// receivers, processors, exporters, connectors, extensions, in this order.
const std::vector<component_section>& component_sections();
const component_section& section_named(std::string_view key);

/// "otlp/tempo" -> "otlp"
std::string_view type_of_id(std::string_view id);

/// "otlp / tempo " -> "otlp/tempo"; what is wrong with it comes back in `problem`.
std::string normal_id(std::string_view written, std::string& problem);

/// Decodes one of the file's maps of components.
void read_components(decoder& reports, const component_section& section, const yaml_value& map,
                     std::vector<component>& out);

} // namespace weir::app
