#include "net/bearer_tokens.hpp"

#include "core/log.hpp"
#include "net/constant_time.hpp"

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

} // namespace

result<std::shared_ptr<bearer_tokens>> bearer_tokens::open(const bearer_auth_config& config) {
  auto made = std::make_shared<bearer_tokens>();
  made->prefix_ = config.scheme.empty() ? "" : config.scheme + " ";
  made->file_ = config.filename;
  made->looked_at_ = steady_now();
  if (config.filename.empty()) {
    if (config.tokens.empty())
      return fail(errc::invalid_argument, "bearertokenauth: found no token");
    made->current_ = std::make_shared<const std::vector<std::string>>(config.tokens);
    return made;
  }
  auto tokens = read(config.filename);
  if (!tokens)
    return tl::unexpected(tokens.error());
  made->current_ = std::move(*tokens);
  return made;
}

std::string bearer_tokens::credentials(steady_ns now) {
  return prefix_ + tokens(now)->front();
}

bool bearer_tokens::accept(std::string_view credentials, steady_ns now) {
  if (!credentials.starts_with(prefix_))
    return false;
  credentials.remove_prefix(prefix_.size());
  bool found = false;
  const auto all = tokens(now);
  for (const auto& token : *all) // All of them: the time does not tell which one it is.
    found |= equal_in_constant_time(credentials, token);
  return found;
}

result<bearer_tokens::token_list> bearer_tokens::read(const std::string& file) {
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

bearer_tokens::token_list bearer_tokens::tokens(steady_ns now) {
  const std::lock_guard guard(mutex_);
  if (!file_.empty() && now - looked_at_ >= look_interval) {
    looked_at_ = now;
    if (auto tokens = read(file_))
      current_ = std::move(*tokens);
    else if (log::permit("net.token_file", 60))
      log::warn("the tokens in use stay: {}", tokens.error().message);
  }
  return current_;
}

} // namespace weir::net
