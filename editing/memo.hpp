#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace weir::editing {

/// What rules made of texts lately: a regex or a digest, which depend on nothing but the text, need
/// not be asked again for each span, as keys and most values repeat. A new text takes the place of
/// an older one; long ones are not kept. One thread.
class memo {
public:
  static constexpr std::size_t places = 512;
  static constexpr std::size_t max_text_bytes = 128;

  /// A number that no other rule of this process has.
  static std::uint32_t new_rule() noexcept;

  /// What `make(std::string& out)` appended for this text, now or earlier. The view holds until the
  /// next call.
  template <class Make>
  std::string_view of(std::uint32_t rule, std::string_view text, Make&& make) {
    if (text.size() > max_text_bytes) {
      long_one_.clear();
      make(long_one_);
      return long_one_;
    }
    if (!all_)
      all_ = std::make_unique<std::array<place, places>>();
    auto& index = (*all_)[place_of(rule, text)];
    if (index.rule != rule || index.text != text) {
      index.rule = 0;
      index.text.clear();
      index.text.append(text);
      index.made.clear();
      make(index.made);
      index.rule = rule; // what was not finished is not remembered
    }
    return index.made;
  }

private:
  struct place {
    std::uint32_t rule = 0; ///< 0: none.
    std::string text;
    std::string made;
  };

  // Its ends and its length tell most texts apart.
  static std::size_t place_of(std::uint32_t rule, std::string_view text) noexcept {
    std::uint64_t head = 0;
    std::uint64_t tail = 0;
    const auto some = text.size() < sizeof head ? text.size() : sizeof head;
    if (some != 0) {
      std::memcpy(&head, text.data(), some);
      std::memcpy(&tail, text.data() + text.size() - some, some);
    }
    const auto mixed =
        (head + rule) * 0x9e37'79b9'7f4a'7c15U ^ (tail + text.size()) * 0xc2b2'ae3d'27d4'eb4fU;
    return (mixed ^ mixed >> 29) * 0x9e37'79b9'7f4a'7c15U >> 55;
  }
  static_assert(places == 1 << (64 - 55));

  std::unique_ptr<std::array<place, places>> all_;
  std::string long_one_;
};

/// That of the thread that asks.
memo& thread_memo();

} // namespace weir::editing
