// Writes everything that a storage directory holds to standard output, unpacked, for tests that
// look for something there: what is packed cannot be searched otherwise.
//
//   unpack-storage DIRECTORY
//
// Of each file first its bytes, of a write-ahead log its records too; then every entry and block in
// them, unpacked, the spans of a block whole. To standard error: how many there were. What RocksDB
// has deleted but not overwritten counts as well.
#include "codec/block.hpp"
#include "codec/compression.hpp"
#include "codec/entry.hpp"
#include "codec/traces_block.hpp"
#include "storage/frame_finder.hpp"
#include "storage/wal_reader.hpp"

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>

using namespace weir;

namespace {

class unpacker {
public:
  void add_file(const std::string& path) {
    if (const auto bytes = disk_.read(path))
      add_bytes(*bytes);
    if (!path.ends_with(".log"))
      return;
    storage::wal_reader records(disk_, path);
    while (const auto record = records.next())
      add_bytes(record->bytes);
  }

  void report() const {
    std::fprintf(stderr, "%zu entries, %zu blocks, %zu broken\n", entries_, blocks_, broken_);
  }

private:
  void add_bytes(std::string_view bytes) {
    std::cout << bytes << '\n';
    storage::find_frames(bytes, [this](const storage::found_frame& found) {
      if (std::holds_alternative<codec::entry_header>(found.header))
        add_entry(found.bytes);
      else
        add_block(found.bytes);
    });
  }

  void add_entry(std::string_view bytes) {
    ++entries_;
    const auto entry = *codec::read_entry(bytes); // the finder has checked it
    if (unpack(entry.header.codec, entry.payload, entry.header.unpacked_bytes))
      std::cout << unpacked_ << '\n';
  }

  void add_block(std::string_view bytes) {
    ++blocks_;
    const auto block = *codec::read_block(bytes);
    if (!unpack(block.header.codec, block.payload, block.header.unpacked_bytes))
      return;
    std::cout << unpacked_ << '\n';
    if (block.header.layout != codec::block_layout::traces)
      return;
    const auto spans = codec::traces_block_reader::open(unpacked_);
    if (!spans) {
      ++broken_;
      return;
    }
    std::string body;
    for (std::size_t i = 0; i < spans->spans(); ++i) {
      body.clear();
      spans->append_span(i, body);
      std::cout << body << '\n';
    }
  }

  bool unpack(codec::codec_id codec, std::string_view packed, std::size_t size) {
    const bool done = packer_.unpack(codec, packed, size, unpacked_).has_value();
    broken_ += done ? 0 : 1;
    return done;
  }

  storage::files disk_{rocksdb::FileSystem::Default()};
  codec::packer packer_;
  std::string unpacked_;
  std::size_t entries_ = 0, blocks_ = 0, broken_ = 0;
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: unpack-storage DIRECTORY\n");
    return 2;
  }
  unpacker all;
  for (const auto& file : std::filesystem::recursive_directory_iterator(argv[1]))
    if (file.is_regular_file())
      all.add_file(file.path().string());
  all.report();
  return 0;
}
