#include "net/link/client_link.hpp"

#include <type_traits>

namespace weir::net {

bool client_control_stream::came(std::string_view bytes) {
  auto answer = decode_control_answer(bytes);
  if (!answer) {
    link().close(answer.error().message);
  } else if (!std::exchange(began_, true)) {
    if (auto* welcome = std::get_if<welcome_token>(&*answer))
      link().opened(std::move(*welcome));
    else if (auto* refusal = std::get_if<refused>(&*answer))
      link().close(std::move(refusal->reason), true);
    else
      link().close("the first answer is no welcome");
  } else if (auto* gossip = std::get_if<cluster::gossip>(&*answer)) {
    link().received(std::move(*gossip));
  } else if (auto* taken = std::get_if<cluster::handed_taken>(&*answer)) {
    link().received(*taken);
  } else if (answer->index() != 0) {
    link().close("a second answer to the hello");
  }
  return true;
}

bool client_data_stream::came(std::string_view bytes) {
  auto answer = decode_data_answer(bytes);
  if (!answer) {
    link().close(answer.error().message);
    return true;
  }
  std::visit(
      [this](auto& kind) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(kind)>, std::monostate>)
          link().received(std::move(kind));
      },
      *answer);
  return true;
}

} // namespace weir::net
