#include "net/token_file.hpp"

#include "core/log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace weir::net {

namespace {

constexpr steady_ns look_interval = second_ns;
constexpr std::size_t most_tokens = 10'000;
constexpr std::size_t most_bytes = 1 << 20; // The file is read again and again.

// Bearer tokens are printable ASCII (RFC 6750, 2.1); anything else could end a header early.
bool may_be_token(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

result<token_source::tokens> read_tokens(const std::string& file) {
  std::ifstream input(file);
  if (!input)
    return fail(errc::io, file + ": " + std::strerror(errno));
  std::vector<std::string> tokens;
  std::size_t bytes = 0;
  std::size_t number = 0;
  for (std::string line; std::getline(input, line) && tokens.size() < most_tokens;) {
    ++number;
    if ((bytes += line.size()) > most_bytes)
      return fail(errc::invalid_argument, file + ": larger than 1 MiB");
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0)
      line.pop_back();
    if (!may_be_token(line))
      return fail(errc::invalid_argument, file + ": line " + std::to_string(number)
                                              + " has a byte that is not printable ASCII, which no "
                                                "token may hold");
    if (!line.empty())
      tokens.push_back(std::move(line));
  }
  if (tokens.empty())
    return fail(errc::invalid_argument, file + ": found no token");
  return std::make_shared<const std::vector<std::string>>(std::move(tokens));
}

} // namespace

result<std::shared_ptr<token_source>> token_source::open(const std::string& file) {
  auto tokens = read_tokens(file);
  if (!tokens)
    return tl::unexpected(tokens.error());
  auto made = std::make_shared<token_source>(std::vector<std::string>());
  made->file_ = file;
  made->current_ = std::move(*tokens);
  made->looked_at_ = steady_now();
  return made;
}

token_source::tokens token_source::now(steady_ns due) {
  const std::lock_guard guard(mutex_);
  if (!file_.empty() && due - looked_at_ >= look_interval) {
    looked_at_ = due;
    if (auto tokens = read_tokens(file_))
      current_ = std::move(*tokens);
    else if (log::permit("net.token_file", 60))
      log::warn("the tokens in use stay: {}", tokens.error().message);
  }
  return current_;
}

} // namespace weir::net
