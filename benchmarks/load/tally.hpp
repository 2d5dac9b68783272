#pragma once

#include "core/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The file in which `play` notes what it sent and what was acknowledged, and `sink` what it saw.
// Every note is one write() to the page cache, so the file survives the death of its writer.
//
// Format: frames of kind (1 byte), request (8 bytes), count (4 bytes, all little-endian), and, for
// `sent` and `seen`, count times 24 bytes: trace id, span id.
namespace weir::load {

enum class note : char {
  sent = 'S',         ///< Written before the first attempt leaves.
  sent_again = 'T',   ///< Before each further attempt.
  acknowledged = 'A', ///< `count` spans of it were rejected.
  seen = 'R',
};

class tally_writer {
public:
  static result<tally_writer> create(const std::string& path);
  tally_writer(tally_writer&& other) noexcept;
  tally_writer& operator=(tally_writer&&) = delete;
  ~tally_writer();

  /// `ids` in 24 bytes each. Errors end the process: a tally with holes proves nothing.
  void add_ids(note kind, std::uint64_t request, std::string_view ids);
  void add(note kind, std::uint64_t request, std::uint32_t count);

private:
  explicit tally_writer(int fd) : fd_(fd) {}
  void append(note kind, std::uint64_t request, std::uint32_t count, std::string_view ids);

  int fd_ = -1;
  std::string buffer_;
};

/// A whole tally in memory.
struct tally {
  struct frame {
    note kind;
    std::uint64_t request = 0;
    std::uint32_t count = 0;
    std::string_view ids; ///< Into `bytes`.
  };
  std::string bytes;
  std::vector<frame> frames;
};

/// Reads a tally; a frame cut off at the end (its writer was killed) is left out.
/// errc::invalid_argument: what is in the file is something else.
result<tally> read_tally(const std::string& path);

} // namespace weir::load
