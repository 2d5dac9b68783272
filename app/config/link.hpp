#pragma once

#include "app/config/both_samplings.hpp"
#include "app/config/document.hpp"
#include "app/config/expand.hpp"
#include "core/error.hpp"
#include "editing/processor.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What puts a decoded document together: link_document() of load.hpp.
namespace weir::app {

/// A visitor of variants, made of functions.
template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

/// Looks up what pipelines name, and turns shapes into what the stages take.
class linker {
public:
  linker(decoder& reports, const document& source) : reports_(reports), source_(source) {}

  node_config link();
  /// Looks at the files that components in use name.
  void check_files(const environment& env);

private:
  void require_sections();
  /// Whether something below `path` is wrong already: what is missing there is no news then.
  bool failed_in(std::string_view path) const;
  /// The component that an id names; one that is not there is an error.
  const component* resolve(std::string_view section, std::string_view id, place position,
                           const std::string& path);

  // -- pipelines, in link_pipelines.cpp --

  std::optional<pipeline_config> link_pipeline(const pipeline_shape& shape);
  /// The ids of a list that are there, each once; those of connectors apart.
  text_list references(const pipeline_shape& shape, const std::string& path, std::string_view list,
                       const text_list& ids, text_list& connectors);
  void link_processors(const pipeline_shape& shape, const std::string& path,
                       pipeline_config& linked);
  void add_processor(const component& c, place position, const std::string& path,
                     pipeline_config& linked);
  /// A further tail_sampling: a trace is kept when the one before keeps it too.
  void sample_again(const named_sampling& second, place position, const std::string& path,
                    pipeline_config& linked);
  /// A processor that edits messages, compiled for the pipeline's signal.
  void add_edit(const component& c, result<editing::processor_ptr> compiled,
                pipeline_config& linked);
  /// The same of one that is several, which stand behind each other.
  void add_edits(const component& c, result<std::vector<editing::processor_ptr>> compiled,
                 pipeline_config& linked);
  /// Notes the headers of requests that actions take values from.
  void ask_for_headers(const std::vector<processors::action_config>& actions);
  /// What the exporters of a pipeline send on of requests is kept with their data.
  void carry(const node_config& config, pipeline_config& pipeline);

  // -- connectors, in link_connectors.cpp --

  /// The connector of this id, which counts as used then; null: there is none.
  const component* connector(std::string_view id);
  /// Puts the pipelines together that connectors stand between.
  void link_connectors(node_config& config);
  stages::connection connection_of(const component& c, const node_config& config);
  /// What a connector cannot do where it stands.
  void check_places(const component& c, const node_config& config);
  void refuse_circles(const node_config& config);
  /// The headers that are asked for behind connectors are kept by the receivers before them.
  void ask_before(const node_config& config);
  /// The receivers whose data comes to a pipeline, through connectors too.
  static std::set<std::string> receivers_of(const node_config& config,
                                            const pipeline_config& pipeline);

  // -- components, in link_components.cpp (also the templates: nothing else uses them) --

  net::otlp_receiver_config receiver(const component& c);
  backends::exporter_config exporter(const component& c);
  /// The headers that processors and exporters behind this receiver ask for.
  void keep_headers(const component& c, net::otlp_listener_config& listener);
  /// The extension that `auth.authenticator` of a component names, which has to be in use.
  const component* authenticator(const component& c, const std::string& path,
                                 const std::string& id);
  void authenticate(const component& c, net::otlp_listener_config& listener);
  template <class Kind>
  void authenticate_exporter(const component& c, Kind& kind);
  template <class Auth>
  void take_over(const component& c, std::string path, const std::string& id,
                 result<Auth> (*read)(const component&), Auth& target);
  void extensions(node_config& config);
  telemetry_config telemetry() const;
  /// Components that nothing uses may be of types that are not there.
  void name_missing();
  void name_missing(std::string_view word, const std::vector<component>& components);

  // -- what is right, and may not be what was meant --

  void warn_of_default_storage();
  void warn_of_shared_memory_limit();

  // -- what two components cannot share --

  const component& by_id(std::string_view section, const std::string& id) const;
  void require_endpoints(const node_config& config, const pipeline_config& pipeline);
  void refuse_shared_endpoints(const node_config& config);
  void refuse_shared_files(const node_config& config);

  decoder& reports_;
  const document& source_;
  std::set<std::string> asked_here_;                      // headers, by the pipeline in hand
  std::map<std::string, std::set<std::string>> asked_in_; // by pipeline
  std::map<std::string, std::set<std::string>> asked_;    // by the pipelines behind a receiver
  std::set<std::string> used_;      // paths of components that pipelines or service name
  std::set<std::string> pipelines_; // ids so far
  std::string sampling_id_;         // of the tail_sampling that came last
  std::optional<std::pair<place, std::string>> early_batch_;
};

} // namespace weir::app
