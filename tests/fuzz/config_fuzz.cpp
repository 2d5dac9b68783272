#include "app/config/load.hpp"
#include "fuzz_check.hpp"

#include <cstdint>

// Any bytes as a configuration file: loaded, or refused with at least one error. What loads also
// prints, and what was printed loads again.
namespace {

weir::app::environment fixed_environment() {
  weir::app::environment env;
  env.variable = [](const std::string& name) -> std::optional<std::string> {
    if (name == "UNSET")
      return std::nullopt;
    if (name == "LOOP")
      return "${LOOP}${LOOP}";
    return name == "LIST" ? "[otlp, file]" : "4317";
  };
  return env;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using weir::fuzz::check;
  static const auto env = fixed_environment();
  const std::string text(weir::fuzz::view(data, size));
  const auto loaded = weir::app::load_config(text, env);
  if (!loaded) {
    check(!loaded.error().errors.empty(), "a refusal names an error");
    for (const auto& d : loaded.error().errors)
      check(!weir::app::to_text(d, "file").empty(), "an error has a text");
    return 0;
  }
  const auto printed = weir::app::print_document(loaded->source);
  const auto again = weir::app::load_config(printed, env);
  check(again.has_value(), "what was printed loads");
  check(weir::app::print_document(again->source) == printed, "and prints the same");
  return 0;
}
