#include "processors/redactor.hpp"

#include "codec/digest.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::processors {

namespace {

// The summary itself is always allowed.
constexpr std::string_view own_keys[] = {"redaction.redacted.keys", "redaction.redacted.count",
                                         "redaction.masked.keys", "redaction.masked.count",
                                         "redaction.ignored.count"};

bool any_matches(const std::vector<regex>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [text](const auto& p) { return p.matches(text); });
}

bool contains(const std::vector<std::string>& sorted, std::string_view key) {
  return std::binary_search(sorted.begin(), sorted.end(), key, std::less<>());
}

codec::digest_kind digest_of(redaction_hash hash) noexcept {
  switch (hash) {
  case redaction_hash::md5:
    return codec::digest_kind::md5;
  case redaction_hash::sha1:
    return codec::digest_kind::sha1;
  case redaction_hash::hmac_sha256:
    return codec::digest_kind::hmac_sha256;
  case redaction_hash::hmac_sha512:
    return codec::digest_kind::hmac_sha512;
  default:
    return codec::digest_kind::sha3_256;
  }
}

} // namespace

result<std::vector<regex>> redactor::compile(const std::vector<std::string>& patterns,
                                             std::string_view option) {
  std::vector<regex> made;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    auto pattern = regex::compile(patterns[i]);
    if (!pattern)
      return fail(errc::invalid_argument,
                  fmt::format("`{}[{}]`: {}", option, i, pattern.error().message));
    made.push_back(std::move(*pattern));
  }
  return made;
}

result<redactor> redactor::compile(const redaction_config& config) {
  redactor made;
  made.allow_all_ = config.allow_all_keys;
  made.all_types_ = config.redact_all_types;
  made.allowed_keys_ = config.allowed_keys;
  made.allowed_keys_.insert(made.allowed_keys_.end(), std::begin(own_keys), std::end(own_keys));
  made.ignored_keys_ = config.ignored_keys;
  std::sort(made.allowed_keys_.begin(), made.allowed_keys_.end());
  std::sort(made.ignored_keys_.begin(), made.ignored_keys_.end());
  made.hash_ = config.hash_function;
  made.hmac_key_ = config.hmac_key;
  made.summary_ = config.summary;
  const auto fill = [](auto& target, const auto& texts, std::string_view option) -> result<void> {
    auto patterns = compile(texts, option);
    if (!patterns)
      return tl::unexpected(patterns.error());
    target = std::move(*patterns);
    return {};
  };
  for (const auto& done :
       {fill(made.ignored_patterns_, config.ignored_key_patterns, "ignored_key_patterns"),
        fill(made.blocked_keys_, config.blocked_key_patterns, "blocked_key_patterns"),
        fill(made.blocked_values_, config.blocked_values, "blocked_values"),
        fill(made.allowed_values_, config.allowed_values, "allowed_values"),
        fill(made.everything_, std::vector<std::string>{".*"}, "")})
    if (!done)
      return tl::unexpected(done.error());
  return made;
}

redactor::key_rule redactor::rule_of(std::string_view key) const {
  if (contains(ignored_keys_, key) || any_matches(ignored_patterns_, key))
    return key_rule::ignore;
  if (!allow_all_ && !contains(allowed_keys_, key))
    return key_rule::remove;
  return masks_key(key) ? key_rule::mask : key_rule::look_at_value;
}

bool redactor::masks_key(std::string_view key) const {
  return any_matches(blocked_keys_, key);
}

bool redactor::allows(std::string_view value) const {
  return any_matches(allowed_values_, value);
}

void redactor::append_mask(std::string& out, std::string_view match) const {
  if (hash_ == redaction_hash::none) {
    out += "****";
    return;
  }
  const auto kind = digest_of(hash_);
  const auto before = out.size();
  out.resize(before + 2 * codec::digest_size(kind));
  codec::put_digest_hex(kind, match, out.data() + before, hmac_key_);
}

void redactor::replace(const regex& pattern, std::string_view value, std::string& out) const {
  out.clear();
  std::size_t copied = 0;
  pattern.for_each_match(value, [&](std::string_view match) {
    const auto begin = static_cast<std::size_t>(match.data() - value.data());
    out += value.substr(copied, begin - copied);
    append_mask(out, match);
    copied = begin + match.size();
  });
  out += value.substr(copied);
}

std::string_view redactor::mask(std::string_view value, std::string& scratch) const {
  replace(everything_[0], value, scratch);
  return scratch;
}

std::string_view redactor::mask_blocked(std::string_view value, std::string& scratch,
                                        std::string& other) const {
  for (const auto& pattern : blocked_values_) {
    if (!pattern.matches(value))
      continue;
    replace(pattern, value, other);
    scratch.swap(other);
    value = scratch;
  }
  return value;
}

void redactor::note(redaction_tally::list& tally, std::string_view key) const {
  ++tally.count;
  if (summary_ == redaction_summary::debug)
    tally.keys.emplace_back(key);
}

void redactor::summarise(redaction_tally& tally, std::string_view prefix, item& item) const {
  if (summary_ == redaction_summary::silent)
    return;
  summarise_one(tally.redacted, prefix, "redacted", true, item);
  summarise_one(tally.masked, prefix, "masked", true, item);
  summarise_one(tally.allowed, prefix, "allowed", true, item);
  summarise_one(tally.ignored, prefix, "ignored", false, item);
}

void redactor::summarise_one(redaction_tally::list& tally, std::string_view prefix,
                             std::string_view name, bool with_keys, item& item) const {
  if (tally.count == 0)
    return;
  auto& memory = item.memory();
  const auto key_of = [&](std::string_view suffix) {
    return memory.copy(fmt::format("{}{}.{}", prefix, name, suffix));
  };
  if (with_keys && summary_ == redaction_summary::debug) {
    const auto key = key_of("keys");
    const auto before = item.get(key);
    for (auto rest = before ? string_of(*before) : std::string_view{}; !rest.empty();) {
      const auto comma = rest.find(',');
      tally.keys.emplace_back(rest.substr(0, comma));
      rest = comma == rest.npos ? std::string_view{} : rest.substr(comma + 1);
    }
    std::sort(tally.keys.begin(), tally.keys.end());
    item.set(key, make_string(memory, fmt::format("{}", fmt::join(tally.keys, ","))));
  }
  const auto key = key_of("count");
  const auto before = item.get(key);
  const auto value = before ? otlp::read_value(*before) : otlp::value_ref{};
  item.set(key, make_integer(memory, static_cast<std::int64_t>(tally.count) + value.integer));
}

} // namespace weir::processors
