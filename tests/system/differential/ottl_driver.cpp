// Applies the processors of a configuration to recorded messages, for ottl_test.py.
//
//   ottl-driver CONFIG MESSAGES DIRECTORY   MESSAGES: traces.json, metrics.json, logs.json, each
//   one
//                                           OTLP/JSON message; DIRECTORY/<pipeline>: what each
//                                           pipeline's processors make of its signal's message
#include "app/config/load.hpp"
#include "editing/chain.hpp"
#include "otlp/json.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace weir;

namespace {

int failed(const std::string& reason) {
  std::fprintf(stderr, "ottl-driver: %s\n", reason.c_str());
  return 1;
}

int run(const std::string& config_path, const std::string& messages, const std::string& directory) {
  const auto text = app::read_config_file(config_path);
  if (!text)
    return failed(text.error().message);
  const auto loaded = app::load_config(*text, app::process_environment(false));
  if (!loaded)
    return failed(app::to_text(loaded.error().errors.front(), config_path));
  editing::scratch scratch;
  editing::request_context request;
  request.now = 1'700'000'000'000'000'000;
  for (const auto& pipeline : loaded->config.pipelines) {
    std::ifstream file(messages + "/" + std::string(to_string(pipeline.signal)) + ".json");
    const auto json = std::string(std::istreambuf_iterator<char>(file), {});
    std::string wire;
    if (const auto read = otlp::from_json(pipeline.signal, json, wire); !read)
      return failed(otlp::to_string(read.error()));
    std::string made;
    const auto outcome =
        editing::chain(pipeline.edits_before).apply(pipeline.signal, wire, request, scratch, made);
    std::string out;
    if (!otlp::to_json(pipeline.signal, outcome.changed ? made : wire, out))
      return failed("what came out is not OTLP");
    std::ofstream(directory + "/" + pipeline.name.substr(pipeline.name.find('/') + 1))
        << (outcome.refusal.empty() ? out : "refused: " + outcome.refusal);
  }
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return arguments.size() == 3 ? run(arguments[0], arguments[1], arguments[2])
                               : failed("usage: ottl-driver CONFIG MESSAGES DIRECTORY");
}
