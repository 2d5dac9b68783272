#pragma once

#include "app/config/load.hpp"

#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace weir::app::test {

/// An environment of these variables and no other; files are not checked.
inline environment variables(std::map<std::string, std::string> set = {}) {
  environment env;
  env.variable = [set = std::move(set)](const std::string& name) -> std::optional<std::string> {
    const auto found = set.find(name);
    return found == set.end() ? std::nullopt : std::optional(found->second);
  };
  return env;
}

inline std::vector<std::string> texts(const std::vector<diagnostic>& list) {
  std::vector<std::string> all;
  for (const auto& d : list)
    all.push_back(to_text(d, "f"));
  return all;
}

/// What load_config says is wrong with `text`, line by line.
inline std::vector<std::string> errors_of(const std::string& text,
                                          const environment& env = variables()) {
  const auto loaded = load_config(text, env);
  return loaded ? std::vector<std::string>{} : texts(loaded.error().errors);
}

/// Warnings without the one that every file without `storage` gets.
inline std::vector<diagnostic> but_for_storage(std::vector<diagnostic> warnings) {
  std::erase_if(warnings, [](const diagnostic& d) { return d.path == "storage.directory"; });
  return warnings;
}

/// A file around `parts`: one receiver, the exporter nop, one traces pipeline.
inline std::string minimal(const std::string& parts = "") {
  return "receivers: {otlp: {protocols: {grpc: {}}}}\n"
         "exporters: {nop: {}}\n"
         "service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}\n"
         + parts;
}

/// A file, or what stands in one, and all that is said of it.
struct bad_case {
  std::string text, message;
};

inline std::ostream& operator<<(std::ostream& stream, const bad_case& sample) {
  return stream << sample.message;
}

} // namespace weir::app::test
