#pragma once

#include "core/arena.hpp"
#include "editing/item.hpp"

#include <memory>
#include <string_view>

namespace weir::sampling {

/// What kept a trace.
struct kept_by {
  std::string_view policy;         ///< "": not known.
  std::string_view composite_part; ///< The part by which a composite policy sampled; "": none.
  bool cached = false;             ///< The spans came late and follow a remembered decision.
};

/// Writes what kept a trace into the scopes of its spans, as the Collector's tail_sampling does
/// behind its feature gate `processor.tailsamplingprocessor.recordpolicy` (v0.161.0): attributes
/// `tailsampling.composite_policy` and `tailsampling.policy` (strings), and
/// `tailsampling.cached_decision` (true, or not there). What a sampler before wrote under the same
/// names is replaced.
///
/// Holds scratch; one thread at a time.
class policy_stamp {
public:
  /// The envelope (a ScopeSpans message without its spans) with the attributes in its scope, valid
  /// until the next call. @pre its bytes were checked
  std::string_view put(std::string_view scope_envelope, const kept_by& kept_by);

private:
  std::unique_ptr<arena> memory_ = std::make_unique<arena>();
  editing::item envelope_{*memory_};
  editing::item scope_{*memory_};
};

} // namespace weir::sampling
